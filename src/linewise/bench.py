"""A benchmark from Python: plan it, run it, and go on with it after whatever ended it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from linewise.api import strategy_of
from linewise.assemble import model_checksum, open_engine, open_sandbox
from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.benchmarks.grader import Grader
from linewise.config import Settings
from linewise.errors import InputError
from linewise.meter import Allowance, Meter
from linewise.runs.figures.results import results
from linewise.runs.json_lines import read_lines
from linewise.runs.local import LocalRun, OnDone, Parts
from linewise.runs.provenance import session
from linewise.runs.reading import Key, read_run
from linewise.runs.records import MatchRecord, RunInfo, Sample
from linewise.runs.store import RunStore, write_json
from linewise.runs.suite_record import suite_record


class MatchBy(StrEnum):
    """The cost by which a run is matched to another: tokens computed, or seconds."""

    COMPUTED = "computed"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What is to be run: ``tasks`` of ``suite``, each once for every seed, with ``settings``.

    ``match``: a run directory; every sample may cost what the sample of that task and seed did there, by ``match_by``.
    ``unsolved_by``: the run directory whose unsolved tasks these are.
    """

    suite: Suite
    options: SuiteOptions
    tasks: tuple[str, ...]
    settings: Settings
    seeds: tuple[int, ...] = (0,)
    workers: int = 1
    match: Path | None = None
    match_by: MatchBy = MatchBy.COMPUTED
    unsolved_by: Path | None = None
    keep_events: bool = True

    @property
    def keys(self) -> tuple[Key, ...]:
        """Task and seed of every sample, seed after seed."""
        return tuple((task, seed) for seed in self.seeds for task in self.tasks)


def run_bench(plan: BenchPlan, out: Path, on_done: OnDone, on_start: Callable[[LocalRun], None]) -> RunStore:
    """Run what is missing of ``plan`` in the directory ``out``; the store that is left there, closed.

    ``on_start`` is given the run once it can be cancelled. Raises ``InputError`` where ``out`` holds another run,
    ``MissingPartError``, ``EngineError``, ``SandboxError`` and ``Cancelled``.
    """
    budgets = matched_budgets(plan)
    with ExitStack() as stack:
        store = stack.enter_context(RunStore(out, run_info(plan), session()))
        run = _local_run(plan, store, budgets, on_done, stack)
        on_start(run)
        try:
            run.run(plan.suite.problems, plan.keys)
        finally:
            write_json(out / "results.json", results(read_run(out)))
    return store


def _local_run(
    plan: BenchPlan, store: RunStore, budgets: Mapping[Key, float], on_done: OnDone, stack: ExitStack
) -> LocalRun:
    settings = plan.settings
    preload = tuple(dict.fromkeys([*plan.suite.preload, *settings.preloaded]))
    sandbox = stack.enter_context(open_sandbox(settings.sandbox, preload=preload, python=settings.python))
    engine = stack.enter_context(open_engine(settings.model, settings.engine))

    def meter(key: Key) -> Meter:
        return Meter(
            max_seconds=settings.max_seconds,
            max_tokens_computed=settings.max_tokens_computed,
            allowance=_allowance(budgets.get(key), plan.match_by),
        )

    return LocalRun(
        store=store,
        parts=Parts(
            strategy_of(_with_examples(plan)), engine, sandbox, Grader(sandbox, plan.suite.limits), settings.limits
        ),
        workers=plan.workers,
        meters=meter,
        on_done=on_done,
        budgets=budgets,
        keep_events=plan.keep_events,
    )


def run_info(plan: BenchPlan) -> RunInfo:
    """What ``run.json`` says about ``plan``."""
    return RunInfo(
        linewise=metadata.version("linewise"),
        suite=suite_record(plan.suite, plan.options, plan.tasks),
        settings=_with_examples(plan).model_dump(mode="json"),
        seeds=plan.seeds,
        workers=plan.workers,
        model=plan.settings.model,
        model_checksum=model_checksum(plan.settings.model),
        python=plan.settings.python,
        unsolved_by=plan.unsolved_by.resolve().name if plan.unsolved_by else None,
        match=MatchRecord(run=plan.match.resolve().name, by=plan.match_by.value) if plan.match else None,
    )


def unsolved(tasks: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Those of ``tasks`` of which no sample in the run directory ``folder`` passes the visible tests.

    Raises ``InputError`` where a task has no sample there, or none is left.
    """
    passed: dict[str, bool] = {}
    for sample in read_run(folder).samples.values():
        passed[sample.task_id] = passed.get(sample.task_id, False) or sample.passed_visible is True
    if missing := [task for task in tasks if task not in passed]:
        raise InputError(f"--unsolved-by {folder}: holds no sample of {missing[0]}; run it there first")
    if not (left := tuple(task for task in tasks if not passed[task])):
        raise InputError(f"--unsolved-by {folder}: every task is solved there")
    return left


def matched_budgets(plan: BenchPlan) -> dict[Key, float]:
    """What each sample may cost; empty where the plan is not matched. Raises ``InputError`` where a cost is missing."""
    if plan.match is None:
        return {}
    samples = {(one.task_id, one.seed): one for one in read_lines(plan.match / "samples.jsonl", Sample)}
    return {key: _cost(samples, key, plan) for key in plan.keys}


def _cost(samples: Mapping[Key, Sample], key: Key, plan: BenchPlan) -> float:
    sample = samples.get(key)
    if sample is None:
        raise InputError(
            f"--match-cost {plan.match}: holds no sample of {key[0]} with seed {key[1]}; run it there first"
        )
    spent = sample.cost.computed if plan.match_by is MatchBy.COMPUTED else sample.cost.seconds.get("total")
    if spent is None:
        raise InputError(f"--match-cost {plan.match}: the cost of {key[0]} is unknown there; match --by the other one")
    return spent


def _allowance(budget: float | None, by: MatchBy) -> Allowance | None:
    if budget is None:
        return None
    return Allowance(tokens_computed=int(budget)) if by is MatchBy.COMPUTED else Allowance(seconds=budget)


def _with_examples(plan: BenchPlan) -> Settings:
    """The settings, with the suite's own worked examples where none were chosen."""
    guidance = plan.settings.guidance
    if guidance.examples is not None or not plan.suite.examples:
        return plan.settings
    shown = guidance.model_copy(update={"examples": plan.suite.examples})
    return plan.settings.model_copy(update={"guidance": shown})
