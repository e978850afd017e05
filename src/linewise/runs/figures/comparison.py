"""Two runs on the same tasks, task by task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from linewise.benchmarks.metrics import mcnemar, paired_difference, rsr
from linewise.benchmarks.overlap import SHOWN, Overlap, scored_on
from linewise.benchmarks.suites import mbpp
from linewise.errors import InputError
from linewise.runs.figures.costs import By, task_costs
from linewise.runs.figures.differences import Differing, differing_settings
from linewise.runs.figures.scores import Rate, Scored, scored, solve_rates
from linewise.runs.reading import Run
from linewise.runs.records import RunInfo, SuiteRecord

Names = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ratio:
    """The second run's cost over the first's: of the sums, and the median over tasks; ``None`` where unknown."""

    overall: float | None
    per_task: float | None
    tasks: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """By tasks, who solved them; ``p`` is that of McNemar's exact test.

    With several seeds a task is ``only_first`` where the first run solves it more often, ``only_second`` where it does
    less often, ``both`` where they are level and above 0; the test is then the sign test over tasks. ``p`` is ``None``
    where the tasks were selected by one of the runs, and where one has more samples of a task than the other: the run
    with fewer is more often at 0 and 1, so that "more often" is no even chance.
    """

    both: int
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    neither: int
    p: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """The second solve rate less the first, a share, with its interval of 95%."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second run against the first, on the ``tasks`` that both have a verdict on.

    ``apart``: how many tasks only one run has a verdict on, first and second. ``rsr``: of the second relative to the
    first, in percent. ``method``: settings that are compared; ``conditions``: what differs besides, which may be why.
    ``selected``: in words, that the tasks of one run are those whose visible tests the other failed. Then a difference
    is made by that selection, and there is none, nor p and RSR. Else it is empty.
    """

    first: str
    second: str
    suite: str
    scored_on: str
    tasks: int
    seeds: bool
    apart: tuple[int, int]
    agreement: Agreement
    rates: tuple[Rate, Rate]
    difference: Difference | None
    rsr: float | None
    costs: Mapping[By, Ratio]
    method: tuple[Differing, ...]
    conditions: tuple[Differing, ...]
    selected: str = ""


def compare(first: Run, second: Run, names: Names | None = None) -> Comparison:
    """``second`` against ``first``, called ``names`` or as their directories are.

    Raises ``InputError`` where their tests differ or they have no task in common.
    """
    names = names or (first.name, second.name)
    refuse_unlike(first, second, names)
    ours, theirs, common = _paired(first, second, names)
    one, two = solve_rates(ours), solve_rates(theirs)
    rates = _rate(one), _rate(two)
    method, conditions = differing_settings(first, second)
    selected = _selected(first, second, names)
    return Comparison(
        *names,
        suite=first.info.suite.name,
        scored_on=_scored_on(first.info.suite, common),
        tasks=len(common),
        seeds=max(len(first.info.seeds), len(second.info.seeds)) > 1,
        apart=(len(scored(first)) - len(common), len(scored(second)) - len(common)),
        agreement=_agreement(one, two, tested=not selected and _even(ours, theirs)),
        rates=rates,
        difference=None if selected else _difference(one, two),
        rsr=None if selected else rsr(100 * rates[1].share, 100 * rates[0].share),
        costs={"computed": _ratio(ours, theirs, "computed"), "seconds": _ratio(ours, theirs, "seconds")},
        method=method,
        conditions=conditions,
        selected=selected,
    )


def _scored_on(suite: SuiteRecord, tasks: Sequence[str]) -> str:
    """Which tests score ``tasks``, in words; as the record says where these are all, or it counted no overlap."""
    if set(tasks) == set(suite.tasks) or suite.scored_on == SHOWN:
        return suite.scored_on
    shown = sum(task in suite.shown for task in tasks)
    partly = [
        {part: Overlap(*found) for part, found in suite.overlap[task].items()}
        for task in tasks
        if task in suite.overlap
    ]
    return scored_on(len(tasks), shown, partly)


def _selected(first: Run, second: Run, names: Names) -> str:
    """Why the solve rates of both cannot be compared, where one run has the tasks that the other failed."""
    for one, other, (name, other_name) in ((first, second, names), (second, first, names[::-1])):
        if other.info.unsolved_by and other.info.unsolved_by.means(one.name, one.info.id):
            return f"the tasks of {other_name} are those whose visible tests {name} failed"
    return ""


def _difference(first: Mapping[str, float], second: Mapping[str, float]) -> Difference:
    share, limits = paired_difference(list(first.values()), list(second.values()))
    return Difference(share, *limits)


def _paired(
    first: Run, second: Run, names: Names
) -> tuple[dict[str, list[Scored]], dict[str, list[Scored]], list[str]]:
    """The verdicts of both on the tasks that both have, in the same order, and these tasks.

    Of runs with the same seeds a seed counts where both have a verdict on it.
    """
    ours, theirs = scored(first), scored(second)
    if set(first.info.seeds) == set(second.info.seeds):
        ours, theirs = _on_seeds_of(ours, theirs), _on_seeds_of(theirs, ours)
    common = [task for task in ours if task in theirs]
    if not common:
        raise InputError(f"{names[0]} and {names[1]}: no task has a verdict in both; run the same tasks")
    return {task: ours[task] for task in common}, {task: theirs[task] for task in common}, common


def _on_seeds_of(mine: Mapping[str, list[Scored]], others: Mapping[str, list[Scored]]) -> dict[str, list[Scored]]:
    known = {(task, one.sample.seed) for task, found in others.items() for one in found}
    kept = {task: [one for one in found if (task, one.sample.seed) in known] for task, found in mine.items()}
    return {task: found for task, found in kept.items() if found}


def _even(first: Mapping[str, list[Scored]], second: Mapping[str, list[Scored]]) -> bool:
    return all(len(found) == len(second[task]) for task, found in first.items())


def _agreement(first: Mapping[str, float], second: Mapping[str, float], *, tested: bool) -> Agreement:
    """From the solve rates of the same tasks."""
    only_first = tuple(task for task in first if first[task] > second[task])
    only_second = tuple(task for task in first if first[task] < second[task])
    neither = sum(first[task] == second[task] == 0 for task in first)
    both = len(first) - len(only_first) - len(only_second) - neither
    p = mcnemar(len(only_first), len(only_second)) if tested else None
    return Agreement(both, only_first, only_second, neither, p)


def refuse_unlike(first: Run, second: Run, names: Names) -> None:
    """Raise ``InputError`` where not the same tests were shown and scored in the runs called ``names``."""
    ours, theirs = _scoring(first.info), _scoring(second.info)
    for what in ours:
        if ours[what] != theirs[what]:
            raise InputError(
                f"{names[0]} and {names[1]}: their tests differ ({what}: {_said(ours[what])} and "
                f"{_said(theirs[what])}); compare runs of one suite, with the same data and --visible"
            )


def _scoring(info: RunInfo) -> dict[str, object]:
    """What decides which tests of a task are shown and which score it. Which tasks there are does not."""
    suite = info.suite
    visible = suite.options.get("visible")
    usual = mbpp.SHOWN if suite.name.startswith("mbpp") else None
    return {
        "suite": suite.name,
        "checksum of the data": suite.checksum,
        "visible tests of a task": usual if visible is None else visible,
    }


def _said(value: object) -> object:
    return "all" if value is None else value


def _rate(values: Mapping[str, float]) -> Rate:
    rate = Rate.over(values.values())
    if rate is None:
        raise AssertionError("runs without a common task are refused")
    return rate


def _ratio(first: Mapping[str, list[Scored]], second: Mapping[str, list[Scored]], by: By) -> Ratio:
    """Over the tasks whose cost is known in both runs: all of them, or the sums would be of different tasks."""
    ours, theirs = task_costs(first, by), task_costs(second, by)
    known = [task for task in ours if task in theirs]
    if len(known) < len(first):
        return Ratio(None, None, len(known))
    below = sum(ours.values())
    ratios = [theirs[task] / ours[task] for task in known if ours[task]]
    return Ratio(sum(theirs.values()) / below if below else None, median(ratios) if ratios else None, len(known))
