"""Nothing that comes from a child is believed: reports are validated, and without one nothing passes."""

import json
import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linewise.execution.base import Limits
from linewise.execution.tracer import Answer, CannotCross, End, JudgeEnded, decode_outcome
from linewise.schema import AssertTest, Failure, Outcome, Status, StdioTest, Trust, VisibleTest

LIMITS = Limits(value_chars=10, output_bytes=20)
ENDED = End(code=0, cause="", cpu_seconds=0.1)
TEST = AssertTest("assert f() == 1")
GOOD: dict[str, Any] = {
    "end": "finished",
    "invocation": "f()",
    "value": "1",
    "expected": "1",
    "stdout": "",
    "trace": {"cut": False, "variables": [["x", "int", "1"]], "steps": [["line", 2, 0, "f", [0], None]]},
}


def decoded(*reports: bytes, end: End = ENDED, test: VisibleTest = TEST) -> tuple[Outcome, bool]:
    """One report: the program's own word; two: the program's evidence and the judge's verdict."""
    return decode_outcome(Answer(0.5, (end,) * len(reports), reports), test, LIMITS)


def report(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def decode(**changes: Any) -> tuple[Status, Failure | None]:
    outcome, _ = decoded(report(**changes))
    return outcome.status, outcome.failure


def test_a_good_report() -> None:
    outcome, late = decoded(report())
    assert (outcome.status, outcome.value, outcome.seconds, late) == (Status.PASSED, "1", 0.5, False)
    assert outcome.trace is not None
    assert outcome.trace.steps[0].variables[0].value == "1"


@pytest.mark.parametrize(
    "changes",
    [
        {"end": "passed"},
        {"end": True},
        {"value": 1},
        {"unknown": 1},
        {"stdout": None},
        {"failure": "none"},
        {"trace": {"cut": False, "variables": [], "steps": [["line", 2, 0, "f", [0], None]]}},
        {"trace": {"cut": False, "variables": [["x"]], "steps": []}},
        {"trace": {"cut": 0, "variables": [], "steps": []}},
        {"trace": {"cut": False, "variables": [], "steps": [["jump", 2, 0, "f", [], None]]}},
        {"trace": {"cut": False, "variables": [["x", "int", "1"]], "steps": [["line", 2, 0, "f", [-1], None]]}},
    ],
)
def test_a_report_of_another_form_fails(changes: dict[str, Any]) -> None:
    assert decode(**changes) == (Status.FAILED, Failure.EXCEPTION)


@given(st.binary() | st.text().map(str.encode))
def test_garbage_never_passes(garbage: bytes) -> None:
    outcome, _ = decoded(garbage)
    assert (outcome.status, outcome.failure) == (Status.FAILED, Failure.EXCEPTION)
    outcome, _ = decoded(garbage, report())
    assert (outcome.status, outcome.failure) == (Status.FAILED, Failure.EXCEPTION)
    with pytest.raises(JudgeEnded):
        decoded(report(), garbage)


def test_texts_are_bounded() -> None:
    outcome, _ = decoded(report(value="x" * 99, expected="y" * 99, stdout="z" * 99))
    assert (outcome.value, outcome.expected, outcome.stdout) == ("x" * 10, "y" * 10, "z" * 20)


def test_traces_are_bounded() -> None:
    step = ["line", 2, 0, "f" * 99, [0], "v" * 99]
    trace = {"cut": False, "variables": [["x" * 99, "y" * 99, "z" * 99]], "steps": [step] * 9999}
    outcome, _ = decoded(report(trace=trace))
    assert outcome.trace is not None
    assert len(outcome.trace.steps) == LIMITS.trace_events
    last = outcome.trace.steps[-1]
    texts = (last.function, last.value, *(getattr(last.variables[0], name) for name in ("name", "type", "value")))
    assert {len(text or "") for text in texts} == {LIMITS.value_chars}


@pytest.mark.parametrize(
    ("end", "failure", "late"),
    [
        (End(-signal.SIGXCPU, "", 1.0), Failure.TIMEOUT, False),
        (End(-signal.SIGKILL, "", 7.0), Failure.TIMEOUT, False),
        (End(-signal.SIGKILL, "late", 0.1), Failure.TIMEOUT, True),
        (End(-signal.SIGSEGV, "", 0.1), Failure.EXCEPTION, False),
        (End(0, "", 0.1), Failure.EXCEPTION, False),
        (End(-signal.SIGKILL, "memory", 0.1), Failure.MEMORY, False),
    ],
)
def test_without_a_report(end: End, failure: Failure, late: bool) -> None:
    for reports in ((b"",), (b"", report()), (b"", report(end="gone"))):
        outcome, wall = decoded(*reports, end=end)
        assert (outcome.status, outcome.failure, wall) == (Status.FAILED, failure, late)


def test_printed_output_is_compared_here() -> None:
    printed = report(stdout="1 \n2\n\n")
    assert decoded(printed, test=StdioTest("", "1\n2"))[0].status is Status.PASSED
    assert decoded(printed, test=StdioTest("", "1\n 2"))[0].failure is Failure.WRONG
    assert decoded(printed, test=StdioTest("", "1\n2"))[0].trust is Trust.SEPARATE


WRONG = report(end="failed", failure="wrong")
SLOW = report(end="failed", failure="timeout", limit="cpu")
GONE = report(end="gone")


@pytest.mark.parametrize(
    ("program", "judge", "failure"),
    [
        (report(value="forged"), report(), None),
        (report(), WRONG, Failure.WRONG),
        (report(), GONE, Failure.EXCEPTION),
        (SLOW, report(), Failure.TIMEOUT),
        (SLOW, GONE, Failure.TIMEOUT),
        (SLOW, WRONG, Failure.WRONG),
        (GONE, report(), Failure.EXCEPTION),
        (report(end="together"), report(), Failure.EXCEPTION),
    ],
)
def test_a_judge_decides_and_a_program_can_only_fail(program: bytes, judge: bytes, failure: Failure | None) -> None:
    outcome, _ = decoded(program, judge)
    assert (outcome.failure, outcome.passed, outcome.trust) == (failure, failure is None, Trust.SEPARATE)
    assert outcome.value == "1"


def test_a_judge_that_cannot_decide_says_so() -> None:
    with pytest.raises(CannotCross, match="no form"):
        decoded(report(), report(end="together", error="no form"))
    assert decoded(report(end="together"))[0].failure is Failure.EXCEPTION
    assert decoded(report())[0].trust is Trust.IN_PROCESS
