"""What a program did on the visible tests, in the words and marks that a person reads."""

from collections.abc import Sequence

from linewise.schema import Failure, Outcome, ProbeTest, Status, StdioTest, Task, VisibleTest
from linewise.viewer.plain import one_line

_VALUE_CHARS = 60
"""A value that is longer is cut: the reader sees what kind of thing came out, and the row stays a row."""

_OVER_LIMIT = {
    Failure.TIMEOUT: "did not end in time",
    Failure.MEMORY: "used too much memory",
    Failure.OUTPUT: "printed too much",
}


def marks(task: Task, outcomes: Sequence[Outcome]) -> str:
    """One character per test: passed, failed, not compared, not run."""
    return "".join(_mark(test, outcome) for test, outcome in zip(task.tests, outcomes, strict=False))


def passed_of(task: Task, outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """How many of the tests that compare something pass, and how many there are."""
    compared = [not isinstance(test, ProbeTest) for test in task.tests]
    return sum(outcome.passed for outcome, counts in zip(outcomes, compared, strict=False) if counts), sum(compared)


def first_failure(task: Task, outcomes: Sequence[Outcome]) -> tuple[str, str] | None:
    """``describe`` of the first test that did not pass; ``None`` where all passed."""
    for test, outcome in zip(task.tests, outcomes, strict=False):
        if not outcome.passed:
            return describe(test, outcome)
    return None


def describe(test: VisibleTest, outcome: Outcome) -> tuple[str, str]:
    """What a failed ``outcome`` of ``test`` was (got and expected, or the exception), and the call it is of.

    Both are bounded and on one line.
    """
    return _what(test, outcome), _short(outcome.invocation or _question(test))


def _what(test: VisibleTest, outcome: Outcome) -> str:
    if outcome.status is Status.INFRASTRUCTURE:
        return f"could not be run: {_short(outcome.error or 'the sandbox failed')}"
    if outcome.failure is Failure.WRONG:
        return _wrong(test, outcome)
    if outcome.failure in _OVER_LIMIT:
        return _OVER_LIMIT[outcome.failure]
    where = f" in line {outcome.error_line}" if outcome.error_line else ""
    return f"raised {_short(outcome.error or 'an exception')}{where}"


def _mark(test: VisibleTest, outcome: Outcome) -> str:
    if outcome.status is Status.INFRASTRUCTURE:
        return "?"
    if isinstance(test, ProbeTest) and outcome.passed:
        return "·"
    return "✓" if outcome.passed else "✗"


def _question(test: VisibleTest) -> str:
    return f"input {test.stdin!r}" if isinstance(test, StdioTest) else test.source.removeprefix("assert ")


def _wrong(test: VisibleTest, outcome: Outcome) -> str:
    if isinstance(test, StdioTest):
        return f"got {_short(repr(outcome.stdout))}, expected {_short(repr(test.stdout))}"
    if outcome.value is None:
        return "does not hold"
    if outcome.expected is None:
        return f"got {_short(outcome.value)}, which the test refuses"
    return f"got {_short(outcome.value)}, expected {_short(outcome.expected)}"


def _short(value: str) -> str:
    return one_line(value, _VALUE_CHARS)
