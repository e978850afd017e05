"""Tasks, outcomes and engines for tests of the method."""

from collections.abc import Sequence
from typing import TypeVar

from linewise.engines.base import Engine
from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.events import Event
from linewise.execution.base import Limits, Sandbox
from linewise.guidance.decode import Decoded, Setting, decode
from linewise.guidance.options import GuidanceOptions
from linewise.meter import Meter
from linewise.schema import AssertTest, Task

DOUBLE = Task(
    prompt="Write a function that doubles a number.",
    entry_point="double",
    tests=(AssertTest("assert double(2) == 4"), AssertTest("assert double(5) == 10")),
)
SQUARE = "def double(x):\n    y = x * x\n    return y\n"
RIGHT = "def double(x):\n    y = x + x\n    return y\n"
SHOWN = "What running the code shows"
"""A part of every signal."""

E = TypeVar("E", bound=Event)
LIMITS = Limits(wall_seconds=5)


def scripted(*replies: tuple[str, float] | tuple[str, float, str]) -> ScriptedEngine:
    """An engine of replies given as (text, weight, what the prompt has to hold)."""
    return ScriptedEngine(
        [Reply(text=text, weight=weight, when=rest[0] if rest else "") for text, weight, *rest in replies]
    )


def options(**changes: object) -> GuidanceOptions:
    """Preset ``paper`` with three short lines in sight and changes."""
    return GuidanceOptions.model_validate({"max_tokens": 200, **changes})


def run_decode(
    engine: Engine,
    sandbox: Sandbox,
    chosen: GuidanceOptions,
    *,
    task: Task = DOUBLE,
    seed: int = 0,
    meter: Meter | None = None,
) -> tuple[Decoded, list[Event]]:
    """The answer and all events of one run of the loop."""
    setting = Setting(task, engine, sandbox, chosen, LIMITS, meter or Meter(), seed=seed)
    loop, events = decode(setting), []
    while True:
        try:
            events.append(next(loop))
        except StopIteration as end:
            return end.value, events


def of_type(events: Sequence[Event], kind: type[E]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]
