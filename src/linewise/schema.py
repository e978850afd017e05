"""The nouns of linewise: what is asked for (tasks and visible tests), what one run of a program showed, what it cost.

Hidden tests are deliberately absent: they are another type and live in the grader alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Literal

TaskKind = Literal["function", "program", "insertion"]
Comparison = Literal["lines", "tokens", "numbers"]


@dataclass(frozen=True, slots=True)
class AssertTest:
    """One or more Python statements, ``assert ...`` among them; a call in them reaches the entry point."""

    source: str
    type: Literal["assert"] = "assert"


@dataclass(frozen=True, slots=True)
class StdioTest:
    """Text given on standard input and the text expected on standard output.

    ``compare`` says when printed text is the expected one. ``lines``: line by line, white space at line ends and empty
    lines at the end aside; ``tokens``: word by word, whatever white space is between them; ``numbers``: as tokens, and
    two numbers are equal that differ by no more than ``tolerance``, absolutely or relative to the expected one.
    """

    stdin: str
    stdout: str
    type: Literal["stdio"] = "stdio"
    compare: Comparison = "lines"
    tolerance: float = 1e-6


@dataclass(frozen=True, slots=True)
class ProbeTest:
    """Statements that are run and traced, but never compared: no verdict can come of them."""

    source: str
    type: Literal["probe"] = "probe"


VisibleTest = AssertTest | StdioTest | ProbeTest


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be written, with the tests that may be shown to the model and select its answer.

    Order of execution: ``prelude``, the program, ``setup``, then one test.
    A ``program`` task reads standard input and prints; its ``entry_point`` is a function without arguments
    that is called once. A ``function`` task's ``entry_point`` is the function that the tests call.
    An ``insertion`` task's answer goes on where ``prelude`` ends: with the function ``entry_point``, or, where that is
    empty, with statements of the module.
    """

    prompt: str
    entry_point: str
    tests: tuple[VisibleTest, ...] = ()
    kind: TaskKind = "function"
    prelude: str = ""
    setup: str = ""
    name: str = "task"

    def passed_by(self, outcomes: "Sequence[Outcome]") -> bool | None:
        """Whether one outcome per test says that all pass.

        ``None`` where no test compares anything, or where infrastructure errors alone stand against it: then nobody
        knows.
        """
        compared = [not isinstance(test, ProbeTest) for test in self.tests]
        return all_passed(outcome for outcome, one in zip(outcomes, compared, strict=True) if one)

    @property
    def only_probes(self) -> bool:
        """Whether there are tests and none of them compares anything: they can guide, but tell no right answer."""
        return bool(self.tests) and all(isinstance(test, ProbeTest) for test in self.tests)


class TraceStyle(StrEnum):
    """How much of an execution is recorded.

    ``full``: all locals at every event; ``delta``: per executed line the variables that it changed;
    ``minimal``: the locals at the last moment inside the entry point.
    """

    FULL = "full"
    DELTA = "delta"
    MINIMAL = "minimal"


@dataclass(frozen=True, slots=True)
class Variable:
    """A local variable: its name, its type's name and its bounded ``repr``."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded event.

    ``line`` counts from 1 in the program's source. ``depth`` is 0 in the outermost traced call.
    ``value`` is the returned value's bounded ``repr`` for ``return`` and ``Type: message`` for ``exception``.
    In style ``delta`` a ``line`` step stands for a line that has been executed, and ``variables`` are those
    that it changed; in style ``full`` it stands for a line about to run, and ``variables`` are all locals.
    """

    kind: Literal["call", "line", "return", "exception"]
    line: int
    depth: int
    function: str
    variables: tuple[Variable, ...] = ()
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The recorded steps of one run; ``cut`` tells that the event budget ended the recording early."""

    steps: tuple[Step, ...]
    cut: bool = False


class Status(StrEnum):
    """The three outcomes that are kept apart. An infrastructure error is never a wrong answer."""

    PASSED = "passed"
    FAILED = "failed"
    INFRASTRUCTURE = "infrastructure error"


class Failure(StrEnum):
    """Why a test failed."""

    WRONG = "wrong"
    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output"


class Trust(StrEnum):
    """What a verdict rests on.

    ``separate``: the comparison was made outside the program's process, which the program cannot reach;
    ``in-process``: it was made inside it, where a program that is written to deceive can forge a pass.
    """

    SEPARATE = "separate"
    IN_PROCESS = "in-process"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one program did while one test was evaluated. Every text is bounded.

    ``value``: ``repr`` of what the outermost entry-point call returned; ``expected``: ``repr`` of what the test
    compared it with, where the test states it as ``call == expected``, or the expected standard output.
    ``invocation``: the source of the entry-point call. ``error``: ``Type: message``, raised at ``error_line``
    of the program (1-based, ``None`` where it was raised elsewhere).
    A ``ProbeTest`` that ran to its end is ``PASSED``, which says nothing about the answer.
    ``trust``: where the verdict was made.
    """

    status: Status
    failure: Failure | None = None
    invocation: str = ""
    value: str | None = None
    expected: str | None = None
    error: str | None = None
    error_line: int | None = None
    stdout: str = ""
    trace: Trace | None = None
    seconds: float = 0.0
    trust: Trust = Trust.IN_PROCESS

    @property
    def passed(self) -> bool:
        """Whether the test passed."""
        return self.status is Status.PASSED


def all_passed(outcomes: Iterable[Outcome]) -> bool | None:
    """Whether all passed; ``None``: there is none, or infrastructure errors alone stand against it."""
    states = {outcome.status for outcome in outcomes}
    if Status.FAILED in states:
        return False
    return None if not states or Status.INFRASTRUCTURE in states else True


@dataclass(slots=True)
class Ledger:
    """What a task has cost. Unknown is ``None``, never 0.

    ``computed``: token positions put through the model in any context; ``cached``: positions reused instead;
    ``generated``: the decoded part of ``computed``; ``forward_passes``: sequential calls of the model;
    ``sandbox_runs``: (program, test) executions; ``seconds``: wall time by part.
    """

    computed: int | None = 0
    cached: int | None = 0
    generated: int | None = 0
    forward_passes: int | None = 0
    sandbox_runs: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def copy(self) -> "Ledger":
        """A snapshot that later spending does not change."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return Ledger(**{**values, "seconds": dict(self.seconds)})


class Origin(StrEnum):
    """Where a piece of code came from, and so what a solve is attributed to.

    What is decoded line by line without ever having a signal, as with gamma 0, is the direct answer.
    """

    DIRECT = "direct"
    SAMPLE = "sample"
    CANDIDATE = "early-exit candidate"
    GUIDED = "guided line"


@dataclass(frozen=True, slots=True)
class Solution:
    """The one answer of a strategy: selected by visible tests alone.

    ``passed``: all visible tests pass; ``None`` where the task has none, or the sandbox broke: the code is unchecked.
    ``origin`` is where the code came from, solved or not. ``reason`` says in plain words why the strategy ended.
    """

    code: str
    passed: bool | None
    outcomes: tuple[Outcome, ...]
    origin: Origin
    ledger: Ledger
    agent: str
    model: str
    seed: int
    reason: str = ""

    @property
    def unknown(self) -> bool:
        """Whether nobody knows if it passes, because the sandbox broke on a test."""
        return self.passed is None and any(outcome.status is Status.INFRASTRUCTURE for outcome in self.outcomes)
