"""What a run shows: solved, at what cost, by what, and what is not known."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from linewise.benchmarks.overlap import SHOWN
from linewise.runs.figures.costs import Budgets, Costs, budgets, costs
from linewise.runs.figures.scores import Rate, Scored, oracle_rates, pass_rates, scored, solve_rates, wrong_rates
from linewise.runs.reading import Run
from linewise.runs.records import RunInfo, Sample
from linewise.schema import Origin, Trust


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Tasks of the whole benchmark, of the run, with a sample for each seed, and with a known verdict."""

    benchmark: int
    selected: int
    done: int
    scored: int


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """Samples, one for each task and seed.

    ``broken``: samples on which the sandbox gave no verdict; ``unfinished``: those that engine or sandbox kept from
    being made. Both are infrastructure errors, never wrong answers, and count for nothing. ``ungraded``: without a line
    in ``grades.jsonl``.
    """

    planned: int
    done: int
    scored: int
    ungraded: int
    broken: int
    unfinished: int


@dataclass(frozen=True, slots=True)
class Summary:
    """One run in figures; a rate is ``None`` where no task can tell.

    ``solved``: selected pass@1. ``pass_at_k``: over the seeds, by k. ``oracle``: any of a sample's attempts passes.
    ``accepted_but_wrong``: passed the visible and failed the hidden tests; ``accepted_note`` says why it is n/a.
    ``solved_by``: solved samples by origin; ``solved_by_changed``: those of them whose answer holds tokens, or a
    candidate's stands behind tokens, that guidance changed.
    ``failures``: failed samples by what the first failing test did.
    ``unguided``: tasks decoded without guidance, for nothing of them could be run. ``in_process``: verdicts made within
    the program's process. ``unsolved_by``: the run that failed the visible tests of these tasks.
    """

    name: str
    suite: str
    method: str
    model: str
    selection: str
    scored_on: str
    unsolved_by: str | None
    tasks: TaskCounts
    samples: SampleCounts
    solved: Rate | None
    pass_at_k: Mapping[int, Rate]
    oracle: Rate | None
    accepted_but_wrong: Rate | None
    accepted_note: str
    solved_by: Mapping[str, int]
    solved_by_changed: Mapping[str, int]
    failures: Mapping[str, int]
    unguided: int
    guided_tokens: int
    changed_tokens: int
    in_process: int
    costs: Costs
    budgets: Budgets | None
    notes: tuple[str, ...]

    @property
    def infrastructure_errors(self) -> int:
        """Samples of which nobody knows whether they pass, because something other than the answer broke."""
        return self.samples.broken + self.samples.unfinished


def summarise(run: Run, name: str | None = None) -> Summary:
    """The summary of ``run``, called ``name`` or as its directory is."""
    tasks = scored(run)
    found = [one for samples in tasks.values() for one in samples]
    shown = shown_tasks(run.info)
    wrong = Rate.over(wrong_rates(tasks, shown).values())
    return Summary(
        name=name or run.name,
        suite=run.info.suite.name,
        method=method_of(run.info),
        model=run.info.model,
        selection=selection_of(run),
        scored_on=run.info.suite.scored_on,
        unsolved_by=run.info.unsolved_by.run if run.info.unsolved_by else None,
        tasks=_task_counts(run, tasks),
        samples=_sample_counts(run, len(found)),
        solved=Rate.over(solve_rates(tasks).values()),
        pass_at_k=pass_rates(tasks),
        oracle=Rate.over(oracle_rates(tasks).values()),
        accepted_but_wrong=wrong,
        accepted_note="" if wrong else _accepted_note(tasks, shown),
        solved_by=_by_origin(one.sample for one in found if one.passed),
        solved_by_changed=_by_origin(one.sample for one in found if one.passed and _changed(one.sample)),
        failures=_counted(one.grade.failure or "unknown" for one in found if not one.passed),
        unguided=len({sample.task_id for sample in run.samples.values() if sample.unguided}),
        guided_tokens=sum(sample.guided_tokens for sample in run.samples.values()),
        changed_tokens=sum(sample.changed_tokens for sample in run.samples.values()),
        in_process=sum(one.grade.trust is Trust.IN_PROCESS for one in found),
        costs=costs(run),
        budgets=budgets(run),
        notes=run.notes,
    )


def method_of(info: RunInfo) -> str:
    """What solved the tasks, in a few words: ``direct``, ``best-of-16``, ``eg-cfg default, gamma 0``.

    It names the preset, of which other options may have been changed: ``differing_settings`` lists these.
    """
    settings = info.settings
    strategy = str(settings.get("strategy", "unknown"))
    words = {"best-of-n": f"best-of-{_within(settings, 'best_of_n').get('n', 'n')}"}.get(strategy, strategy)
    if strategy == "eg-cfg":
        gamma = _within(settings, "guidance").get("gamma")
        words += f" {settings.get('preset', '')}".rstrip() + (", gamma 0" if gamma == 0 else "")
    return words + (f", matched to {info.match.run} by {info.match.by}" if info.match else "")


def selection_of(run: Run) -> str:
    """How the one answer to a task was chosen, in words."""
    visible = run.info.suite.options.get("visible")
    samples = run.samples.values()
    if visible == 0 or (run.samples and not _checked(samples)):
        ran = any(sample.cost.sandbox_runs for sample in samples)  # probes: they compare nothing
        return f"unchecked, for there are no visible tests: the first answer{' that runs' if ran else ''} is taken"
    without = len({one.task_id for one in samples if one.passed_visible is None})
    words = "by visible tests alone" + (f" (--visible {visible})" if visible is not None else "")
    return words + (f", unchecked for {without} of the tasks, which have none" if without else "")


def shown_tasks(info: RunInfo) -> frozenset[str]:
    """The tasks whose scoring tests were all shown."""
    return frozenset(info.suite.tasks if info.suite.scored_on == SHOWN else info.suite.shown)


def _checked(samples: Iterable[Sample]) -> bool:
    """Whether visible tests had a say in any of ``samples``; that there is no answer at all is seen without any."""
    return any(sample.passed_visible is not None and sample.solution.strip() for sample in samples)


def _within(settings: Mapping[str, object], section: str) -> Mapping[str, object]:
    found = settings.get(section)
    return found if isinstance(found, Mapping) else {}


def _task_counts(run: Run, tasks: Mapping[str, list[Scored]]) -> TaskCounts:
    suite = run.info.suite
    samples = Counter(task for task, _ in run.samples)
    done = sum(samples[task] == len(run.info.seeds) for task in suite.tasks)
    return TaskCounts(suite.size, len(suite.tasks), done, len(tasks))


def _sample_counts(run: Run, known: int) -> SampleCounts:
    return SampleCounts(
        planned=run.planned,
        done=len(run.samples),
        scored=known,
        ungraded=len(run.samples) - len(run.grades),
        broken=sum(grade.passed is None for grade in run.grades.values()),
        unfinished=len(run.broken),
    )


def _accepted_note(tasks: Mapping[str, list[Scored]], shown: frozenset[str]) -> str:
    if not tasks:
        return "n/a: no task has a verdict"
    if set(tasks) <= shown:
        return "n/a: scored on shown tests"
    if not _checked(one.sample for found in tasks.values() for one in found):
        return "n/a: no visible tests"
    return "n/a: no answer passed visible tests"


def _by_origin(samples: Iterable[Sample]) -> dict[str, int]:
    return _counted((sample.origin for sample in samples), (origin.value for origin in Origin))


def _changed(sample: Sample) -> bool:
    return sample.selected is not None and sample.selected.changed_tokens > 0


def _counted(values: Iterable[str], order: Iterable[str] = ()) -> dict[str, int]:
    """How often each value is there, those of ``order`` first and also where they are not, then by frequency."""
    counts = Counter(str(value) for value in values)
    first = list(order)
    others = sorted(set(counts) - set(first), key=lambda value: (-counts[value], value))
    return {value: counts[value] for value in [*first, *others]}
