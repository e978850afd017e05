"""A sandbox for all hostile programs, and a look at the machine before and after each."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from linewise.execution._tracee.zygote import SPARES
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure

SETTLE_SECONDS = 2.0
WAITING = 2 + SPARES + 1
"""Processes of an idle worker: bubblewrap, the zygote, its spares, and the judge that stays."""


@pytest.fixture(scope="session")
def of_others() -> set[int]:
    """Processes that tests before these have started: those of their sandboxes, which stay open."""
    return children(os.getpid())


@pytest.fixture(scope="session")
def sandbox(of_others: set[int]) -> Iterator[BubblewrapSandbox]:
    del of_others  # to be looked at before this sandbox starts its own
    os.environ["LINEWISE_SECRET_HOME_PATH"] = "secret"
    with BubblewrapSandbox(workers=1) as opened:
        yield opened
    del os.environ["LINEWISE_SECRET_HOME_PATH"]


LEFT = ("lw", "written", "left", "deep", "large", "sparse", "x", "math.py")
"""How files begin that the programs try to leave."""


def on_this_machine(of_others: set[int]) -> dict[str, object]:
    """What a program that got out could have changed."""
    folders = (tempfile.gettempdir(), "/dev/shm", "/var/tmp", os.path.expanduser("~"), os.getcwd())
    ours = children(os.getpid()) - of_others
    return {
        "descriptors": sorted(os.listdir("/proc/self/fd")),
        "processes": len(ours.union(*map(descendants, ours))),
        "files": [name for folder in folders for name in sorted(os.listdir(folder)) if name.startswith(LEFT)],
    }


def children(pid: int) -> set[int]:
    """The processes that ``pid`` has started and that are there."""
    found: set[int] = set()
    with suppress(OSError):  # it may end while it is looked at
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
                found |= {int(number) for number in text.split()}
    return found


def descendants(pid: int) -> set[int]:
    """The processes that ``pid`` has started, and those that they have."""
    return children(pid).union(*map(descendants, children(pid)))


@pytest.fixture
def unchanged(sandbox: BubblewrapSandbox, of_others: set[int]) -> Iterator[None]:
    """The machine is as it was, at the latest a moment later, and the sandbox tells right from wrong."""
    settled = {**on_this_machine(of_others), "processes": WAITING}
    yield
    tests = [AssertTest("assert f(2) == 4"), AssertTest("assert f(2) == 5")]
    right, wrong = sandbox.run(Program("def f(x):\n    return x * 2\n", "f"), tests, Limits(), meter=Meter())
    assert (right.passed, wrong.failure) == (True, Failure.WRONG)
    deadline = time.monotonic() + SETTLE_SECONDS
    while (after := on_this_machine(of_others)) != settled and time.monotonic() < deadline:
        time.sleep(0.02)
    assert after == settled
