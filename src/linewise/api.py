"""linewise from Python: ``solve`` a ``Task``."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from linewise.assemble import open_engine, open_sandbox
from linewise.config import Settings, load_settings
from linewise.engines.base import Engine
from linewise.events import Event, Finished
from linewise.execution.base import Sandbox
from linewise.meter import Meter
from linewise.schema import Solution, Task
from linewise.strategies import Strategy, build

OnEvent = Callable[[Event], None]


def solve(
    task: Task,
    *,
    model: str | None = None,
    preset: str | None = None,
    strategy: str | None = None,
    seed: int | None = None,
    options: Mapping[str, Any] | None = None,
    config: Path | None = None,
    max_seconds: float | None = None,
    max_tokens_computed: int | None = None,
    engine: Engine | None = None,
    sandbox: Sandbox | None = None,
    on_event: OnEvent | None = None,
) -> Solution:
    """Write the code that ``task`` asks for; the same result as ``linewise solve --json``.

    ``options``: values by dotted key, such as ``{"guidance.gamma": 1.5}``. What is not given comes from the
    environment, ``linewise.toml`` and the preset. An ``engine`` or ``sandbox`` that is given has to be open and stays
    open; else both are made for this call. ``on_event`` sees every event as it happens.

    Raises ``InputError``, ``MissingPartError``, ``EngineError`` or ``SandboxError``; a solution that fails its tests
    or runs out of budget is a ``Solution`` all the same.
    """
    flags = {
        "model": model,
        "preset": preset,
        "strategy": strategy,
        "seed": seed,
        "max_seconds": max_seconds,
        "max_tokens_computed": max_tokens_computed,
    }
    settings = load_settings(flags, options=options, file=config)
    return solve_with(task, settings, engine=engine, sandbox=sandbox, on_event=on_event)


def solve_with(
    task: Task,
    settings: Settings,
    *,
    meter: Meter | None = None,
    engine: Engine | None = None,
    sandbox: Sandbox | None = None,
    on_event: OnEvent | None = None,
) -> Solution:
    """``solve`` with settings that are loaded already. ``meter``: by default one with the settings' limits; its time
    begins once engine and sandbox are open.
    """
    with ExitStack() as stack:
        engine = engine or stack.enter_context(open_engine(settings.model, settings.engine))
        sandbox = sandbox or stack.enter_context(
            open_sandbox(settings.sandbox, preload=settings.preloaded, python=settings.python)
        )
        meter = meter or meter_of(settings)
        meter.begin()
        for event in strategy_of(settings).solve(task, engine, sandbox, seed=settings.seed, meter=meter):
            if on_event is not None:
                on_event(event)
            if isinstance(event, Finished):
                return event.solution
    raise AssertionError("a strategy ends with Finished")


def meter_of(settings: Settings) -> Meter:
    """A meter with the limits of ``settings``."""
    return Meter(max_seconds=settings.max_seconds, max_tokens_computed=settings.max_tokens_computed)


def strategy_of(settings: Settings) -> Strategy:
    """The strategy that ``settings`` name, with its options."""
    return build(
        settings.strategy,
        guidance=settings.guidance,
        best_of_n=settings.best_of_n,
        eg_cfg=settings.eg_cfg,
        limits=settings.limits,
    )
