"""The grader: the only code that runs hidden tests. It emits no events and returns verdicts, never a test."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from linewise.benchmarks.base import HiddenAssert, HiddenTest, Problem
from linewise.execution.base import Limits, Program, Sandbox
from linewise.execution.judge import Verdict, judge
from linewise.meter import Meter
from linewise.schema import AssertTest, Outcome, Status, StdioTest, Trust, VisibleTest

_FIRST_BATCH = 2
_LARGEST_BATCH = 32


@dataclass(frozen=True, slots=True)
class Grade:
    """The verdict on one answer. ``None``: nobody knows, for the sandbox broke and no test says otherwise.

    ``parts``: the verdict of each part of the suite. ``failure``: of the first test that failed, which kind of
    failure it was (``wrong``, ``exception``, ``timeout``, ``memory``, ``output``); where none failed and one is not
    known, ``infrastructure error``.
    ``error``: what a program raised there, as ``Type: message``. ``trust``: ``in-process`` where any verdict
    was made in the program's process. ``tests``: how many tests there are; ``run``: how many of them were run.
    """

    passed: bool | None
    parts: Mapping[str, bool | None]
    tests: int
    run: int
    failure: str | None = None
    error: str | None = None
    trust: Trust = Trust.SEPARATE
    seconds: float = 0.0


class Grader:
    """Grades answers to the problems of one suite in one sandbox. Safe from any thread."""

    def __init__(self, sandbox: Sandbox, limits: Limits) -> None:
        self._sandbox, self._limits = sandbox, limits

    def grade(self, problem: Problem, code: str, *, meter: Meter, every_test: bool = False) -> Grade:
        """Run the hidden tests of ``problem`` on ``code``. Raises ``SandboxError`` and ``Stopped``.

        Each part ends soon after its first test that failed, unless ``every_test`` is asked for.
        """
        program = problem.key.program(problem.task, code)
        limits = problem.limits or self._limits
        verdicts: dict[str, Verdict] = {}
        for part, tests in problem.key.parts.items():
            runnable = [_runnable(test) for test in tests]
            batches = [runnable] if every_test else list(_batches(runnable))
            verdicts[part] = self._judge(program, batches, limits, meter)
        return _grade(verdicts, len(problem.key.tests))

    def _judge(
        self, program: Program, batches: Sequence[Sequence[VisibleTest]], limits: Limits, meter: Meter
    ) -> Verdict:
        """An infrastructure error ends nothing: a later test may still say that the answer is wrong."""
        verdict = Verdict((), ())
        for batch in batches:
            more = judge(self._sandbox, program, batch, limits, meter=meter)
            verdict = Verdict(verdict.outcomes + more.outcomes, verdict.compared + more.compared)
            if verdict.passed is False:
                break
        return verdict


def _batches(tests: Sequence[VisibleTest]) -> Iterator[Sequence[VisibleTest]]:
    """Small ones first: most wrong answers fail early, and one that never ends takes all of each test's time."""
    begin, size = 0, _FIRST_BATCH
    while begin < len(tests):
        yield tests[begin : begin + size]
        begin, size = begin + size, min(2 * size, _LARGEST_BATCH)


def _runnable(test: HiddenTest) -> AssertTest | StdioTest:
    if isinstance(test, HiddenAssert):
        return AssertTest(test.source)
    return StdioTest(test.stdin, test.stdout, compare=test.compare, tolerance=test.tolerance)


def _grade(verdicts: Mapping[str, Verdict], tests: int) -> Grade:
    outcomes = [outcome for verdict in verdicts.values() for outcome in verdict.outcomes]
    states = [verdict.passed for verdict in verdicts.values()]
    failed = (outcome for outcome in outcomes if outcome.status is Status.FAILED)
    bad = next(failed, None) or next((outcome for outcome in outcomes if not outcome.passed), None)
    inside = any(outcome.trust is Trust.IN_PROCESS for outcome in outcomes)
    return Grade(
        passed=False if False in states else (None if None in states or not states else True),
        parts={part: verdict.passed for part, verdict in verdicts.items()},
        tests=tests,
        run=len(outcomes),
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
