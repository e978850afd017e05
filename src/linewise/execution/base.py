"""The seam between the method and whatever runs the model's programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from linewise.meter import Meter
from linewise.schema import Outcome, Task, TaskKind, TraceStyle, VisibleTest


@dataclass(frozen=True, slots=True)
class Program:
    """A program and what surrounds it. Run order: ``prelude``, ``source``, ``setup``, then one test.

    Line numbers in traces and errors count in ``source``. A ``program`` kind runs with the test's standard input;
    then ``entry_point`` is called without arguments, where ``source`` defines it. Without an ``entry_point`` the lines
    of ``source`` itself are traced.
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


@pydantic_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Limits:
    """What one (program, test) run may use; beyond it the run fails, and nothing outside is harmed.

    ``trace_events`` bounds the recorded steps; past it the trace is marked as cut and the program runs on untraced.
    ``value_chars`` bounds every ``repr``, ``output_bytes`` the captured standard output (8 MiB where a test
    expects more than half of it), ``value_bytes`` the encoded arguments and results of the entry point.
    """

    cpu_seconds: float = Field(default=5.0, gt=0, le=3600, description="processor time")
    wall_seconds: float = Field(default=10.0, gt=0, le=3600, description="time on the clock")
    memory_bytes: int = Field(default=1 << 30, ge=64 << 20, description="memory of all its processes")
    file_bytes: int = Field(default=16 << 20, ge=0, description="size of a file")
    processes: int = Field(default=32, ge=1, description="processes and threads")
    open_files: int = Field(default=64, ge=16, description="open files")
    output_bytes: int = Field(default=64 << 10, ge=0, le=8 << 20, description="standard output that is kept")
    value_bytes: int = Field(
        default=4 << 20, ge=1 << 10, le=64 << 20, description="encoded arguments and results of the entry point"
    )
    trace_events: int = Field(default=1000, ge=1, le=100_000, description="recorded steps of a trace")
    value_chars: int = Field(default=200, ge=8, le=10_000, description="length of a shown value")


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
        """Run ``program`` on every test, each run in a process of its own; one outcome per test, in order.

        The verdict is made in another process than the program's wherever the test allows it (``Outcome.trust``).
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
