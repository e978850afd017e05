"""CodeContests (Li et al., 2022): whole programs that read standard input and print.

The public tests are visible; the private and generated ones, which the data may merge into one list, are hidden and
score.
An answer is a program or defines ``solve()``; both get a test's input as their real standard input.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from linewise.benchmarks.base import AnswerKey, HiddenStdio, Problem, Suite, SuiteOptions, wall_four_times
from linewise.benchmarks.data import Form, Record, Texts, read_data
from linewise.execution.base import Limits
from linewise.schema import StdioTest, Task

FILE = "codecontests/codecontests.jsonl.gz"
SIZE = 165
"""Problems of the whole test split."""

UNSTATED = 2.0
"""Seconds of a problem that states no limit of its own: what most contests grant."""

PYTHON_FACTOR = 5
"""Processor seconds of grading for each second of a problem's own limit, which was set for compiled programs.

It is generous, as judges are that extend their limits for Python: a right algorithm should not fail for its language.
Most hidden inputs are small (the longest has some hundred characters), so a better one is rarely told from a worse.
"""

_EXAMPLES = re.compile(r"^Examples?\n\n.*?(?=^Note\n\n|\Z)", re.MULTILINE | re.DOTALL)
_TOLERANCE = re.compile(r"absolute or relative error[^.]*?10\s*\^\s*\{?\s*-\s*(\d+)", re.DOTALL)


class Example(Form):
    """A test: its input, and outputs that are right; the first is compared with."""

    input: str
    output: Texts


def _rows(tests: object) -> object:
    """Tests as they are at home, a list of inputs and one of outputs, as a list of tests; anything else as it is."""
    match tests:
        case {"input": list(inputs), "output": list(outputs)}:
            if len(inputs) != len(outputs):
                raise ValueError(f"{len(inputs)} inputs, but {len(outputs)} outputs")
            return [{"input": stdin, "output": [stdout]} for stdin, stdout in zip(inputs, outputs, strict=True)]
    return tests


Tests = Annotated[Sequence[Example], BeforeValidator(_rows)]


class Duration(Form):
    """A limit of time as it is at home."""

    seconds: int
    nanos: int = 0


class Row(Form):
    """A record of CodeContests, as it is at home or with its hidden tests merged into ``test_list``."""

    description: str
    task_id: str | None = None
    public_tests: Tests
    test_list: Tests = ()
    private_tests: Tests = ()
    generated_tests: Tests = ()
    time_limit_s: float | None = None
    time_limit: Duration | None = None

    @model_validator(mode="after")
    def _scored(self) -> Self:
        if not self.hidden:
            raise ValueError("has no hidden tests, neither in test_list nor in private_tests and generated_tests")
        return self

    @property
    def hidden(self) -> list[Example]:
        """The tests that score."""
        return [*self.test_list, *self.private_tests, *self.generated_tests]

    @property
    def seconds(self) -> float:
        """The limit of time of the contest."""
        if self.time_limit_s is not None:
            return self.time_limit_s
        return self.time_limit.seconds + self.time_limit.nanos / 1e9 if self.time_limit else UNSTATED


def load(folder: Path, options: SuiteOptions) -> Suite:
    """The suite from ``codecontests/codecontests.jsonl.gz`` in ``folder``.

    Problems are called as in the data; where it has no ``task_id``, as at home, by their place in the file:
    ``CodeContests/test/0`` is the first.
    Its limits are the largest of a problem; each problem has its own.
    """
    data = read_data(folder, FILE, Row)
    places = count()
    problems = data.each(lambda record: _problem(record, next(places), options.visible))
    slowest = max((problem.limits for problem in problems if problem.limits), key=lambda limits: limits.cpu_seconds)
    return Suite(
        name="codecontests",
        problems={problem.id: problem for problem in problems},
        size=SIZE,
        limits=slowest,
        source=data.source,
        checksum=data.checksum,
    )


def limits_of(time_limit_s: float) -> Limits:
    """Limits of grading for a problem whose own limit is so many seconds."""
    return wall_four_times(PYTHON_FACTOR * time_limit_s)


def _problem(record: Record, place: int, visible: int | None) -> Problem:
    row = Row.model_validate(record)
    rule = _rule(row.description)
    public = [StdioTest(test.input, test.output[0], **rule) for test in row.public_tests]
    hidden = [HiddenStdio(test.input, test.output[0], **rule) for test in row.hidden]
    task = Task(
        prompt=without_examples(row.description),
        entry_point="solve",
        tests=tuple(public[:visible]),
        kind="program",
        name=row.task_id or f"CodeContests/test/{place}",
    )
    key = AnswerKey({"hidden": tuple(hidden)})
    return Problem(task.name, task, key, limits=limits_of(row.seconds))


def without_examples(description: str) -> str:
    """A statement without its examples: they are the visible tests, which a prompt shows by itself."""
    return _EXAMPLES.sub("", description).strip() + "\n"


def _rule(description: str) -> Mapping[str, Any]:
    """How output is compared: word by word; numbers within the tolerance, where the statement grants one."""
    granted = _TOLERANCE.search(description)
    if granted is None:
        return {"compare": "tokens"}
    return {"compare": "numbers", "tolerance": 10.0 ** -int(granted[1])}
