"""What a suite is: problems of two parts. The task is for everyone, the answer key for the grader alone.

Visible tests belong to a ``Task`` and are of the types in ``schema``. What is here is hidden and of other types, so no
strategy, prompt or event can hold it by accident: none of them takes a ``HiddenTest``, and nothing but ``grader`` turns
one into something that runs.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from linewise.benchmarks.overlap import Overlap, scored_on
from linewise.errors import InputError, SandboxError
from linewise.execution.base import Limits, Program, Sandbox
from linewise.guidance.options import WorkedExample
from linewise.meter import Meter
from linewise.schema import AssertTest, Comparison, Status, StdioTest, Task


@dataclass(frozen=True, slots=True, repr=False)
class HiddenAssert:
    """Statements that score an answer; a call in them reaches the entry point."""

    source: str


@dataclass(frozen=True, slots=True, repr=False)
class HiddenStdio:
    """Standard input and the output that scores an answer; ``compare`` and ``tolerance`` as in ``StdioTest``."""

    stdin: str
    stdout: str
    compare: Comparison = "lines"
    tolerance: float = 1e-6


HiddenTest = HiddenAssert | HiddenStdio

_ASSERTS = 50
"""How many asserts of a long list share a script."""


@dataclass(frozen=True, slots=True, repr=False)
class AnswerKey:
    """What scores the answers to one problem; for the grader alone.

    ``parts``: hidden tests by the part of the suite that they belong to (``base`` and ``plus`` for EvalPlus, else
    one part ``hidden``); an answer passes where all parts do. ``program`` puts an answer into what runs.
    ``reference`` is a solution that the suite's authors give, ``None`` where there is none.
    """

    parts: Mapping[str, tuple[HiddenTest, ...]]
    reference: str | None = None
    program: Callable[[Task, str], Program] = Program.of

    @property
    def tests(self) -> tuple[HiddenTest, ...]:
        """All hidden tests, part after part."""
        return tuple(test for tests in self.parts.values() for test in tests)


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a suite: its ``task`` may be shown to anyone, its ``key`` may not.

    ``stem`` is the code that a ``completion`` in the sense of HumanEval goes on from; empty where one stands alone.
    ``limits`` are those of grading this problem; ``None``: the suite's. ``stub`` is an answer that does nothing, with
    which the visible tests run where they can run at all; ``None`` where that goes without saying.
    ``counted``: by part how many of the tests that score are visible too, where a hidden test is a script of many and
    only the loader can tell; ``None``: hidden tests are compared with visible ones.
    """

    id: str
    task: Task
    key: AnswerKey = field(repr=False)
    stem: str = ""
    limits: Limits | None = None
    stub: str | None = None
    counted: Mapping[str, Overlap] | None = None

    def prepare(self, sandbox: Sandbox, limits: Limits, *, meter: Meter) -> Task:
        """The task as it can be guided in ``sandbox``: without its tests where these cannot run, whatever the answer.

        Asks nothing but the task itself. Raises what ``Sandbox.run`` raises, and ``SandboxError`` where it is broken.
        """
        if self.stub is None:
            return self.task
        outcomes = sandbox.run(Program.of(self.task, self.stub), self.task.tests, limits, meter=meter)
        broken = next((outcome for outcome in outcomes if outcome.status is Status.INFRASTRUCTURE), None)
        if broken:
            raise SandboxError(f"{self.id}: {broken.error}")
        return self.task if all(outcome.passed for outcome in outcomes) else replace(self.task, tests=())

    @property
    def overlap(self) -> Mapping[str, Overlap]:
        """By part of the key, how many of the tests that score are also visible."""
        if self.counted is not None:
            return self.counted
        seen = {_compared(test) for test in self.task.tests}
        return {
            part: Overlap(sum(_compared(test) in seen for test in tests), len(tests))
            for part, tests in self.key.parts.items()
        }

    @property
    def shown(self) -> bool:
        """Whether every test that scores an answer is also visible: then a score says nothing about unseen tests."""
        return all(found.shown == found.scoring for found in self.overlap.values())

    @property
    def partly_shown(self) -> bool:
        """Whether some of the tests that score an answer are visible, and not all."""
        return not self.shown and any(found.shown for found in self.overlap.values())


@dataclass(frozen=True, slots=True)
class Suite:
    """A benchmark as it was loaded.

    ``size`` is the number of tasks of the whole benchmark, of which ``problems`` may hold a part. ``limits`` are those
    of grading, where a problem has none of its own. ``source`` names the data with its revision, ``checksum`` is the
    SHA-256 of what was read.
    ``examples`` are solved tasks for a few-shot prompt; ``preload`` modules that programs find imported.
    """

    name: str
    problems: Mapping[str, Problem]
    size: int
    limits: Limits
    source: str
    checksum: str
    examples: tuple[WorkedExample, ...] = ()
    preload: tuple[str, ...] = ()

    def problem(self, task_id: str) -> Problem:
        """The problem called ``task_id``, in the suite's own spelling or another one; raises ``InputError``."""
        found = self.problems.get(task_id) or self._folded().get(fold(task_id))
        if found is None:
            raise InputError(f"{task_id}: no such task in {self.name} as it is here ({len(self.problems)} tasks)")
        return found

    def _folded(self) -> Mapping[str, Problem]:
        return {fold(name): problem for name, problem in self.problems.items()}


def what_scores(problems: Sequence[Problem]) -> str:
    """In plain words, which tests score ``problems``: tests that were shown, or others."""
    partly = [problem.overlap for problem in problems if problem.partly_shown]
    return scored_on(len(problems), sum(problem.shown for problem in problems), partly)


Library = Literal["matplotlib", "numpy", "pandas", "pytorch", "scipy", "sklearn", "tensorflow"]


def _names(value: object) -> object:
    """On the command line several names are one text with commas."""
    return [part.strip().lower() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class SuiteOptions(BaseModel):
    """What may be chosen about a suite."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    visible: int | None = Field(
        default=None, ge=0, le=100, description="visible tests of a task, the first ones; None: what the suite shows"
    )
    split: Literal["test", "validation", "train", "all"] | None = Field(
        default=None, description="which tasks, for suites made of MBPP; None: those that are usually scored"
    )
    libraries: Annotated[tuple[Library, ...], BeforeValidator(_names)] = Field(
        default=(), description="of DS-1000, the problems that need no others than these; none named: all"
    )


def wall_four_times(cpu_seconds: float) -> Limits:
    """Limits of grading: so many processor seconds, and four times as many on the clock for a busy machine."""
    return Limits(cpu_seconds=cpu_seconds, wall_seconds=4 * cpu_seconds)


def scripts(tests: Sequence[str]) -> tuple[HiddenAssert, ...]:
    """Hidden tests of many asserts: a few scripts, for each is a run of its own and may take the limit of time."""
    groups = [tests[start : start + _ASSERTS] for start in range(0, len(tests), _ASSERTS)]
    return tuple(HiddenAssert("\n".join(group)) for group in groups)


def fold(task_id: str) -> str:
    """``task_id`` without what spellings differ in: ``MBPP/11``, ``Mbpp/11`` and ``11`` are the same."""
    return task_id.strip().lower().rpartition("/")[2]


@lru_cache(maxsize=4096)
def normalised(source: str) -> str:
    """``source`` as the text of its syntax tree: the same for tests that differ in layout alone."""
    try:
        return ast.unparse(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError):
        return source.strip()


def _compared(test: object) -> tuple[str, ...] | None:
    """What is the same in a visible and a hidden test that are the same; ``None`` for a probe."""
    if isinstance(test, AssertTest | HiddenAssert):
        return (normalised(test.source),)
    return (test.stdin, test.stdout) if isinstance(test, StdioTest | HiddenStdio) else None
