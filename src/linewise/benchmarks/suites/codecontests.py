"""CodeContests (Li et al., 2022): whole programs that read standard input and print.

The public tests are visible; the private and generated ones, which the data merges into one list, are hidden and score.
An answer is a program or defines ``solve()``; both get a test's input as their real standard input.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linewise.benchmarks.base import AnswerKey, HiddenStdio, Problem, Suite, SuiteOptions, wall_four_times
from linewise.benchmarks.data import read_data
from linewise.execution.base import Limits
from linewise.schema import StdioTest, Task

FILE = "codecontests/codecontests_70.jsonl.gz"
SIZE = 165
"""Problems of the whole test split."""

PYTHON_FACTOR = 5
"""Processor seconds of grading for each second of a problem's own limit, which was set for compiled programs.

It is generous, as judges are that extend their limits for Python: a right algorithm should not fail for its language.
Most hidden inputs are small (the longest has some hundred characters), so a better one is rarely told from a worse.
"""

_EXAMPLES = re.compile(r"^Examples?\n\n.*?(?=^Note\n\n|\Z)", re.MULTILINE | re.DOTALL)
_TOLERANCE = re.compile(r"absolute or relative error[^.]*?10\s*\^\s*\{?\s*-\s*(\d+)", re.DOTALL)


def load(folder: Path, options: SuiteOptions) -> Suite:
    """The suite from ``codecontests/codecontests_70.jsonl.gz`` in ``folder``; problems are called as in the data.

    Its limits are the largest of a problem; each problem has its own.
    """
    data = read_data(folder, FILE)
    problems = [_problem(record, options.visible) for record in data.records]
    slowest = max((record["time_limit_s"] for record in data.records), default=1.0)
    return Suite(
        name="codecontests",
        problems={problem.id: problem for problem in problems},
        size=SIZE,
        limits=limits_of(slowest),
        source=data.source,
        checksum=data.checksum,
    )


def limits_of(time_limit_s: float) -> Limits:
    """Limits of grading for a problem whose own limit is so many seconds."""
    return wall_four_times(PYTHON_FACTOR * time_limit_s)


def _problem(record: dict[str, Any], visible: int | None) -> Problem:
    rule = _rule(record["description"])
    public = [StdioTest(test["input"], test["output"][0], **rule) for test in record["public_tests"]]
    hidden = [HiddenStdio(test["input"], test["output"][0], **rule) for test in record["test_list"]]
    task = Task(
        prompt=without_examples(record["description"]),
        entry_point="solve",
        tests=tuple(public[:visible]),
        kind="program",
        name=record["task_id"],
    )
    key = AnswerKey({"hidden": tuple(hidden)})
    return Problem(task.name, task, key, limits=limits_of(record["time_limit_s"]))


def without_examples(description: str) -> str:
    """A statement without its examples: they are the visible tests, which a prompt shows by itself."""
    return _EXAMPLES.sub("", description).strip() + "\n"


def _rule(description: str) -> Mapping[str, Any]:
    """How output is compared: word by word; numbers within the tolerance, where the statement grants one."""
    granted = _TOLERANCE.search(description)
    if granted is None:
        return {"compare": "tokens"}
    return {"compare": "numbers", "tolerance": 10.0 ** -int(granted[1])}
