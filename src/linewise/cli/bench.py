"""``linewise bench``: a suite in, a run directory out."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError

from linewise.bench import BenchPlan, MatchBy, run_bench, unsolved
from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.benchmarks.selection import select
from linewise.benchmarks.suites.registry import load_suite
from linewise.cli import bench_flags, flags
from linewise.cli.background import run_interruptibly
from linewise.cli.bench_progress import progress
from linewise.cli.exit_codes import BROKEN
from linewise.cli.models import pull_with_bar
from linewise.cli.run_texts import show_text
from linewise.config import Settings, load_settings
from linewise.errors import Cancelled, InputError
from linewise.runs.figures.results import summary_json
from linewise.runs.figures.summary import summarise
from linewise.runs.local import LocalRun
from linewise.runs.reading import read_info, read_run
from linewise.runs.records import RunInfo
from linewise.runs.store import RunStore

MATCHED = {"strategy": "best-of-n", "best_of_n.n": 4096, "best_of_n.round": 8}
"""What ``--match-cost`` runs unless the user says otherwise: rounds of samples until the cost is reached."""


def bench_command(
    suite: bench_flags.SuiteName,
    *,
    out: bench_flags.Out,
    data: bench_flags.Data = None,
    visible: bench_flags.Visible = None,
    split: bench_flags.Split = None,
    libraries: bench_flags.Libraries = None,
    limit: bench_flags.Limit = None,
    slice_: bench_flags.Slice = None,
    filter_: bench_flags.Filter = None,
    unsolved_by: bench_flags.UnsolvedBy = None,
    model: flags.Model = None,
    preset: flags.Preset = None,
    strategy: flags.Strategy = None,
    option: flags.Overrides = None,
    seed: flags.Seed = None,
    samples: bench_flags.Samples = None,
    workers: bench_flags.Workers = 1,
    match_cost: bench_flags.MatchCost = None,
    match_by: bench_flags.MatchBy = MatchBy.COMPUTED,
    twin_of: bench_flags.TwinOf = None,
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
    no_events: bench_flags.NoEvents = False,
    as_json: flags.AsJson = False,
    quiet: flags.Quiet = False,
) -> None:
    """Solve the tasks of a benchmark and grade the answers.

    The run is kept in a directory. Stopped or killed at any moment, the same command goes on with it.

    Exit code 0: every task is done. 1: some could not be finished; run it again.

    2: bad usage or input. 130: Ctrl-C.
    """
    twin = read_info(twin_of) if twin_of else None
    values = {"model": model, "preset": preset, "strategy": strategy, "seed": seed}
    runs = {"sandbox": sandbox, "preload": preload, "python": python}
    engine = {"engine.threads": threads, "engine.ctx": ctx, "engine.gpu_layers": gpu_layers}
    budget = {"max_seconds": max_seconds, "max_tokens_computed": max_tokens_computed}
    settings = _settings(match_cost, twin, {**values, **runs, **engine, **budget}, option, config)
    options = suite_options(twin, visible=visible, split=split, libraries=libraries)
    loaded = load_suite(suite, data, options)
    tasks = _tasks(loaded, twin, limit, slice_, filter_)
    tasks = unsolved(tasks, unsolved_by) if unsolved_by else tasks
    seeds = _seeds(settings.seed, samples, twin)
    plan = BenchPlan(loaded, options, tasks, settings, seeds, workers, match_cost, match_by, unsolved_by, not no_events)
    if pull and not settings.model.startswith("scripted/"):
        pull_with_bar(settings.model)
    _finish(plan, _run(plan, out, quiet=quiet), as_json=as_json)


def _settings(
    match_cost: Path | None,
    twin: RunInfo | None,
    values: Mapping[str, Any],
    overrides: Sequence[str] | None,
    config: Path | None,
) -> Settings:
    """What the user gives is stronger than what a control brings along."""
    base = {**(MATCHED if match_cost else {}), **(_without_guidance(twin) if twin else {})}
    given = {key: value for key, value in values.items() if value is not None}
    return load_settings({**base, **given}, overrides or (), file=config, place="{flag}")


def suite_options(twin: RunInfo | None, **given: Any) -> SuiteOptions:
    """Options of a suite from flags, the others as ``twin`` had them. Raises ``InputError`` naming the flag."""
    stated = {key: value for key, value in given.items() if value is not None}
    try:
        return SuiteOptions.model_validate({**(twin.suite.options if twin else {}), **stated})
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"--{first['loc'][0]}: {first['msg']}, not {first['input']!r}") from error


def _tasks(
    suite: Suite, twin: RunInfo | None, limit: int | None, part: str | None, pattern: str | None
) -> tuple[str, ...]:
    known: Sequence[str] = tuple(suite.problems)
    if twin:
        missing = [task for task in twin.suite.tasks if task not in suite.problems]
        if missing or twin.suite.name != suite.name:
            raise InputError(f"--twin-of: that is a run of {twin.suite.name}, and its tasks are not all here")
        known = twin.suite.tasks
    return select(known, limit=limit, part=part, pattern=pattern)


def _seeds(first: int, samples: int | None, twin: RunInfo | None) -> tuple[int, ...]:
    return twin.seeds if twin and samples is None else tuple(range(first, first + (samples or 1)))


def _without_guidance(twin: RunInfo) -> dict[str, Any]:
    """The settings of ``twin`` by dotted key, with gamma 0: the same candidates, early exits and seeds."""
    return {**_dotted(twin.settings), "guidance.gamma": 0}


def _dotted(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found.update(_dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return found


def _run(plan: BenchPlan, out: Path, *, quiet: bool) -> RunStore:
    started: list[LocalRun] = []

    def cancel() -> None:
        for run in started:
            run.cancel()

    with progress(plan, quiet=quiet) as shown:

        def begin(run: LocalRun) -> None:
            shown.begin(run.store)
            started.append(run)

        try:
            return run_interruptibly(lambda: run_bench(plan, out, shown.on_done, begin), cancel)
        except Cancelled:
            raise Cancelled(f"interrupted; the same command goes on with {out}") from None


def _finish(plan: BenchPlan, store: RunStore, *, as_json: bool) -> None:
    summary = summarise(read_run(store.folder))
    print(json.dumps(summary_json(summary), indent=2) if as_json else show_text(summary))
    missing = [key for key in plan.keys if key not in store.samples]
    if missing:
        where = store.folder / "errors.jsonl"
        count = f"{len(missing)} of {len(plan.keys)} could not be finished"
        print(f"linewise: {count}; {where} says why, and the same command tries them again", file=sys.stderr)
        raise typer.Exit(BROKEN)
