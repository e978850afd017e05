"""The grader: the only code that runs hidden tests. It emits no events and returns verdicts, never a test."""

from collections.abc import Mapping
from dataclasses import dataclass

from linewise.benchmarks.base import HiddenAssert, HiddenTest, Problem
from linewise.execution.base import Limits, Sandbox
from linewise.execution.judge import Verdict, judge
from linewise.meter import Meter
from linewise.schema import AssertTest, Outcome, Status, StdioTest, Trust


@dataclass(frozen=True, slots=True)
class Grade:
    """The verdict on one answer. ``None``: nobody knows, for the sandbox broke and no test says otherwise.

    ``parts``: the verdict of each part of the suite. ``failure``: of the first test that did not pass, which kind of
    failure it was (``wrong``, ``exception``, ``timeout``, ``memory``, ``output``, or ``infrastructure error``).
    ``error``: what a program raised there, as ``Type: message``. ``trust``: ``in-process`` where any verdict
    was made in the program's process. ``tests``: how many tests there are.
    """

    passed: bool | None
    parts: Mapping[str, bool | None]
    tests: int
    failure: str | None = None
    error: str | None = None
    trust: Trust = Trust.SEPARATE
    seconds: float = 0.0


class Grader:
    """Grades answers to the problems of one suite in one sandbox. Safe from any thread."""

    def __init__(self, sandbox: Sandbox, limits: Limits) -> None:
        self._sandbox, self._limits = sandbox, limits

    def grade(self, problem: Problem, code: str, *, meter: Meter) -> Grade:
        """Run the hidden tests of ``problem`` on ``code``. Raises ``SandboxError`` and ``Stopped``."""
        program = problem.key.program(problem.task, code)
        verdicts: dict[str, Verdict] = {}
        for part, tests in problem.key.parts.items():
            runnable = [_runnable(test) for test in tests]
            verdicts[part] = judge(self._sandbox, program, runnable, self._limits, meter=meter)
        return _grade(verdicts)


def _runnable(test: HiddenTest) -> AssertTest | StdioTest:
    if isinstance(test, HiddenAssert):
        return AssertTest(test.source)
    return StdioTest(test.stdin, test.stdout, compare=test.compare, tolerance=test.tolerance)


def _grade(verdicts: Mapping[str, Verdict]) -> Grade:
    outcomes = [outcome for verdict in verdicts.values() for outcome in verdict.outcomes]
    states = [verdict.passed for verdict in verdicts.values()]
    bad = next((outcome for outcome in outcomes if not outcome.passed), None)
    inside = any(outcome.trust is Trust.IN_PROCESS for outcome in outcomes)
    return Grade(
        passed=False if False in states else (None if None in states or not states else True),
        parts={part: verdict.passed for part, verdict in verdicts.items()},
        tests=len(outcomes),
        failure=_failure(bad),
        error=bad.error if bad else None,
        trust=Trust.IN_PROCESS if inside else Trust.SEPARATE,
        seconds=sum(outcome.seconds for outcome in outcomes),
    )


def _failure(outcome: Outcome | None) -> str | None:
    if outcome is None:
        return None
    if outcome.status is Status.INFRASTRUCTURE:
        return Status.INFRASTRUCTURE.value
    return outcome.failure.value if outcome.failure else None
