"""Hostile programs in the default sandbox: what must hold of each, and that the machine is as it was."""

import time

import pytest
import reaches
import resources
import verdicts
from attack import Attack

from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter
from linewise.schema import AssertTest

ATTACKS = [*resources.ATTACKS, *reaches.ATTACKS, *verdicts.ATTACKS]
SPARE_SECONDS = 10.0
MANY_CHILDREN = """
import os, time

def f():
    for _ in range(25):
        if os.fork() == 0:
            held = bytearray(b"x") * (30 << 20)
            while True:
                pass
    time.sleep(0.3)
    return 1
"""


def test_there_are_many_and_each_says_what_must_hold() -> None:
    assert len(ATTACKS) >= 60
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert all(attack.property for attack in ATTACKS)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: str(attack.name))
def test_attack(sandbox: BubblewrapSandbox, attack: Attack) -> None:
    started = time.monotonic()
    assert attack.objection(attack.run(sandbox)) is None, attack.property
    limit = attack.limits.get("wall_seconds", 4.0)
    assert time.monotonic() - started < 2 * limit + SPARE_SECONDS


@pytest.mark.parametrize("name", ["files-of-the-run-before", "memory-of-the-run-before"])
def test_runs_leave_nothing_to_each_other(sandbox: BubblewrapSandbox, name: str) -> None:
    (attack,) = (one for one in ATTACKS if one.name == name)
    for _ in range(4):
        assert attack.objection(attack.run(sandbox)) is None


def test_what_is_still_ending_does_not_count_as_the_memory_of_the_next(sandbox: BubblewrapSandbox) -> None:
    many = Program(MANY_CHILDREN, "f")
    slow = Program("import time\n\ndef f():\n    time.sleep(0.3)\n    return 1\n", "f")
    tests = [AssertTest("assert f() == 1")]
    for _ in range(2):
        assert sandbox.run(many, tests, Limits(), meter=Meter())[0].passed
        (outcome,) = sandbox.run(slow, tests, Limits(memory_bytes=64 << 20), meter=Meter())
        assert outcome.passed, outcome


def test_the_sandbox_still_works_after_all_of_them(sandbox: BubblewrapSandbox) -> None:
    program = Program("def f(x):\n    return x * 2\n", "f")
    outcomes = sandbox.run(program, [AssertTest("assert f(2) == 4")] * 8, Limits(), meter=Meter())
    assert all(outcome.passed for outcome in outcomes)
