"""Nothing that comes from a child is believed: reports are validated, and without one nothing passes."""

import json
import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linewise.execution.base import Limits
from linewise.execution.tracer import End, decode_outcome
from linewise.schema import AssertTest, Failure, Status, StdioTest

LIMITS = Limits(value_chars=10, output_bytes=20)
ENDED = End(code=0, late=False, seconds=0.5, cpu_seconds=0.1)
TEST = AssertTest("assert f() == 1")
GOOD: dict[str, Any] = {
    "end": "finished",
    "invocation": "f()",
    "value": "1",
    "expected": "1",
    "stdout": "",
    "trace": {"cut": False, "variables": [["x", "int", "1"]], "steps": [["line", 2, 0, "f", [0], None]]},
}


def decode(**changes: Any) -> tuple[Status, Failure | None]:
    outcome, _ = decode_outcome(ENDED, json.dumps({**GOOD, **changes}).encode(), TEST, LIMITS)
    return outcome.status, outcome.failure


def test_a_good_report() -> None:
    outcome, late = decode_outcome(ENDED, json.dumps(GOOD).encode(), TEST, LIMITS)
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
def test_garbage_never_passes(report: bytes) -> None:
    outcome, _ = decode_outcome(ENDED, report, TEST, LIMITS)
    assert (outcome.status, outcome.failure) == (Status.FAILED, Failure.EXCEPTION)


def test_texts_are_bounded() -> None:
    report = json.dumps({**GOOD, "value": "x" * 99, "expected": "y" * 99, "stdout": "z" * 99}).encode()
    outcome, _ = decode_outcome(ENDED, report, TEST, LIMITS)
    assert (outcome.value, outcome.expected, outcome.stdout) == ("x" * 10, "y" * 10, "z" * 20)


def test_traces_are_bounded() -> None:
    step = ["line", 2, 0, "f" * 99, [0], "v" * 99]
    trace = {"cut": False, "variables": [["x" * 99, "y" * 99, "z" * 99]], "steps": [step] * 9999}
    outcome, _ = decode_outcome(ENDED, json.dumps({**GOOD, "trace": trace}).encode(), TEST, LIMITS)
    assert outcome.trace is not None
    assert len(outcome.trace.steps) == LIMITS.trace_events
    last = outcome.trace.steps[-1]
    texts = (last.function, last.value, *(getattr(last.variables[0], name) for name in ("name", "type", "value")))
    assert {len(text or "") for text in texts} == {LIMITS.value_chars}


@pytest.mark.parametrize(
    ("end", "failure", "late"),
    [
        (End(-signal.SIGXCPU, False, 1.0, 1.0), Failure.TIMEOUT, False),
        (End(-signal.SIGKILL, False, 9.0, 7.0), Failure.TIMEOUT, False),
        (End(-signal.SIGKILL, True, 11.0, 0.1), Failure.TIMEOUT, True),
        (End(-signal.SIGSEGV, False, 1.0, 0.1), Failure.EXCEPTION, False),
        (End(0, False, 1.0, 0.1), Failure.EXCEPTION, False),
    ],
)
def test_without_a_report(end: End, failure: Failure, late: bool) -> None:
    outcome, wall = decode_outcome(end, b"", TEST, LIMITS)
    assert (outcome.status, outcome.failure, wall) == (Status.FAILED, failure, late)


def test_printed_output_is_compared_here() -> None:
    report = json.dumps({**GOOD, "stdout": "1 \n2\n\n"}).encode()
    assert decode_outcome(ENDED, report, StdioTest("", "1\n2"), LIMITS)[0].status is Status.PASSED
    assert decode_outcome(ENDED, report, StdioTest("", "1\n 2"), LIMITS)[0].failure is Failure.WRONG
