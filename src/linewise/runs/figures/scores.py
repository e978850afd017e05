"""Verdicts become shares. Tasks are what is counted: several seeds of a task make one value, their mean."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Self

from linewise.benchmarks.metrics import pass_at_k, wilson
from linewise.runs.reading import Run
from linewise.runs.records import GradeRecord, Sample


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of tasks with its Wilson interval of 95%; ``solved`` is a sum over tasks, whole with one seed."""

    solved: float
    tasks: int
    share: float
    low: float
    high: float

    @classmethod
    def over(cls, values: Iterable[float]) -> Self | None:
        """The rate of ``values`` in [0, 1], one for each task; ``None`` where there is none."""
        known = list(values)
        if not known:
            return None
        total = math.fsum(known)
        return cls(total, len(known), total / len(known), *wilson(total, len(known)))


@dataclass(frozen=True, slots=True)
class Scored:
    """A sample with the verdict of the hidden tests on it: one that is known."""

    sample: Sample
    grade: GradeRecord
    passed: bool


def scored(run: Run) -> dict[str, list[Scored]]:
    """By task the samples with a known verdict, tasks without one left out.

    Where the sandbox broke or nothing has been graded yet nobody knows, and that counts for nothing.
    """
    found: dict[str, list[Scored]] = defaultdict(list)
    for key, sample in run.samples.items():
        grade = run.grades.get(key)
        if grade is not None and grade.passed is not None:
            found[sample.task_id].append(Scored(sample, grade, grade.passed))
    return dict(found)


def solve_rates(tasks: Mapping[str, list[Scored]]) -> dict[str, float]:
    """By task, the share of its samples that pass: selected pass@1."""
    return _means(tasks, lambda one: one.passed)


def oracle_rates(tasks: Mapping[str, list[Scored]]) -> dict[str, float]:
    """By task, the share of its samples of which any attempt passes; tasks where nobody knows are left out."""
    return _means(tasks, lambda one: one.grade.any_passed)


def wrong_rates(tasks: Mapping[str, list[Scored]], shown: Iterable[str]) -> dict[str, float]:
    """By task, of the samples that passed the visible tests the share that the hidden ones fail.

    Tasks in ``shown`` are left out: all that scores them was shown. So are tasks without an accepted sample.
    """
    hidden = {task: found for task, found in tasks.items() if task not in set(shown)}
    return _means(hidden, lambda one: not one.passed if one.sample.passed_visible else None)


def pass_rates(tasks: Mapping[str, list[Scored]]) -> dict[int, Rate]:
    """pass@k over the seeds for k = 2, 5, 10, ... and the most that every task has samples for; empty with one seed."""
    fewest = min(map(len, tasks.values()), default=0)
    wanted = sorted({k for k in (2, 5, 10, 20, 50, 100) if k <= fewest} | ({fewest} if fewest > 1 else set()))
    return {k: rate for k in wanted if (rate := Rate.over(_pass_at(found, k) for found in tasks.values()))}


def _pass_at(found: list[Scored], k: int) -> float:
    return pass_at_k(len(found), sum(one.passed for one in found), k)


def _means(tasks: Mapping[str, list[Scored]], value: Callable[[Scored], bool | None]) -> dict[str, float]:
    """By task the mean of ``value`` where it is known."""
    known = {task: [one for one in map(value, found) if one is not None] for task, found in tasks.items()}
    return {task: fmean(values) for task, values in known.items() if values}
