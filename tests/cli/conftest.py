"""What the tests of the command share."""

from pathlib import Path

import pytest
from command_line import ENDLESS, RIGHT, WRONG, Command


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """``linewise`` in an empty folder, where scripted models stand: right, wrong, endless."""
    for name, code in {"right": RIGHT, "wrong": WRONG, "endless": ENDLESS}.items():
        (tmp_path / f"{name}.script").write_text(f"[[replies]]\ntext = '''\n{code}```'''\n")
    return Command(tmp_path, {"LINEWISE_HOME": str(tmp_path / "home")})
