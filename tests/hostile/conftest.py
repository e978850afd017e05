"""A sandbox for all hostile programs, and a look at the machine before and after each."""

import os
import tempfile
from collections.abc import Iterator

import pytest
from processes import children, descendants, settled

from linewise.execution._tracee.zygote import SPARES
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure

WAITING = 2 + SPARES + 1
"""Processes of an idle worker: bubblewrap, the zygote, its spares, and the judge that stays."""


@pytest.fixture(scope="session")
def of_others() -> set[int]:
    """Processes that tests before these have started: those of their sandboxes, which stay open."""
    return children(os.getpid())


@pytest.fixture(scope="session")
def sandbox(of_others: set[int]) -> Iterator[BubblewrapSandbox]:
    del of_others  # to be looked at before this sandbox starts its own
    os.environ["SECRET_HOME_PATH"] = "secret"
    with BubblewrapSandbox(workers=1) as opened:
        yield opened
    del os.environ["SECRET_HOME_PATH"]


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


@pytest.fixture
def unchanged(sandbox: BubblewrapSandbox, of_others: set[int]) -> Iterator[None]:
    """The machine is as it was, at the latest a moment later, and the sandbox tells right from wrong."""
    before = {**on_this_machine(of_others), "processes": WAITING}
    yield
    tests = [AssertTest("assert f(2) == 4"), AssertTest("assert f(2) == 5")]
    right, wrong = sandbox.run(Program("def f(x):\n    return x * 2\n", "f"), tests, Limits(), meter=Meter())
    assert (right.passed, wrong.failure) == (True, Failure.WRONG)
    seen: list[dict[str, object]] = []

    def is_as_before() -> bool:
        seen.append(on_this_machine(of_others))
        return seen[-1] == before

    settled(is_as_before)
    assert seen[-1] == before
