"""HumanEval+ and MBPP+ (Liu et al., 2023): the same tasks with many more inputs, and references that were mended.

A hidden test holds the reference: it runs in the judge's process, where no answer can reach it, and its value for each
input is what is expected. The part ``base`` has the inputs of the original suite, ``plus`` those that EvalPlus added.
"""

import re
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from linewise.benchmarks import humaneval, mbpp
from linewise.benchmarks.base import AnswerKey, HiddenAssert, Problem, Suite, SuiteOptions, wall_four_times
from linewise.benchmarks.data import read_data
from linewise.benchmarks.evalplus_inputs import cases
from linewise.benchmarks.private_names import private
from linewise.schema import AssertTest, Task

HUMANEVAL_FILE = "evalplus/humaneval_plus.jsonl.gz"
MBPP_FILE = "evalplus/mbpp_plus.jsonl.gz"
LIMITS = replace(wall_four_times(30), value_bytes=32 << 20, memory_bytes=4 << 30)
"""Some tasks return millions of characters, and memory is what EvalPlus allows."""
MBPP_SIZES = {"all": 378, "test": 224, "validation": 39, "train": 108}
"""Tasks of MBPP+ in each split of MBPP."""

RULES = {
    "HumanEval/32": "root",
    **{f"Mbpp/{number}": "members" for number in (2, 7, 111, 140, 232, 579, 769)},
    **{f"Mbpp/{number}": "something" for number in (737, 787, 794)},
    "Mbpp/558": "or digits",
    "Mbpp/581": "or surface",
}
"""Tasks whose values are not compared as others are, by the names of ``comparing.RULES``."""

Record = dict[str, Any]


def load_humaneval(folder: Path, options: SuiteOptions) -> Suite:
    """HumanEval+ from ``evalplus/humaneval_plus.jsonl.gz`` in ``folder``; visible tests are those of HumanEval."""
    data = read_data(folder, HUMANEVAL_FILE)
    problems = {
        record["task_id"]: humaneval.problem_of(record, _parts(record), options.visible) for record in data.records
    }
    return Suite(
        "humaneval+", problems, humaneval.SIZE, LIMITS, data.source, data.checksum
    )


def load_mbpp(folder: Path, options: SuiteOptions) -> Suite:
    """MBPP+ from ``evalplus/mbpp_plus.jsonl.gz`` in ``folder``: all splits, or one.

    Prompt and visible tests are MBPP's, from its own file.
    """
    data, plain = read_data(folder, MBPP_FILE), read_data(folder, mbpp.FILE)
    split = options.split or "all"
    tasks = {f"Mbpp/{record['task_id']}": record for record in plain.records if record["task_id"] in mbpp.SPLITS[split]}
    problems = [
        _mbpp_problem(record, tasks[record["task_id"]], options.visible)
        for record in data.records
        if record["task_id"] in tasks
    ]
    return Suite(
        name="mbpp+",
        problems={problem.id: problem for problem in problems},
        size=MBPP_SIZES[split],
        limits=LIMITS,
        source=data.source,
        checksum=data.checksum,
        examples=mbpp.worked_examples(plain.records),
    )


def _mbpp_problem(record: Record, plain: Record, visible: int | None) -> Problem:
    task = renamed(mbpp.task_of(plain, visible), record["entry_point"])
    return Problem(task.name, task, AnswerKey(_parts(record), reference=_reference(record)))


def renamed(task: Task, entry_point: str) -> Task:
    """``task`` with another name for its function: MBPP+ has renamed some."""
    old = re.compile(rf"\b{re.escape(task.entry_point)}\b")
    tests = tuple(AssertTest(old.sub(entry_point, test.source)) for test in task.tests if isinstance(test, AssertTest))
    return replace(task, entry_point=entry_point, prompt=old.sub(entry_point, task.prompt), tests=tests)


def _parts(record: Record) -> dict[str, tuple[HiddenAssert, ...]]:
    return {part: (_script(record, record[f"{part}_input"]),) for part in ("base", "plus")}


def _reference(record: Record) -> str:
    return str(record["prompt"] + record["canonical_solution"])


def _script(record: Record, inputs: list[Any]) -> HiddenAssert:
    """One hidden test of all ``inputs``: comparison, reference, and a call that brings both together."""
    name, entry_point = record["task_id"], record["entry_point"]
    arguments = f"{entry_point}, reference_{entry_point}, {cases(name, inputs)!r}, {RULES.get(name, '')!r}"
    reference = private(_reference(record), "reference_")
    return HiddenAssert(f"{_comparing()}\n{reference}\ncomparing_check({arguments}, {record['atol']!r})\n")


@cache
def _comparing() -> str:
    text = resources.files("linewise.benchmarks").joinpath("comparing.py").read_text("utf-8")
    return private(text, "comparing_")
