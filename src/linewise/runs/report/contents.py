"""What a report says, before it has a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from linewise.errors import InputError
from linewise.runs.figures.comparison import Comparison, compare
from linewise.runs.figures.costs import By, Point, curve, round_costs, share_at, task_costs
from linewise.runs.figures.scores import scored, solve_rates
from linewise.runs.figures.summary import Summary, summarise
from linewise.runs.reading import Run, name_apart


@dataclass(frozen=True, slots=True)
class TaskCost:
    """What a task cost a run, and the share of its samples that solved it."""

    cost: float
    solved: float


@dataclass(frozen=True, slots=True)
class Report:
    """``comparisons`` are of every later run against the first; ``not_compared`` says why one is missing.

    ``other_tasks``: runs whose rates are of other tasks than those of the first, so that they are no comparison.
    ``curves`` and ``task_costs`` are by name of run and of tokens computed; a run with unknown costs has empty ones.
    """

    runs: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    not_compared: tuple[str, ...]
    other_tasks: tuple[str, ...]
    curves: Mapping[str, tuple[Point, ...]]
    task_costs: Mapping[str, tuple[TaskCost, ...]]

    @property
    def suites(self) -> str:
        """The names of the suites."""
        return ", ".join(dict.fromkeys(run.suite for run in self.runs))

    @property
    def rate_columns(self) -> list[float]:
        """Round numbers of tokens at which the curves are read off: at most the last eight."""
        return round_costs(list(self.curves.values()))[-8:]

    def rates_at(self, name: str) -> list[float]:
        """What the curve of run ``name`` says at each of ``rate_columns``."""
        return [share_at(self.curves[name], cost) for cost in self.rate_columns]


def report_on(runs: Sequence[Run]) -> Report:
    """The report on ``runs``, the first of which the others are compared against. Raises ``InputError`` for none."""
    if not runs:
        raise InputError("no run: give the run directories to report on")
    names = name_apart(runs)
    comparisons, refused = _comparisons(runs, names)
    return Report(
        runs=tuple(summarise(run, name) for run, name in zip(runs, names, strict=True)),
        comparisons=tuple(comparisons),
        not_compared=tuple(refused),
        other_tasks=tuple(name for run, name in zip(runs, names, strict=True) if _tasks(run) != _tasks(runs[0])),
        curves={name: curve(scored(run)) for run, name in zip(runs, names, strict=True)},
        task_costs={name: _task_costs(run) for run, name in zip(runs, names, strict=True)},
    )


def _comparisons(runs: Sequence[Run], names: Sequence[str]) -> tuple[list[Comparison], list[str]]:
    """Runs that cannot be compared are no reason to have no report on them."""
    made, refused = [], []
    for run, name in zip(runs[1:], names[1:], strict=True):
        try:
            made.append(compare(runs[0], run, names=(names[0], name)))
        except InputError as error:
            refused.append(str(error))
    return made, refused


def _tasks(run: Run) -> tuple[str, frozenset[str]]:
    """The suite and its tasks that the rates of ``run`` are of."""
    return run.info.suite.name, frozenset(scored(run))


def _task_costs(run: Run, by: By = "computed") -> tuple[TaskCost, ...]:
    tasks = scored(run)
    rates = solve_rates(tasks)
    return tuple(TaskCost(cost, rates[task]) for task, cost in task_costs(tasks, by).items())
