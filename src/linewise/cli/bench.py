"""``linewise bench``: a suite in, a run directory out."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError

from linewise.bench import BenchPlan, MatchBy, run_bench, unsolved
from linewise.benchmarks.base import SuiteOptions
from linewise.benchmarks.selection import select
from linewise.benchmarks.suites.registry import load_suite
from linewise.cli import bench_flags, flags
from linewise.cli.background import run_interruptibly
from linewise.cli.bench_controls import given_flags, refuse_ignored, twin_settings
from linewise.cli.bench_progress import progress
from linewise.cli.exit_codes import BROKEN
from linewise.cli.models import pull_with_bar
from linewise.cli.run_texts import show_text
from linewise.config import Settings, load_settings
from linewise.errors import Cancelled, InputError
from linewise.runs.figures.results import summary_json
from linewise.runs.figures.summary import summarise
from linewise.runs.local import LocalRun
from linewise.runs.reading import Key, Run, read_info, read_run
from linewise.runs.records import RunInfo
from linewise.runs.store import RunStore

MATCHED = {"strategy": "best-of-n", "best_of_n.n": 4096, "best_of_n.round": 4}
"""What ``--match-cost`` runs unless other flags say otherwise: rounds of samples until the cost is reached."""


def bench_command(
    context: typer.Context,
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
    match_by: bench_flags.MatchBy = None,
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
    quiet: bench_flags.Quiet = False,
) -> None:
    """Solve the tasks of a benchmark and grade the answers.

    The run is kept in a directory. Stopped or killed at any moment, the same command goes on with it.

    Exit code 0: every task is done. 1: some could not be finished or graded; run it again. 2: bad usage or input.
    130: Ctrl-C.
    """
    refuse_ignored(given_flags(context), context.params)
    if twin_of:
        plan = _twin(suite, data, twin_of)
    else:
        values = {"model": model, "preset": preset, "strategy": strategy, "seed": seed, "sandbox": sandbox}
        engine = {"engine.threads": threads, "engine.ctx": ctx, "engine.gpu_layers": gpu_layers}
        more = {"python": python, "max_seconds": max_seconds, "max_tokens_computed": max_tokens_computed}
        settings = _settings(match_cost, {**values, "preload": preload, **engine, **more}, option, config)
        options = suite_options(None, visible=visible, split=split, libraries=libraries)
        plan = _plan(suite, data, options, settings, samples or 1)
        plan = replace(plan, workers=workers, match=match_cost, match_by=match_by or MatchBy.COMPUTED)
    tasks = select(plan.tasks, limit=limit, part=slice_, pattern=filter_)
    plan = replace(plan, tasks=tasks, keep_events=not no_events)
    plan = unsolved(plan, unsolved_by) if unsolved_by else plan
    _pull(plan, wanted=pull)
    _finish(plan, _run(plan, out, quiet=quiet), as_json=as_json)


def _settings(
    match_cost: Path | None, values: Mapping[str, Any], overrides: Sequence[str] | None, config: Path | None
) -> Settings:
    """Flags are stronger than what a control brings along, and that is stronger than environment and file."""
    given = {key: value for key, value in values.items() if value is not None}
    return load_settings({**(MATCHED if match_cost else {}), **given}, overrides or (), file=config, place="{flag}")


def _plan(name: str, data: Path | None, options: SuiteOptions, settings: Settings, samples: int) -> BenchPlan:
    suite = load_suite(name, data, options)
    seeds = tuple(range(settings.seed, settings.seed + samples))
    return BenchPlan(suite, options, tuple(suite.problems), settings, seeds)


def _pull(plan: BenchPlan, *, wanted: bool) -> None:
    if wanted and not plan.settings.model.startswith("scripted/"):
        pull_with_bar(plan.settings.model)


def _twin(name: str, data: Path | None, folder: Path) -> BenchPlan:
    """The run in ``folder``, with gamma 0. Raises ``InputError`` where it is of another suite, or not guided."""
    info = read_info(folder)
    settings = twin_settings(folder, info)
    if name != info.suite.name:
        raise InputError(f"--twin-of {folder}: that is a run of {info.suite.name}, not {name}; name that suite")
    options = suite_options(info)
    suite = load_suite(name, data, options)
    if missing := [task for task in info.suite.tasks if task not in suite.problems]:
        raise InputError(f"--twin-of {folder}: its task {missing[0]} is not in the data here; give --data as it had")
    plan = BenchPlan(suite, options, info.suite.tasks, settings, info.seeds, info.workers)
    return replace(plan, twin_of=folder, unsolved_by=info.unsolved_by)


def suite_options(twin: RunInfo | None, **given: Any) -> SuiteOptions:
    """Options of a suite from flags, the others as ``twin`` had them. Raises ``InputError`` naming the flag."""
    stated = {key: value for key, value in given.items() if value is not None}
    try:
        return SuiteOptions.model_validate({**(twin.suite.options if twin else {}), **stated})
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"--{first['loc'][0]}: {first['msg']}, not {first['input']!r}") from error


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
            return run_interruptibly(lambda: run_bench(plan, out, shown.on_done, shown.on_error, begin), cancel)
        except Cancelled:
            raise Cancelled(f"interrupted; the same command goes on with {out}") from None


def _finish(plan: BenchPlan, store: RunStore, *, as_json: bool) -> None:
    run = read_run(store.folder)
    summary = summarise(run)
    print(json.dumps(summary_json(summary), indent=2) if as_json else show_text(summary), flush=True)
    said = list(_unfinished(plan, run))
    for line in said:
        print(f"linewise: {line}", file=sys.stderr)
    if said:
        raise typer.Exit(BROKEN)


def _unfinished(plan: BenchPlan, run: Run) -> Iterator[str]:
    """What of ``plan`` has no answer or no verdict, in a line each."""
    missing = [key for key in plan.keys if key not in run.samples]
    unknown = [key for key in plan.keys if key in run.samples and not _known(run, key)]
    if missing:
        count, where = f"{len(missing)} of {len(plan.keys)}", run.folder / "errors.jsonl"
        yield f"{count} could not be finished; {where} says why, and the same command tries them again"
    if unknown:
        count, where = f"{len(unknown)} of {len(plan.keys)}", run.folder / "grades.jsonl"
        yield f"the sandbox broke on {count}; {where} says why, and the same command grades them again"


def _known(run: Run, key: Key) -> bool:
    return key in run.grades and run.grades[key].passed is not None
