"""The host's side of a run: makes an ``Outcome`` of what a child reported. Nothing from a child is believed.

A report is JSON of a fixed, validated form. Where it is missing or of another form, the program has ended or
disturbed its process, and the test has failed.
"""

import json
import signal
from dataclasses import asdict, dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from linewise.execution.base import Limits, Program
from linewise.execution.output import same_output
from linewise.schema import Failure, Outcome, Status, StdioTest, Step, Trace, TraceStyle, Variable, VisibleTest

Number = Annotated[int, Field(ge=0, lt=1 << 31)]
INVOCATION_CHARS = 2000
TIMEOUT_SIGNALS = {-signal.SIGXCPU, -signal.SIGPROF}


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended, as its zygote saw it. ``code`` below 0: a signal; ``late``: killed at the wall limit."""

    code: int
    late: bool
    seconds: float
    cpu_seconds: float


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Trace(_Part):
    cut: bool
    variables: list[Annotated[list[str], Field(min_length=3, max_length=3)]]
    steps: list[tuple[Literal["call", "line", "return", "exception"], Number, Number, str, list[Number], str | None]]


class _Report(_Part):
    end: Literal["finished", "failed"]
    failure: Literal["wrong", "exception", "timeout", "memory", "output"] | None = None
    limit: Literal["cpu", "wall"] | None = None
    invocation: str
    value: str | None
    expected: str | None
    error: str | None = None
    error_line: Number | None = None
    stdout: str
    trace: _Trace | None


@cache
def _reports() -> TypeAdapter[_Report]:
    return TypeAdapter(_Report)


def encode_request(program: Program, test: VisibleTest, limits: Limits, trace: TraceStyle | None) -> bytes:
    """One (program, test) run as the zygote reads it. A ``StdioTest`` goes without the output that it expects."""
    shown = asdict(test)
    shown.pop("stdout", None)
    request = {"program": asdict(program), "test": shown, "limits": asdict(limits), "trace": trace}
    return json.dumps(request).encode()


def decode_outcome(end: End, report: bytes, test: VisibleTest, limits: Limits) -> tuple[Outcome, bool]:
    """The outcome of one run, and whether it is a time-out by wall clock (which may be the machine's fault)."""
    try:
        content = _reports().validate_json(report)
        trace = _trace(content.trace, limits)
    except (ValidationError, IndexError):
        return _without_report(end, limits)
    wall = content.failure == "timeout" and content.limit == "wall"
    return _outcome(content, trace, end, test, limits), wall


def _outcome(content: _Report, trace: Trace | None, end: End, test: VisibleTest, limits: Limits) -> Outcome:
    passed, failure = content.end == "finished", content.failure and Failure(content.failure)
    expected = _bounded(content.expected, limits)
    if isinstance(test, StdioTest):
        expected = test.stdout[: limits.output_bytes]
        if passed and not same_output(content.stdout, test.stdout):
            passed, failure = False, Failure.WRONG
    return Outcome(
        status=Status.PASSED if passed else Status.FAILED,
        failure=None if passed else failure or Failure.EXCEPTION,
        invocation=content.invocation[:INVOCATION_CHARS],
        value=_bounded(content.value, limits),
        expected=expected,
        error=_timeout_text(content.limit, limits) if content.limit else _bounded(content.error, limits),
        error_line=content.error_line,
        stdout=content.stdout[: limits.output_bytes],
        trace=trace,
        seconds=end.seconds,
    )


def _without_report(end: End, limits: Limits) -> tuple[Outcome, bool]:
    """What a run without a valid report counts as: never as passed."""
    if end.code in TIMEOUT_SIGNALS or end.cpu_seconds >= limits.cpu_seconds:
        return _failed(Failure.TIMEOUT, _timeout_text("cpu", limits), end), False
    if end.late:
        return _failed(Failure.TIMEOUT, _timeout_text("wall", limits), end), True
    how = signal.Signals(-end.code).name if end.code < 0 else f"exit code {end.code}"
    return _failed(Failure.EXCEPTION, f"the program ended the process before the test was done ({how})", end), False


def _failed(failure: Failure, error: str, end: End) -> Outcome:
    return Outcome(Status.FAILED, failure, error=error, seconds=end.seconds)


def _timeout_text(limit: str, limits: Limits) -> str:
    if limit == "cpu":
        return f"TimeoutError: more than {limits.cpu_seconds:g} s of processor time"
    return f"TimeoutError: more than {limits.wall_seconds:g} s"


def _bounded(text: str | None, limits: Limits) -> str | None:
    return None if text is None else text[: limits.value_chars]


def _trace(content: _Trace | None, limits: Limits) -> Trace | None:
    if content is None:
        return None
    chars = limits.value_chars
    table = [Variable(*(text[:chars] for text in entry)) for entry in content.variables]
    steps = (
        Step(kind, line, depth, function[:chars], tuple(table[number] for number in numbers), _bounded(value, limits))
        for kind, line, depth, function, numbers, value in content.steps[: limits.trace_events]
    )
    return Trace(tuple(steps), content.cut)
