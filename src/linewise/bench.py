"""A benchmark from Python: plan it, run it, and go on with it after whatever ended it."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from uuid import uuid4

from linewise.api import strategy_of
from linewise.assemble import model_checksum, open_engine, open_sandbox
from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.benchmarks.grader import Grader
from linewise.config import Settings
from linewise.errors import InputError, LinewiseError
from linewise.meter import Allowance, Meter
from linewise.runs.controls import matched_budgets, refuse_other_model, refuse_other_tests
from linewise.runs.figures.results import results
from linewise.runs.local import LocalRun, OnDone, OnError, Parts
from linewise.runs.provenance import session
from linewise.runs.reading import Key, read_run
from linewise.runs.records import MatchRecord, RunInfo, RunName
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
    ``twin_of``: the run directory whose twin this is, for its tests and model are the same. ``unsolved_by``: the run
    that failed the visible tests of these tasks.
    """

    suite: Suite
    options: SuiteOptions
    tasks: tuple[str, ...]
    settings: Settings
    seeds: tuple[int, ...] = (0,)
    workers: int = 1
    match: Path | None = None
    match_by: MatchBy = MatchBy.COMPUTED
    twin_of: Path | None = None
    unsolved_by: RunName | None = None
    keep_events: bool = True

    @property
    def keys(self) -> tuple[Key, ...]:
        """Task and seed of every sample, seed after seed."""
        return tuple((task, seed) for seed in self.seeds for task in self.tasks)


def run_bench(
    plan: BenchPlan, out: Path, on_done: OnDone, on_error: OnError, on_start: Callable[[LocalRun], None]
) -> RunStore:
    """Run what is missing of ``plan`` in the directory ``out``; the store that is left there, closed.

    ``on_start`` is given the run once it can be cancelled. Raises ``InputError`` where ``out`` holds another run or a
    control does not fit what it is made for, ``MissingPartError``, ``EngineError``, ``SandboxError`` and ``Cancelled``.
    """
    info = run_info(plan)
    budgets = _budgets(plan, info)
    with ExitStack() as stack:
        store = stack.enter_context(RunStore(out, info, session()))
        run = _local_run(plan, store, budgets, stack)
        run.on_done, run.on_error = on_done, on_error
        on_start(run)
        try:
            run.run(plan.suite.problems, plan.keys)
        except BaseException:
            with suppress(LinewiseError):  # what ended the run says more than that this cannot be written either
                write_json(out / "results.json", results(read_run(out)))
            raise
        write_json(out / "results.json", results(read_run(out)))
    return store


def _budgets(plan: BenchPlan, info: RunInfo) -> Mapping[Key, float]:
    """What each sample may cost, none where the plan is not matched; and a twin is of one suite and model."""
    if plan.twin_of:
        original = read_run(plan.twin_of)
        refuse_other_tests(original, info.suite, "--twin-of")
        refuse_other_model(original, info, "--twin-of")
    return matched_budgets(read_run(plan.match), info, plan.match_by.value, plan.keys) if plan.match else {}


def _local_run(plan: BenchPlan, store: RunStore, budgets: Mapping[Key, float], stack: ExitStack) -> LocalRun:
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
        budgets=budgets,
        keep_events=plan.keep_events,
    )


def run_info(plan: BenchPlan) -> RunInfo:
    """What ``run.json`` says about ``plan``. Raises as ``assemble.model_checksum`` does."""
    return RunInfo(
        linewise=metadata.version("linewise"),
        suite=suite_record(plan.suite, plan.options, plan.tasks),
        settings=_with_examples(plan).model_dump(mode="json"),
        seeds=plan.seeds,
        workers=plan.workers,
        model=plan.settings.model,
        model_checksum=model_checksum(plan.settings.model),
        python=plan.settings.python,
        unsolved_by=plan.unsolved_by,
        match=_match(plan.match, plan.match_by) if plan.match else None,
        id=uuid4().hex,
    )


def _match(folder: Path, by: MatchBy) -> MatchRecord:
    other = read_run(folder)
    return MatchRecord(run=other.name, id=other.info.id, by=by.value)


def unsolved(plan: BenchPlan, folder: Path) -> BenchPlan:
    """``plan`` with those of its tasks alone whose visible tests every sample in the run in ``folder`` fails.

    Tasks that have none, or probes alone, are left out: nothing tells whether their answers are right. Raises
    ``InputError`` where that is a run of other tests, a task has no sample there, or none is left.
    """
    run = read_run(folder)
    refuse_other_tests(run, suite_record(plan.suite, plan.options, plan.tasks), "--unsolved-by")
    passed: dict[str, list[bool | None]] = {}
    for sample in run.samples.values():
        passed.setdefault(sample.task_id, []).append(sample.passed_visible)
    if missing := [task for task in plan.tasks if task not in passed]:
        raise InputError(f"--unsolved-by {folder}: holds no sample of {missing[0]}; run it there first")
    if not (left := tuple(task for task in plan.tasks if set(passed[task]) == {False})):
        raise InputError(f"--unsolved-by {folder}: no task failed its visible tests there; leave the flag out")
    return replace(plan, tasks=left, unsolved_by=RunName(run=run.name, id=run.info.id))


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
