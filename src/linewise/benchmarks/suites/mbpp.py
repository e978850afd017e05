"""MBPP (Austin et al., 2021): short functions, three asserts each.

All three asserts are shown in the usual prompt, so a score on them is a score on shown tests; with ``visible`` 1 or 2
the others are hidden and score alone. Splits by task number: 2..4 worked examples, 11..510 test, 511..600 validation,
601..974 training.
"""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from linewise.benchmarks.base import AnswerKey, HiddenAssert, Problem, Suite, SuiteOptions, fold, wall_four_times
from linewise.benchmarks.data import Form, Texts, read_data
from linewise.errors import InputError
from linewise.guidance.options import WorkedExample
from linewise.guidance.program import module_of
from linewise.schema import AssertTest, Task

FILE = "mbpp/mbpp.jsonl.gz"
SPLITS = {"test": range(11, 511), "validation": range(511, 601), "train": range(601, 975), "all": range(1, 975)}

SHOWN = 3
"""Tests of a task in the usual prompt."""
_EXAMPLES = (2, 3, 4)


class Row(Form):
    """A record of MBPP."""

    task_id: int
    text: str
    code: str
    test_setup_code: str
    test_list: Texts


def load(folder: Path, options: SuiteOptions) -> Suite:
    """The suite from ``mbpp/mbpp.jsonl.gz`` in ``folder``; its problems are called ``Mbpp/<number>``."""
    data = read_data(folder, FILE, Row)
    numbers = SPLITS[options.split or "test"]
    visible = SHOWN if options.visible is None else options.visible
    problems = [one for one in data.each(lambda record: _problem(record, visible)) if int(fold(one.id)) in numbers]
    return Suite(
        name="mbpp",
        problems={problem.id: problem for problem in problems},
        size=len(numbers),
        limits=wall_four_times(10),
        source=data.source,
        checksum=data.checksum,
        examples=worked_examples(data.records),
    )


def worked_examples(records: Sequence[dict[str, Any]]) -> tuple[WorkedExample, ...]:
    """Tasks 2, 3 and 4, solved: the few-shot examples of the paper; none where one of them is missing."""
    found = {record["task_id"]: record for record in records if record["task_id"] in _EXAMPLES}
    if len(found) < len(_EXAMPLES):
        return ()
    return tuple(
        WorkedExample(
            prompt=found[number]["text"],
            entry_point=entry_point(found[number]["code"], found[number]["test_list"]),
            tests=tuple(found[number]["test_list"]),
            code=unix(found[number]["code"]),
        )
        for number in _EXAMPLES
    )


def entry_point(code: str, tests: list[str]) -> str:
    """The one name that the reference defines and every test calls; of several the last defined."""
    module = module_of(code)
    body = module.body if module else []
    defined = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    called = set.intersection(*(_called(test) for test in tests))
    found = [name for name in defined if name in called]
    if not found:
        raise InputError(f"no function of the reference is called by every test: {tests[0]}")
    return found[-1]


def _called(test: str) -> set[str]:
    module = module_of(test)
    calls = (node.func for node in ast.walk(module) if isinstance(node, ast.Call)) if module else ()
    return {call.id for call in calls if isinstance(call, ast.Name)}


def _problem(record: dict[str, Any], visible: int) -> Problem:
    task = task_of(record, visible)
    tests = [unix(test) for test in record["test_list"]]
    scoring = tests[visible:] or tests
    key = AnswerKey({"hidden": tuple(HiddenAssert(test) for test in scoring)}, reference=unix(record["code"]))
    return Problem(task.name, task, key)


def task_of(record: dict[str, Any], visible: int | None) -> Task:
    """The task of a record, with its first ``visible`` tests; ``None``: all three, as the usual prompt has it."""
    tests = [unix(test) for test in record["test_list"]]
    return Task(
        prompt=record["text"],
        entry_point=entry_point(record["code"], tests),
        tests=tuple(AssertTest(test) for test in tests[: SHOWN if visible is None else visible]),
        setup=unix(record["test_setup_code"]),
        name=f"Mbpp/{record['task_id']}",
    )


def unix(text: str) -> str:
    """``text`` with line ends of one character."""
    return text.replace("\r\n", "\n")
