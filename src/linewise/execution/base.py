"""The seam between the method and whatever runs the model's programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from linewise.meter import Meter
from linewise.schema import Outcome, Task, TaskKind, TraceStyle, VisibleTest


@dataclass(frozen=True, slots=True)
class Program:
    """A program and what surrounds it. Run order: ``prelude``, ``source``, ``setup``, then one test.

    Line numbers in traces and errors count in ``source``. A ``program`` kind runs with the test's standard input;
    then ``entry_point`` is called without arguments, where ``source`` defines it.
    """

    source: str
    entry_point: str
    kind: TaskKind = "function"
    prelude: str = ""
    setup: str = ""

    @classmethod
    def of(cls, task: Task, source: str) -> "Program":
        """``source`` as an answer to ``task``."""
        return cls(source, task.entry_point, task.kind, task.prelude, task.setup)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one (program, test) run may use; beyond it the run fails, and nothing outside is harmed.

    ``trace_events`` bounds the recorded steps; past it the trace is marked as cut and the program runs on untraced.
    ``value_chars`` bounds every ``repr``, ``output_bytes`` the captured standard output.
    """

    cpu_seconds: float = 5.0
    wall_seconds: float = 10.0
    memory_bytes: int = 1 << 30
    file_bytes: int = 16 << 20
    processes: int = 32
    open_files: int = 64
    output_bytes: int = 64 << 10
    trace_events: int = 1000
    value_chars: int = 200


class Sandbox(Protocol):
    """Runs programs away from this process. A context manager: leaving it ends every process it started.

    Safe from any thread. What a program does wrong is an ``Outcome``; ``SandboxError`` means that the sandbox
    itself does not work, and ``Stopped`` that the meter ended the call.
    """

    @property
    def name(self) -> str:
        """What is used, for reports: ``bubblewrap`` or ``process``."""
        ...

    def run(
        self,
        program: Program,
        tests: Sequence[VisibleTest],
        limits: Limits,
        *,
        trace: TraceStyle | None = None,
        meter: Meter,
    ) -> list[Outcome]:
        """Run ``program`` on every test, each run in a process of its own; one outcome per test, in order."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
