"""MBPP (Austin et al., 2021): short functions, three asserts each.

All three asserts are shown in the usual prompt, so a score on them is a score on shown tests. Splits by task number:
2..4 worked examples, 11..510 test, 511..600 validation, 601..974 training.
"""

import ast
from pathlib import Path
from typing import Any

from linewise.benchmarks.data import read_records
from linewise.errors import InputError
from linewise.guidance.options import WorkedExample
from linewise.guidance.program import module_of
from linewise.schema import AssertTest, Task

_FILE = "mbpp/mbpp.jsonl.gz"


def load(folder: Path) -> dict[int, Task]:
    """All tasks in ``folder`` by number, with their three asserts as visible tests."""
    return {record["task_id"]: _task(record) for record in read_records(folder / _FILE)}


def references(folder: Path) -> dict[int, str]:
    """The reference solution of every task by number."""
    return {record["task_id"]: record["code"].replace("\r\n", "\n") for record in read_records(folder / _FILE)}


def worked_examples(folder: Path) -> tuple[WorkedExample, ...]:
    """Tasks 2, 3 and 4, solved: the few-shot examples of the paper."""
    records = {record["task_id"]: record for record in read_records(folder / _FILE)}
    return tuple(
        WorkedExample(
            prompt=records[number]["text"],
            entry_point=entry_point(records[number]["code"], records[number]["test_list"]),
            tests=tuple(records[number]["test_list"]),
            code=records[number]["code"].replace("\r\n", "\n"),
        )
        for number in (2, 3, 4)
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


def _task(record: dict[str, Any]) -> Task:
    tests = [test.replace("\r\n", "\n") for test in record["test_list"]]
    return Task(
        prompt=record["text"],
        entry_point=entry_point(record["code"], tests),
        tests=tuple(AssertTest(test) for test in tests),
        setup=record["test_setup_code"].replace("\r\n", "\n"),
        name=f"mbpp/{record['task_id']}",
    )
