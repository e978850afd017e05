import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent.parent / "golden" / "viewer"


@pytest.fixture
def matches_golden() -> Callable[[str, str], bool]:
    """Whether a text is that of the golden file so named; UPDATE_GOLDEN=1 writes the files anew."""

    def matches(name: str, text: str) -> bool:
        file = GOLDEN / f"{name}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return file.read_text("utf-8") == text

    return matches
