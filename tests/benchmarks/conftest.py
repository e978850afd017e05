from collections.abc import Iterator

import pytest

from linewise.execution.bubblewrap import BubblewrapSandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[BubblewrapSandbox]:
    with BubblewrapSandbox(workers=2) as opened:
        yield opened
