"""Grading many samples at once, and what is said about them together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linewise.benchmarks.base import Suite
from linewise.benchmarks.grader import Grade, Grader
from linewise.benchmarks.metrics import pass_at_k, wilson
from linewise.errors import SandboxError
from linewise.meter import Meter
from linewise.runs.sample_files import GivenSample
from linewise.schema import Failure

KS = (1, 10, 100)
"""The k of pass@k that are reported where every task has that many samples."""

_STATUS = {True: "pass", False: "fail", None: None}


@dataclass(frozen=True, slots=True)
class Graded:
    """A sample and the verdict on it."""

    sample: GivenSample
    grade: Grade


def grade_samples(
    samples: Sequence[GivenSample],
    grader: Grader,
    workers: int,
    *,
    meter: Meter,
    on_done: Callable[[Graded], None] = lambda graded: None,
) -> list[Graded]:
    """Grade all samples, ``workers`` at a time; the result has their order.

    A sandbox that breaks leaves a grade that says nobody knows. Raises ``Stopped``.
    """

    def grade(sample: GivenSample) -> Graded:
        graded = Graded(sample, _grade(grader, sample, meter))
        on_done(graded)
        return graded

    with ThreadPoolExecutor(workers, thread_name_prefix="grade") as threads:
        return list(threads.map(grade, samples))


def _grade(grader: Grader, sample: GivenSample, meter: Meter) -> Grade:
    try:
        return grader.grade(sample.problem, sample.code, meter=meter)
    except SandboxError as error:
        parts = dict.fromkeys(sample.problem.key.parts)
        tests = len(sample.problem.key.tests)
        return Grade(None, parts, tests, run=0, failure="infrastructure error", error=str(error))


@dataclass(frozen=True, slots=True)
class Results:
    """Graded samples of one suite, by task in the order of the suite."""

    suite: Suite
    tasks: Mapping[str, Sequence[Graded]]

    @classmethod
    def of(cls, suite: Suite, graded: Iterable[Graded]) -> "Results":
        """Sorted by task."""
        found: dict[str, list[Graded]] = {}
        for one in graded:
            found.setdefault(one.sample.problem.id, []).append(one)
        return cls(suite, {name: found[name] for name in suite.problems if name in found})

    @property
    def passed(self) -> int:
        """How many tasks' first sample passes."""
        return sum(first.grade.passed is True for first in self._firsts)

    @property
    def unknown(self) -> list[str]:
        """Tasks with a sample that nobody knows the verdict on."""
        return [name for name, all_ in self.tasks.items() if any(one.grade.passed is None for one in all_)]

    @property
    def _firsts(self) -> list[Graded]:
        return [samples[0] for samples in self.tasks.values()]

    def pass_at(self, part: str | None = None) -> dict[str, float]:
        """``pass@k`` for every k that all tasks have samples for; of ``part`` alone, where one is named.

        Nothing where a verdict is unknown: then no estimate is without bias.
        """
        if self.unknown or not self.tasks:
            return {}
        counts = [(len(samples), sum(_passes(one.grade, part) for one in samples)) for samples in self.tasks.values()]
        possible = [k for k in KS if all(n >= k for n, _ in counts)]
        return {f"pass@{k}": sum(pass_at_k(n, c, k) for n, c in counts) / len(counts) for k in possible}

    def lines(self) -> list[str]:
        """The results in a few plain lines."""
        total, size = len(self.tasks), self.suite.size
        judged = sum(first.grade.passed is not None for first in self._firsts)
        low, high = wilson(self.passed, judged)
        share = f"{100 * self.passed / judged:.1f}% [{100 * low:.1f}%, {100 * high:.1f}%]" if judged else "no verdict"
        lines = [f"{self.suite.name}: {self.passed} of {judged} tasks passed: {share} (95% Wilson interval)"]
        if judged < total:
            lines.append(f"{total - judged} tasks have no verdict, for the sandbox broke, and are not counted")
        parts = next(iter(self.tasks.values()))[0].grade.parts if total else {}
        for part in parts if len(parts) > 1 else ():
            count = sum(first.grade.parts[part] is True for first in self._firsts)
            lines.append(f"{part}: {count} of {total}")
        lines.append(f"{total} of {size} tasks; scored on {self.suite.scored_on}")
        if any(len(samples) > 1 for samples in self.tasks.values()):
            lines.append(", ".join(f"{name}: {100 * value:.1f}%" for name, value in self.pass_at().items()))
            lines.append("the first sample of each task is counted above")
        return [line for line in lines if line]

    def as_json(self) -> dict[str, Any]:
        """The verdict on each task; where it has several samples, on the first."""
        return {
            "suite": self.suite.name,
            "total": len(self.tasks),
            "passed": self.passed,
            "size": self.suite.size,
            "scored_on": self.suite.scored_on,
            "pass_at_k": self.pass_at(),
            "tasks": {name: _task(samples) for name, samples in self.tasks.items()},
        }

    def as_evalplus(self) -> dict[str, Any]:
        """The results in the form of EvalPlus's own file, with ``base_status`` and ``plus_status``."""
        parts = [*next(iter(self.suite.problems.values())).key.parts] if self.suite.problems else []
        return {
            "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
            "hash": self.suite.checksum,
            "eval": {name: [_evalplus(one) for one in samples] for name, samples in self.tasks.items()},
            "pass_at_k": {
                "base": self.pass_at(parts[0] if parts else None),
                **({"plus": self.pass_at()} if len(parts) > 1 else {}),
            },
            "suite": self.suite.name,
            "size": self.suite.size,
        }


def _passes(grade: Grade, part: str | None) -> bool:
    return (grade.passed if part is None else grade.parts[part]) is True


def _task(samples: Sequence[Graded]) -> dict[str, Any]:
    grade = samples[0].grade
    several = {"samples": len(samples), "correct": sum(one.grade.passed is True for one in samples)}
    return {
        "passed": grade.passed,
        "parts": dict(grade.parts),
        "failure": grade.failure,
        "error": grade.error,
        "trust": grade.trust.value,
        **(several if len(samples) > 1 else {}),
    }


def _evalplus(graded: Graded) -> dict[str, Any]:
    grade = graded.grade
    statuses = [_status(grade, part) for part in grade.parts]
    return {
        "task_id": graded.sample.problem.id,
        "solution": graded.sample.code,
        "base_status": statuses[0] if statuses else None,
        "plus_status": statuses[1] if len(statuses) > 1 else None,
        "base_fail_tests": [],
        "plus_fail_tests": [],
        "passed": grade.passed,
        "failure": grade.failure,
        "trust": grade.trust.value,
    }


def _status(grade: Grade, part: str) -> str | None:
    failed = [name for name, passed in grade.parts.items() if passed is False]
    if failed[:1] == [part] and grade.failure == Failure.TIMEOUT.value:
        return "timeout"
    return _STATUS[grade.parts[part]]
