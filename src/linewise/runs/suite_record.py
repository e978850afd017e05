"""What ``run.json`` says of the suite, and how that grows where a run goes on with more of its tasks."""

from collections.abc import Sequence

from linewise.benchmarks.base import Problem, Suite, SuiteOptions
from linewise.benchmarks.overlap import Overlap, scored_on
from linewise.runs.records import SuiteRecord

GROWING = ("tasks", "shown", "scored_on", "overlap", "preludes")
"""Fields that may differ between a run and what goes on with it."""


def suite_record(suite: Suite, options: SuiteOptions, tasks: Sequence[str]) -> SuiteRecord:
    """The record of ``tasks`` of ``suite``."""
    problems = [suite.problems[task] for task in tasks]
    shown = tuple(problem.id for problem in problems if problem.shown)
    partly = {problem.id: problem.overlap for problem in problems if problem.partly_shown}
    return SuiteRecord(
        name=suite.name,
        size=suite.size,
        tasks=tuple(tasks),
        scored_on=scored_on(len(problems), len(shown), partly.values()),
        source=suite.source,
        checksum=suite.checksum,
        options=options.model_dump(mode="json"),
        cpu_seconds=suite.limits.cpu_seconds,
        wall_seconds=suite.limits.wall_seconds,
        shown=shown,
        overlap={task: {part: (n.shown, n.scoring) for part, n in parts.items()} for task, parts in partly.items()},
        preludes={problem.id: problem.task.prelude for problem in problems if _needs_prelude(problem)},
    )


def _needs_prelude(problem: Problem) -> bool:
    """An insertion goes on from its prelude and is no program of its own."""
    return problem.task.kind == "function" and bool(problem.task.prelude)


def grown(there: SuiteRecord, more: SuiteRecord) -> SuiteRecord:
    """``more`` with the tasks of ``there``, which is the same suite."""
    tasks = tuple(dict.fromkeys([*there.tasks, *more.tasks]))
    shown = tuple(dict.fromkeys([*there.shown, *more.shown]))
    overlap = {name: found for name, found in {**there.overlap, **more.overlap}.items() if name not in shown}
    counted = [{part: Overlap(*found) for part, found in parts.items()} for parts in overlap.values()]
    return more.model_copy(
        update={
            "tasks": tasks,
            "shown": shown,
            "overlap": overlap,
            "scored_on": scored_on(len(tasks), len(shown), counted),
            "preludes": _preludes(there, more),
        }
    )


def _preludes(there: SuiteRecord, more: SuiteRecord) -> dict[str, str] | None:
    """Of all tasks; ``None`` where those of some are unknown still."""
    if there.preludes is None and not set(there.tasks) <= set(more.tasks):
        return None
    return None if more.preludes is None else {**(there.preludes or {}), **more.preludes}
