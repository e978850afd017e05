import pytest

from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.judge import Verdict, judge
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure, Outcome, ProbeTest, Status, StdioTest, TraceStyle

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


@pytest.mark.parametrize("trace", [None, TraceStyle.FULL])
def test_a_method_of_the_same_name_is_not_the_entry_point(sandbox: BubblewrapSandbox, trace: TraceStyle | None) -> None:
    program = Program("def sort(x):\n    return sorted(x, reverse=True)\n", "sort")
    test = AssertTest("x = [1, 3]\nx.sort()\nassert sort(x) == [3, 1]")
    (run,) = judge(sandbox, program, [test], Limits(), trace=trace, meter=Meter()).outcomes
    assert (run.passed, run.invocation, run.value) == (True, "sort(x)", "[3, 1]")


def test_output_is_bounded_in_bytes_as_what_is_expected_is_counted(sandbox: BubblewrapSandbox) -> None:
    text = "\u6f22" * 25_000
    program = Program(f"print('\u6f22' * {len(text)})\n", "", kind="program")
    assert judge(sandbox, program, [StdioTest("", f"{text}\n")], Limits(), meter=Meter()).passed
