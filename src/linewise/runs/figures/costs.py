"""What a run cost: sums, means and medians of its ledgers, budgets, and the solve rate that a cost buys."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean, median
from typing import Literal, NamedTuple

from linewise.runs.figures.scores import Scored
from linewise.runs.reading import Run
from linewise.runs.records import Cost

By = Literal["computed", "seconds"]
COUNTS = ("computed", "cached", "generated", "forward_passes", "sandbox_runs")


@dataclass(frozen=True, slots=True)
class Spent:
    """A cost over all samples. All of it is ``None`` where one sample's is unknown."""

    total: float | None
    mean: float | None
    median: float | None

    @classmethod
    def over(cls, values: Iterable[float | None]) -> "Spent":
        """The sums of ``values``, one for each sample."""
        given = list(values)
        known = [value for value in given if value is not None]
        if not given or len(known) < len(given):
            return cls(None, None, None)
        return cls(sum(known), fmean(known), median(known))


@dataclass(frozen=True, slots=True)
class Costs:
    """``counts``: by field of the ledger, tokens computed first; ``seconds``: by part, ``total`` first."""

    samples: int
    counts: Mapping[str, Spent]
    seconds: Mapping[str, Spent]


@dataclass(frozen=True, slots=True)
class Budgets:
    """What samples matched to ``run`` were allowed to spend and what they spent; ``over``: how many spent more."""

    run: str
    by: By
    samples: int
    allowed: float
    spent: float | None
    over: int | None


class Point(NamedTuple):
    """``share`` of the tasks were solved with at most ``cost`` a task."""

    cost: float
    share: float


def costs(run: Run) -> Costs:
    """What all samples cost, with or without a verdict: it was spent all the same."""
    ledgers = [sample.cost for sample in run.samples.values()]
    parts = sorted({part for ledger in ledgers for part in ledger.seconds} - {"total"})
    return Costs(
        samples=len(ledgers),
        counts={name: Spent.over(getattr(ledger, name) for ledger in ledgers) for name in COUNTS},
        seconds={part: Spent.over(_seconds(ledger, part) for ledger in ledgers) for part in ("total", *parts)},
    )


def _seconds(ledger: Cost, part: str) -> float | None:
    """Of a part that did not happen 0; unknown where no time was taken, or no total."""
    return ledger.seconds.get(part, None if part == "total" or not ledger.seconds else 0.0)


def cost_by(cost: Cost, by: By) -> float | None:
    """The one figure by which costs are compared: tokens computed, or seconds in all."""
    return cost.computed if by == "computed" else cost.seconds.get("total")


def task_costs(tasks: Mapping[str, Sequence[Scored]], by: By) -> dict[str, float]:
    """By task the mean cost of its samples; tasks with an unknown cost are left out."""
    means = {task: Spent.over(cost_by(one.sample.cost, by) for one in found).mean for task, found in tasks.items()}
    return {task: mean for task, mean in means.items() if mean is not None}


def budgets(run: Run) -> Budgets | None:
    """Spent cost beside the budget; ``None`` where the run was matched to no other one."""
    match = run.info.match
    pairs = [(one.budget, one.cost) for one in run.samples.values() if one.budget is not None]
    if match is None or not pairs:
        return None
    spent = [cost_by(cost, match.by) for _, cost in pairs]
    over: int | None = 0
    for (budget, _), value in zip(pairs, spent, strict=True):
        over = None if over is None or value is None else over + (value > budget)
    return Budgets(match.run, match.by, len(pairs), sum(budget for budget, _ in pairs), Spent.over(spent).total, over)


def curve(tasks: Mapping[str, Sequence[Scored]], by: By = "computed") -> tuple[Point, ...]:
    """Solve rate as a function of cost, a step at each cost at which a sample was solved, and the end of the run.

    A sample counts once its whole cost is reached; one of several seeds counts for its part of a task. Empty where a
    cost is unknown: a curve of the rest would be of other tasks.
    """
    spent = [(cost_by(one.sample.cost, by), one.passed / len(found)) for found in tasks.values() for one in found]
    known = sorted((cost, weight) for cost, weight in spent if cost is not None)
    if not known or len(known) < len(spent):
        return ()
    shares = accumulate(weight / len(tasks) for _, weight in known)
    steps = {cost: round(share, 9) for (cost, weight), share in zip(known, shares, strict=True) if weight}
    last = known[-1][0]
    return tuple(Point(cost, share) for cost, share in {**steps, last: max(steps.values(), default=0.0)}.items())


def share_at(points: Sequence[Point], cost: float) -> float:
    """What ``points`` say of ``cost``."""
    return max((point.share for point in points if point.cost <= cost), default=0.0)


def round_costs(curves: Sequence[Sequence[Point]]) -> list[float]:
    """Costs of 1, 2 or 5 times a power of ten that are worth a column: from the first solved task to the last."""
    solved = [point.cost for points in curves for point in points if point.share > 0]
    if not solved:
        return []
    begin = next(n for n in range(90) if _round(n) >= min(solved))
    end = next(n for n in range(90) if _round(n) >= max(solved))
    return [_round(n) for n in range(begin, end + 1)]


def _round(n: int) -> float:
    """1, 2, 5, 10, 20, 50, 100, ..."""
    return (1, 2, 5)[n % 3] * 10.0 ** (n // 3)
