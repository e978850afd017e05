"""Short ways to run a program in a test."""

from collections.abc import Sequence
from dataclasses import replace
from textwrap import dedent

from linewise.execution.base import Limits, Program, Sandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Outcome, StdioTest, TraceStyle

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=10.0)


def run_assert(
    sandbox: Sandbox,
    source: str,
    test: str = "assert f() == 1",
    *,
    entry_point: str = "f",
    trace: TraceStyle | None = None,
    prelude: str = "",
    setup: str = "",
    **limits: float,
) -> Outcome:
    program = Program(dedent(source), entry_point, prelude=dedent(prelude), setup=dedent(setup))
    return only(sandbox.run(program, [AssertTest(dedent(test))], changed(limits), trace=trace, meter=Meter()))


def run_stdio(
    sandbox: Sandbox,
    source: str,
    stdin: str,
    stdout: str,
    *,
    trace: TraceStyle | None = None,
) -> Outcome:
    program = Program(dedent(source), "solve", "program")
    return only(sandbox.run(program, [StdioTest(stdin, stdout)], LIMITS, trace=trace, meter=Meter()))


def changed(limits: dict[str, float]) -> Limits:
    return replace(LIMITS, **limits)


def only(outcomes: Sequence[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome
