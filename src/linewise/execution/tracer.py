"""The host's side of a run: makes an ``Outcome`` of what a child reported. Nothing from a child is believed.

A report is JSON of a fixed, validated form. Where it is missing or of another form, the program has ended or
disturbed its process, and the test has failed. Of a judged run the judge's report decides; the program's own is
evidence (trace, output), can make a run fail and cannot make it pass.
"""

import ast
import json
import signal
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from linewise.execution.base import Limits, Program
from linewise.execution.output import same_output
from linewise.execution.separation import Plan
from linewise.names import calls_itself
from linewise.schema import (
    AssertTest,
    Failure,
    Outcome,
    Status,
    StdioTest,
    Step,
    Trace,
    TraceStyle,
    Trust,
    Variable,
    VisibleTest,
)

Number = Annotated[int, Field(ge=0, lt=1 << 31)]
INVOCATION_CHARS = 2000
OUTPUT_ROOM = 8 << 20
"""How many bytes a script may print where what is expected of it is not short against the limit."""
TIMEOUT_SIGNALS = {-signal.SIGXCPU, -signal.SIGPROF}


class CannotCross(Exception):
    """A value of this test cannot leave its process: only the program's own process can run it."""


class JudgeEnded(Exception):
    """The process that judges ended without a verdict, which says nothing about the program."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a zygote is sent: frames, for so many processes."""

    parts: int
    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended, as its zygote saw it. ``code`` below 0: a signal.

    ``cause``: why the zygote ended it: it was ``late``, or all its processes held too much ``memory``.
    """

    code: int
    cause: Literal["", "late", "memory"]
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a zygote answers: wall seconds, and how each process ended with what it reported, the program's first."""

    seconds: float
    ends: tuple[End, ...]
    reports: tuple[bytes, ...]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Trace(_Part):
    cut: bool
    variables: list[Annotated[list[str], Field(min_length=3, max_length=3)]]
    steps: list[tuple[Literal["call", "line", "return", "exception"], Number, Number, str, list[Number], str | None]]


class _Report(_Part):
    end: Literal["finished", "failed", "gone", "together"]
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


def encode_request(program: Program, test: VisibleTest, limits: Limits, trace: TraceStyle | None) -> Request:
    """One (program, test) run in the program's process. A ``StdioTest`` goes without the output that it expects."""
    if isinstance(test, StdioTest) and 2 * len(test.stdout.encode("utf-8", "surrogatepass")) > limits.output_bytes:
        limits = replace(limits, output_bytes=OUTPUT_ROOM)  # the same for all of them, for a program can read it
    part = {**_part(program, limits), "source": program.source, "trace": trace}
    if isinstance(test, StdioTest):
        part |= {"part": "script", "stdin": test.stdin, "calls_itself": _calls_itself(program)}
    else:
        part |= {"part": "together", "setup": program.setup, "test": test.source}
    return _request(limits, part)


def _calls_itself(program: Program) -> bool:
    """So that its entry point is not called once more, also where the program leaves it out for this input."""
    try:
        return calls_itself(ast.parse(program.source), program.entry_point)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def encode_judged_request(
    program: Program, test: AssertTest, limits: Limits, trace: TraceStyle | None, plan: Plan
) -> Request:
    """One run in two processes: the program's does not get the test, the judge's does not get the program."""
    part = _part(program, limits)
    served = {**part, "part": "program", "source": program.source, "trace": trace}
    judge = {**part, **plan._asdict(), "part": "judge", "setup": program.setup, "test": test.source}
    return _request(limits, served, judge, judge_for=str(limits) if plan.shared else None)


def _part(program: Program, limits: Limits) -> dict[str, Any]:
    return {"entry_point": program.entry_point, "prelude": program.prelude, "limits": _as_dict(limits)}


_as_dict = cache(asdict)


def _request(limits: Limits, *parts: dict[str, Any], judge_for: str | None = None) -> Request:
    head = {
        "parts": len(parts),
        "judge_for": judge_for,
        "wall_seconds": limits.wall_seconds,
        "memory_bytes": limits.memory_bytes,
    }
    return Request(len(parts), tuple(json.dumps(content).encode() for content in (head, *parts)))


@dataclass(frozen=True, slots=True)
class _Decision:
    """Why the test has failed, or that it has passed (no ``failure``). ``wall``: a time-out by wall clock."""

    failure: Failure | None = None
    error: str | None = None
    error_line: int | None = None
    wall: bool = False


def decode_outcome(answer: Answer, test: VisibleTest, limits: Limits) -> tuple[Outcome, bool]:
    """The outcome of one run, and whether it is a time-out by wall clock (which may be the machine's fault).

    Raises ``CannotCross`` and ``JudgeEnded`` for a judged run.
    """
    judged = len(answer.reports) > 1
    program, trace = _parse(answer.reports[0], limits)
    verdict = _verdict(answer, limits) if judged else program
    decision = _weigh(program, verdict, answer, limits) if judged else _own_word(program, answer.ends[0], limits)
    expected = _bounded(verdict.expected, limits) if verdict else None
    if isinstance(test, StdioTest):
        expected = test.stdout[: limits.output_bytes]
        if program and not decision.failure and not same_output(program.stdout, test):
            decision = _Decision(Failure.WRONG)
    outcome = Outcome(
        status=Status.FAILED if decision.failure else Status.PASSED,
        failure=decision.failure,
        invocation=verdict.invocation[:INVOCATION_CHARS] if verdict else "",
        value=_bounded(verdict.value, limits) if verdict else None,
        expected=expected if verdict else None,
        error=decision.error,
        error_line=decision.error_line,
        stdout=program.stdout[: limits.output_bytes] if program else "",
        trace=trace,
        seconds=answer.seconds,
        trust=Trust.SEPARATE if judged or isinstance(test, StdioTest) else Trust.IN_PROCESS,
    )
    return outcome, decision.wall


def _parse(report: bytes, limits: Limits) -> tuple[_Report | None, Trace | None]:
    try:
        content = _reports().validate_json(report)
        return content, _trace(content.trace, limits)
    except (ValidationError, IndexError):
        return None, None


def _verdict(answer: Answer, limits: Limits) -> _Report | None:
    """What the judge reports; ``None`` where it did not get to it in time."""
    content, _ = _parse(answer.reports[1], limits)
    if content is None and not _ran_out_of_time(answer.ends[1], limits):
        raise JudgeEnded("the judging process ended without a verdict")
    if content and content.end == "together":
        raise CannotCross(content.error)
    return content


def _weigh(program: _Report | None, verdict: _Report | None, answer: Answer, limits: Limits) -> _Decision:
    """A judged run: passed where the judge says so and the program has ended as it should."""
    if verdict is None:  # a comparison that no signal interrupts: what the program returned takes for ever to compare
        return _without_report(answer.ends[1], limits)
    if verdict.end == "failed":
        return _own_word(verdict, answer.ends[1], limits)
    own = _own_word(program, answer.ends[0], limits)
    if own.failure or verdict.end != "gone":
        return own
    return _Decision(Failure.EXCEPTION, "the program disturbed its process")


def _own_word(report: _Report | None, end: End, limits: Limits) -> _Decision:
    """What a report says; without one, what the end of its process does: never that it has passed."""
    if report is None:
        return _without_report(end, limits)
    if report.end == "finished":
        return _Decision()
    failure = Failure(report.failure) if report.failure else Failure.EXCEPTION
    error = _timeout_text(report.limit, limits) if report.limit else _bounded(report.error, limits)
    return _Decision(failure, error, report.error_line, report.limit == "wall" and failure is Failure.TIMEOUT)


def _ran_out_of_time(end: End, limits: Limits) -> bool:
    return end.cause == "late" or end.code in TIMEOUT_SIGNALS or end.cpu_seconds >= limits.cpu_seconds


def _without_report(end: End, limits: Limits) -> _Decision:
    if end.code in TIMEOUT_SIGNALS or end.cpu_seconds >= limits.cpu_seconds:
        return _Decision(Failure.TIMEOUT, _timeout_text("cpu", limits))
    if end.cause == "memory":
        return _Decision(Failure.MEMORY, f"MemoryError: more than {limits.memory_bytes} bytes in all processes")
    if end.cause == "late":
        return _Decision(Failure.TIMEOUT, _timeout_text("wall", limits), wall=True)
    how = signal.Signals(-end.code).name if end.code < 0 else f"exit code {end.code}"
    return _Decision(Failure.EXCEPTION, f"the program ended the process before the test was done ({how})")


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
