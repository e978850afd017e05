"""When grading ends early, and what it says where the sandbox breaks."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import pytest

from linewise.benchmarks.base import AnswerKey, HiddenAssert, Problem
from linewise.benchmarks.grader import Grader
from linewise.execution.base import Limits, Program
from linewise.meter import Meter
from linewise.schema import Failure, Outcome, Status, Task, TraceStyle, VisibleTest

FAILED = Outcome(Status.FAILED, Failure.WRONG)
BROKEN = Outcome(Status.INFRASTRUCTURE, error="the worker broke")


class ToldSandbox:
    """Outcomes by the text of the test; all others pass."""

    name = "told"

    def __init__(self, outcomes: dict[str, Outcome]) -> None:
        self._outcomes = outcomes
        self.limits: list[Limits] = []

    def run(
        self,
        program: Program,
        tests: Sequence[VisibleTest],
        limits: Limits,
        *,
        trace: TraceStyle | None = None,
        meter: Meter,
    ) -> list[Outcome]:
        self.limits.append(limits)
        return [self._outcomes.get(getattr(test, "source", ""), Outcome(Status.PASSED)) for test in tests]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def problem(count: int, limits: Limits | None = None) -> Problem:
    tests = tuple(HiddenAssert(str(number)) for number in range(count))
    return Problem("p", Task("Add.", "add"), AnswerKey({"hidden": tests}), limits=limits)


@pytest.mark.parametrize(("failing", "run"), [(0, 2), (3, 6), (50, 62), (299, 300)])
def test_grading_ends_soon_after_the_first_failure(failing: int, run: int) -> None:
    sandbox = ToldSandbox({str(failing): FAILED})
    grade = Grader(sandbox, Limits()).grade(problem(300), "", meter=Meter())
    assert (grade.passed, grade.failure, grade.tests, grade.run) == (False, "wrong", 300, run)


def test_every_test_runs_where_that_is_asked_for() -> None:
    sandbox = ToldSandbox({"0": FAILED})
    grade = Grader(sandbox, Limits()).grade(problem(300), "", meter=Meter(), every_test=True)
    assert (grade.passed, grade.run) == (False, 300)


def test_an_infrastructure_error_ends_nothing_and_is_no_wrong_answer() -> None:
    grade = Grader(ToldSandbox({"0": BROKEN}), Limits()).grade(problem(300), "", meter=Meter())
    assert (grade.passed, grade.failure, grade.run) == (None, "infrastructure error", 300)


def test_a_wrong_answer_is_wrong_also_beside_an_infrastructure_error() -> None:
    grade = Grader(ToldSandbox({"0": BROKEN, "9": FAILED}), Limits()).grade(problem(300), "", meter=Meter())
    assert (grade.passed, grade.failure) == (False, "wrong")


def test_a_problem_may_have_limits_of_its_own() -> None:
    sandbox = ToldSandbox({})
    own = Limits(cpu_seconds=77, wall_seconds=88)
    Grader(sandbox, Limits()).grade(problem(1, own), "", meter=Meter())
    Grader(sandbox, Limits()).grade(problem(1), "", meter=Meter())
    assert sandbox.limits == [own, Limits()]
