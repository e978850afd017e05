"""One hostile program, and what must hold when it has run."""

from dataclasses import dataclass, field, replace
from textwrap import dedent, indent
from typing import Any

from linewise.execution.base import Limits, Program, Sandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure, Outcome, Status, StdioTest, TraceStyle, Trust, VisibleTest

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=4.0, memory_bytes=256 << 20)
SECRET = "7f3a9c51e2"
"""What the tests of the verdict attacks expect. No program is told."""

HOLDS, CAUGHT = "passes", "fails"


@dataclass(frozen=True)
class Attack:
    """``body`` is ``f``'s; ``source``, where given, the whole program.

    ``end`` is ``HOLDS`` where the program itself finds out that it achieved nothing, and then returns 1; ``CAUGHT``
    where it must not pass; or the one failure that it must end with.
    """

    name: str
    property: str
    body: str = "return 1"
    source: str = ""
    end: str | Failure = HOLDS
    test: str | StdioTest = "assert f() == 1"
    in_process: bool = False
    trace: TraceStyle | None = None
    limits: dict[str, Any] = field(default_factory=dict)

    def run(self, sandbox: Sandbox) -> Outcome:
        """Run it once."""
        source = (
            dedent(self.source) or "import os, sys\n\ndef f():\n" + indent(dedent(self.body).strip(), "    ") + "\n"
        )
        kind = "program" if isinstance(self.test, StdioTest) else "function"
        test: VisibleTest = self.test if isinstance(self.test, StdioTest) else AssertTest(dedent(self.test))
        limits = replace(LIMITS, **self.limits)
        (outcome,) = sandbox.run(Program(source, "f", kind), [test], limits, trace=self.trace, meter=Meter())
        return outcome

    def objection(self, outcome: Outcome) -> str | None:
        """What does not hold; ``None`` where all is well."""
        said = f"{outcome.status} {outcome.failure} {outcome.trust}, got {outcome.value}, error {outcome.error}"
        if outcome.status is Status.INFRASTRUCTURE:
            return f"it broke the sandbox: {said}"
        if self.in_process:
            return None if outcome.trust is Trust.IN_PROCESS else f"not marked: {said}"
        if outcome.passed and outcome.trust is not Trust.SEPARATE:
            return f"passed in its own process: {said}"
        if self.end == HOLDS:
            return None if outcome.passed else said
        well = not outcome.passed if self.end == CAUGHT else outcome.failure is self.end
        return None if well else said


def wrong(name: str, property: str, body: str = "", **more: Any) -> Attack:
    """A program that tries to pass a test whose expected value it is not told."""
    return Attack(name, property, body, end=CAUGHT, **{"test": f"assert f() == {SECRET!r}", **more})
