from collections.abc import Iterator

import pytest

from linewise.execution.base import Sandbox
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.process import ProcessSandbox

PROVIDERS = {"bubblewrap": BubblewrapSandbox, "process": ProcessSandbox}


@pytest.fixture(scope="session", params=PROVIDERS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Every provider in turn."""
    with PROVIDERS[request.param](workers=2) as opened:
        yield opened
