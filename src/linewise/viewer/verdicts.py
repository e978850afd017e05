"""What a program did on the visible tests, in the words and marks that a person reads."""

from collections.abc import Sequence

from linewise.schema import Failure, Outcome, ProbeTest, Status, StdioTest, Task, VisibleTest
from linewise.viewer.plain import one_line

_VALUE_CHARS = 60
"""A value that is longer is cut: the reader sees what kind of thing came out, and the row stays a row."""


def marks(task: Task, outcomes: Sequence[Outcome]) -> str:
    """One character per test: passed, failed, not compared, not run."""
    return "".join(_mark(test, outcome) for test, outcome in zip(task.tests, outcomes, strict=False))


def passed_of(task: Task, outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """How many of the tests that compare something pass, and how many there are."""
    compared = [not isinstance(test, ProbeTest) for test in task.tests]
    return sum(outcome.passed for outcome, counts in zip(outcomes, compared, strict=False) if counts), sum(compared)


def first_failure(task: Task, outcomes: Sequence[Outcome]) -> str | None:
    """What went wrong in the first test that did not pass, on one line; ``None`` where all passed."""
    for test, outcome in zip(task.tests, outcomes, strict=False):
        if not outcome.passed:
            return describe(test, outcome)
    return None


def describe(test: VisibleTest, outcome: Outcome) -> str:
    """What a failed ``outcome`` of ``test`` was: got and expected, or the exception. Bounded, on one line."""
    call = one_line(outcome.invocation or _question(test), _VALUE_CHARS)
    if outcome.status is Status.INFRASTRUCTURE:
        return f"{call}: could not be run: {one_line(outcome.error or 'the sandbox failed', 2 * _VALUE_CHARS)}"
    if outcome.failure is Failure.WRONG:
        return _wrong(call, test, outcome)
    if outcome.failure is Failure.TIMEOUT:
        return f"{call} does not end"
    where = f" in line {outcome.error_line}" if outcome.error_line else ""
    return f"{call} raises {one_line(outcome.error or outcome.failure or 'an error', 2 * _VALUE_CHARS)}{where}"


def _mark(test: VisibleTest, outcome: Outcome) -> str:
    if outcome.status is Status.INFRASTRUCTURE:
        return "?"
    if isinstance(test, ProbeTest) and outcome.passed:
        return "·"
    return "✓" if outcome.passed else "✗"


def _question(test: VisibleTest) -> str:
    return f"input {test.stdin!r}" if isinstance(test, StdioTest) else test.source.removeprefix("assert ")


def _wrong(call: str, test: VisibleTest, outcome: Outcome) -> str:
    if isinstance(test, StdioTest):
        return f"{call}: got {_short(repr(outcome.stdout))}, expected {_short(repr(test.stdout))}"
    if outcome.value is None:
        return f"{call} does not hold"
    if outcome.expected is None:
        return f"{call} gave {_short(outcome.value)}, which the test does not accept"
    return f"{call}: got {_short(outcome.value)}, expected {_short(outcome.expected)}"


def _short(value: str) -> str:
    return one_line(value, _VALUE_CHARS)
