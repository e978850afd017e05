import pytest

from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.judge import Verdict, judge
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure, Outcome, ProbeTest, Status

PASSED = Outcome(Status.PASSED)
FAILED = Outcome(Status.FAILED, Failure.WRONG)
BROKEN = Outcome(Status.INFRASTRUCTURE)


@pytest.mark.parametrize(
    ("outcomes", "passed"),
    [
        ((), None),
        ((PASSED, PASSED), True),
        ((PASSED, FAILED), False),
        ((PASSED, BROKEN), None),
        ((BROKEN, FAILED), False),
    ],
)
def test_verdict(outcomes: tuple[Outcome, ...], passed: bool | None) -> None:
    assert Verdict(outcomes, (True,) * len(outcomes)).passed is passed


def test_judge_runs_every_test_and_ignores_probes(sandbox: BubblewrapSandbox) -> None:
    program = Program("def f(x):\n    return 6 // x\n", "f")
    tests = [AssertTest("assert f(2) == 3"), ProbeTest("f(0)"), AssertTest("assert f(3) == 9")]
    verdict = judge(sandbox, program, tests, Limits(), meter=Meter())
    assert verdict.passed is False
    assert [run.status for run in verdict.outcomes] == [Status.PASSED, Status.FAILED, Status.FAILED]
    assert verdict.compared == (True, False, True)
    assert [outcome.failure for outcome in verdict.outcomes] == [None, Failure.EXCEPTION, Failure.WRONG]
    assert judge(sandbox, program, tests[:2], Limits(), meter=Meter()).passed is True
    assert judge(sandbox, program, tests[1:2], Limits(), meter=Meter()).passed is None
