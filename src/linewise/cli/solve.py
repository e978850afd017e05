"""``linewise solve``: a task in, code out."""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import typer
from pydantic import TypeAdapter
from rich.console import Console

from linewise.api import meter_of, solve_with
from linewise.assemble import open_sandbox
from linewise.cli import flags
from linewise.cli.background import run_interruptibly
from linewise.cli.exit_codes import BROKEN, SOLVED, UNSOLVED
from linewise.cli.models import pull_with_bar
from linewise.config import Settings, load_settings
from linewise.errors import InputError, LinewiseError, SandboxError
from linewise.events import Event
from linewise.execution.base import Program
from linewise.execution.judge import judge
from linewise.inputs import StubTask, load_stub, load_task_file, split_stub_argument, task_from_flags
from linewise.meter import Meter
from linewise.runs.event_file import EventFile
from linewise.schema import Solution, Task
from linewise.viewer.live import LiveView
from linewise.viewer.summary import summary


@dataclass(frozen=True, slots=True)
class _Given:
    """The task, and the stub that it came from, if any."""

    task: Task
    stub: StubTask | None = None


def solve_command(
    *,
    source: flags.Source = None,
    prompt: flags.Prompt = None,
    test: flags.Tests = None,
    entry_point: flags.EntryPoint = None,
    prelude: flags.Prelude = "",
    setup: flags.Setup = "",
    write: flags.Write = False,
    model: flags.Model = None,
    preset: flags.Preset = None,
    strategy: flags.Strategy = None,
    option: flags.Overrides = None,
    seed: flags.Seed = None,
    config: flags.Config = None,
    pull: flags.Pull = False,
    sandbox: flags.Sandbox = None,
    preload: flags.Preload = None,
    python: flags.Python = None,
    threads: flags.Threads = None,
    ctx: flags.Ctx = None,
    gpu_layers: flags.GpuLayers = None,
    max_seconds: flags.MaxSeconds = None,
    max_tokens_computed: flags.MaxTokensComputed = None,
    as_json: flags.AsJson = False,
    events: flags.Events = None,
    quiet: flags.Quiet = False,
) -> None:
    """Write the code that a task asks for and print it.

    The answer alone goes to standard output.

    Exit code 0: all visible tests pass. 3: they do not; the best attempt is printed.

    2: bad usage or input. 130: Ctrl-C. 1: anything else.
    """
    values = {"model": model, "preset": preset, "strategy": strategy, "seed": seed}
    runs = {"sandbox": sandbox, "preload": preload, "python": python}
    engine = {"engine.threads": threads, "engine.ctx": ctx, "engine.gpu_layers": gpu_layers}
    budget = {"max_seconds": max_seconds, "max_tokens_computed": max_tokens_computed}
    settings = load_settings({**values, **runs, **engine, **budget}, option or (), file=config, place="{flag}")
    given = _given(source, prompt, test or [], entry_point, prelude=prelude, setup=setup)
    if write and given.stub is None:
        raise InputError("--write: puts an answer into a stub's file; give FILE.py or FILE.py::name")
    if pull and not settings.model.startswith("scripted/"):
        pull_with_bar(settings.model)
    solution = _run(given.task, settings, events, quiet=quiet)
    _print(_json(given.task, solution, settings) if as_json else solution.code)
    if write and given.stub is not None:
        _write(given.stub, solution, settings)
    raise typer.Exit(BROKEN if solution.unknown else UNSOLVED if solution.passed is False else SOLVED)


def _given(
    source: str | None, prompt: str | None, tests: list[str], entry_point: str | None, *, prelude: str, setup: str
) -> _Given:
    """The task of a file or of the flags: one of both has to be there, and not the other."""
    if source is not None:
        if prompt or tests or entry_point or prelude or setup:
            raise InputError(f"{source}: given beside --prompt, --test, --entry-point, --prelude or --setup; leave one")
        return _from_file(source)
    if prompt is None:
        raise InputError("no task: give a task file, a stub or --prompt; `linewise solve --help` tells more")
    return _Given(task_from_flags(prompt, tests, entry_point, prelude=prelude, setup=setup))


def _from_file(source: str) -> _Given:
    path, name = split_stub_argument(source)
    if name is None and path.suffix != ".py":
        return _Given(load_task_file(path))
    stub = load_stub(path, name)
    for example in stub.left_out:
        print(f"linewise: this doctest became no test: {example}", file=sys.stderr)
    return _Given(stub.task, stub)


def _write(stub: StubTask, solution: Solution, settings: Settings) -> None:
    """Write the answer once the file as it would be passes the tests too: decorators and defaults are in it."""
    if solution.passed is False or solution.unknown:
        why = "the sandbox broke" if solution.unknown else "the answer does not pass the tests"
        print(f"linewise: not written to {stub.path}: {why}", file=sys.stderr)
        return
    program = Program.of(stub.task, stub.merged(solution.code))
    with open_sandbox(settings.sandbox, preload=settings.preloaded, python=settings.python) as sandbox:
        verdict = judge(sandbox, program, stub.task.tests, settings.limits, meter=Meter())
    if verdict.passed is False:
        raise InputError(f"{stub.path}: not written: the answer passes the tests alone, but not inside this file")
    if verdict.passed is None and stub.task.tests:
        raise SandboxError(f"{stub.path}: not written: the sandbox broke on the answer inside this file")
    stub.write(solution.code)
    print(f"linewise: written to {stub.path}", file=sys.stderr)


def _run(task: Task, settings: Settings, events: Path | None, *, quiet: bool) -> Solution:
    console = Console(file=sys.stderr)
    meter = meter_of(settings)
    listeners: list[Callable[[Event], None]] = []
    with ExitStack() as stack:
        if events is not None:
            listeners.append(stack.enter_context(EventFile(events)).write)
        if console.is_terminal and not quiet:
            listeners.append(stack.enter_context(LiveView(console, task)).on_event)

        def on_event(event: Event) -> None:
            for listener in listeners:
                listener(event)

        solution = run_interruptibly(lambda: solve_with(task, settings, meter=meter, on_event=on_event), meter.cancel)
    if not quiet and not console.is_terminal:
        print(summary(solution, task), file=sys.stderr)
    return solution


def _print(text: str) -> None:
    """The answer, and nothing else, on standard output."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LinewiseError(f"standard output: {error.strerror}") from error


def _json(task: Task, solution: Solution, settings: Settings) -> str:
    """The solution as one object; each of its ``tests`` is a test of the task with its outcome."""
    content: dict[str, Any] = TypeAdapter(Solution).dump_python(solution, mode="json")
    outcomes = content.pop("outcomes") or [None] * len(task.tests)
    tests = [{**asdict(test), "outcome": outcome} for test, outcome in zip(task.tests, outcomes, strict=True)]
    method = {"strategy": settings.strategy, "preset": settings.preset}
    return json.dumps({**content, "tests": tests, **method}, indent=2) + "\n"
