"""The verdict on a program: what its runs on all tests say together."""

from collections.abc import Sequence
from dataclasses import dataclass

from linewise.execution.base import Limits, Program, Sandbox
from linewise.meter import Meter
from linewise.schema import Outcome, ProbeTest, Status, TraceStyle, VisibleTest


@dataclass(frozen=True, slots=True)
class Verdict:
    """One outcome per test, in order; ``compared`` says which tests were compared with something (probes are not)."""

    outcomes: tuple[Outcome, ...]
    compared: tuple[bool, ...]

    @property
    def passed(self) -> bool | None:
        """Whether all compared tests passed.

        ``None`` where nothing was compared, or where only infrastructure errors stand against it: then nobody knows.
        """
        states = self._states()
        if Status.FAILED in states:
            return False
        return None if not states or Status.INFRASTRUCTURE in states else True

    def count(self, status: Status) -> int:
        """How many compared tests ended with ``status``."""
        return self._states().count(status)

    def _states(self) -> list[Status]:
        return [outcome.status for outcome, one in zip(self.outcomes, self.compared, strict=True) if one]


def judge(
    sandbox: Sandbox,
    program: Program,
    tests: Sequence[VisibleTest],
    limits: Limits,
    *,
    trace: TraceStyle | None = None,
    meter: Meter,
) -> Verdict:
    """Run ``program`` on every test and judge it. Raises what ``Sandbox.run`` raises."""
    outcomes = sandbox.run(program, tests, limits, trace=trace, meter=meter)
    return Verdict(tuple(outcomes), tuple(not isinstance(test, ProbeTest) for test in tests))
