"""The verdict on a program: what its runs on all tests say together."""

from collections.abc import Sequence
from dataclasses import dataclass

from linewise.execution.base import Limits, Program, Sandbox
from linewise.meter import Meter
from linewise.schema import Outcome, ProbeTest, TraceStyle, VisibleTest, all_passed


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
        return all_passed(outcome for outcome, one in zip(self.outcomes, self.compared, strict=True) if one)


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
