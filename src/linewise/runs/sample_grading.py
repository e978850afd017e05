"""Grading many samples at once, and what is said about them together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linewise.benchmarks.base import Suite, what_scores
from linewise.benchmarks.grader import Grade, Grader
from linewise.benchmarks.metrics import wilson
from linewise.errors import SandboxError
from linewise.meter import Meter
from linewise.runs import evalplus_form
from linewise.runs.sample_files import GivenSample


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

    @property
    def scored_on(self) -> str:
        """In plain words, which tests score these tasks."""
        return what_scores([first.sample.problem for first in self._firsts])

    def pass_at(self, part: str = "all") -> dict[str, float]:
        """``pass@k`` for every k that all tasks have samples for; of ``base`` or ``plus`` as EvalPlus has them, or all.

        Nothing where a verdict is unknown: then no estimate is without bias.
        """
        if self.unknown:
            return {}
        tasks = self.tasks.values()
        return evalplus_form.estimates([(len(found), sum(_right(one.grade, part) for one in found)) for found in tasks])

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
            lines.append(self._part_line(part))
        lines.append(f"{total} of {size} tasks; scored on {self.scored_on}")
        if any(len(samples) > 1 for samples in self.tasks.values()):
            lines.append(", ".join(f"{name}: {100 * value:.1f}%" for name, value in self.pass_at().items()))
            lines.append("the first sample of each task is counted above")
        return [line for line in lines if line]

    def _part_line(self, part: str) -> str:
        """How many of the tasks whose verdict on ``part`` is known pass it, and of how many it is not."""
        known = [passed for first in self._firsts if (passed := first.grade.parts[part]) is not None]
        broken = len(self._firsts) - len(known)
        return f"{part}: {sum(known)} of {len(known)}" + (f" ({broken} could not be judged)" if broken else "")

    def as_json(self) -> dict[str, Any]:
        """The verdict on each task; where it has several samples, on the first."""
        return {
            "suite": self.suite.name,
            "total": len(self.tasks),
            "passed": self.passed,
            "size": self.suite.size,
            "scored_on": self.scored_on,
            "pass_at_k": self.pass_at(),
            "tasks": {name: _task(samples) for name, samples in self.tasks.items()},
        }

    def as_evalplus(self) -> dict[str, Any]:
        """The results in the form of EvalPlus's own file, with ``base_status`` and ``plus_status``."""
        names = {name: None for found in self.tasks.values() for one in found for name in _named(one.grade)}
        return {
            "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
            "hash": self.suite.checksum,
            "eval": {name: [_evalplus(one) for one in samples] for name, samples in self.tasks.items()},
            "pass_at_k": {name: self.pass_at(name) for name in names},
            "suite": self.suite.name,
            "size": self.suite.size,
        }


def _named(grade: Grade) -> dict[str, bool | None]:
    return evalplus_form.right(grade.parts, grade.passed)


def _right(grade: Grade, part: str) -> bool:
    return (grade.passed if part == "all" else _named(grade)[part]) is True


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
    grade, sample = graded.grade, graded.sample
    return {
        **evalplus_form.entry(sample.problem.id, sample.code, grade.parts, grade.failure),
        "passed": grade.passed,
        "failure": grade.failure,
        "trust": grade.trust.value,
    }
