"""HumanEval+ and MBPP+ (Liu et al., 2023): the same tasks with many more inputs, and references that were mended.

A hidden test holds the reference: it runs in the judge's process, where no answer can reach it, and its value for each
input is what is expected. The part ``base`` has the inputs of the original suite, ``plus`` those that EvalPlus added.
"""

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from linewise.benchmarks.base import AnswerKey, HiddenAssert, Problem, Suite, SuiteOptions, fold, wall_four_times
from linewise.benchmarks.data import Record, read_data
from linewise.benchmarks.overlap import Overlap, ShownCalls
from linewise.benchmarks.suites import humaneval, mbpp
from linewise.benchmarks.suites.evalplus_inputs import cases, meant
from linewise.benchmarks.suites.private_names import private
from linewise.errors import InputError
from linewise.guidance.options import WorkedExample
from linewise.schema import AssertTest, Task

HUMANEVAL_FILE = "evalplus/humaneval_plus.jsonl.gz"
MBPP_FILE = "evalplus/mbpp_plus.jsonl.gz"
LIMITS = replace(wall_four_times(30), value_bytes=64 << 20, memory_bytes=4 << 30)
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

TOGETHER = frozenset({"Mbpp/255"})
"""Tasks that return a gigabyte for some input, more than may cross to a judge: judged in the program's process."""

INPUTS = {"Mbpp/599": 20}
"""How many inputs share a script, where all together take most of the limit of time for the reference alone."""


Inputs = list[list[Any]] | Annotated[dict[str, Any], Field(max_length=0)]
"""The arguments of each call; the data has an empty object where there is none."""


class Row(humaneval.Row):
    """What records of both suites share."""

    base_input: Inputs
    plus_input: Inputs
    atol: float


class MbppRow(Row):
    """A record of MBPP+."""

    assertion: str


def load_humaneval(folder: Path, options: SuiteOptions) -> Suite:
    """HumanEval+ from ``evalplus/humaneval_plus.jsonl.gz`` in ``folder``; visible tests are those of HumanEval."""
    data = read_data(folder, HUMANEVAL_FILE, Row)
    problems = data.each(
        lambda record: humaneval.problem_of(record, _parts(record), options.visible, partial(_shown, record))
    )
    found = {one.id: one for one in problems}
    return Suite("humaneval+", found, humaneval.SIZE, LIMITS, data.source, data.checksum)


def load_mbpp(folder: Path, options: SuiteOptions) -> Suite:
    """MBPP+ from ``evalplus/mbpp_plus.jsonl.gz`` in ``folder``: all splits of MBPP, or one.

    Prompt and visible tests are MBPP+'s own, three of a task unless chosen otherwise: the asserts of MBPP contradict
    its mended references in one task of eight. Worked examples are MBPP's, where its file is there too.
    """
    data = read_data(folder, MBPP_FILE, MbppRow)
    split = options.split or "all"
    problems = data.each(lambda record: (int(fold(record["task_id"])), _mbpp_problem(record, options.visible)))
    return Suite(
        name="mbpp+",
        problems={one.id: one for number, one in problems if number in mbpp.SPLITS[split]},
        size=MBPP_SIZES[split],
        limits=LIMITS,
        source=data.source,
        checksum=data.checksum,
        examples=_worked_examples(folder),
    )


def _worked_examples(folder: Path) -> tuple[WorkedExample, ...]:
    try:
        return mbpp.worked_examples(read_data(folder, mbpp.FILE, mbpp.Row).records)
    except InputError:
        return ()


def _mbpp_problem(record: Record, visible: int | None) -> Problem:
    """The prompt is a docstring: the request, then an assert, which is one of those in ``assertion``."""
    request = [line for line in record["prompt"].strip('\n"').splitlines() if not line.startswith("assert ")]
    tests = _asserts(record["assertion"])[: mbpp.SHOWN if visible is None else visible]
    task = Task(
        prompt="\n".join(request).strip(),
        entry_point=record["entry_point"],
        tests=tuple(map(AssertTest, tests)),
        name=record["task_id"],
    )
    shown = _shown(record, ShownCalls(tests, task.entry_point))
    return Problem(task.name, task, AnswerKey(_parts(record), reference=_reference(record)), counted=shown)


def _shown(record: Record, calls: ShownCalls) -> dict[str, Overlap]:
    """Of the inputs of each part, how many a visible test has."""
    name = record["task_id"]
    return {part: calls.among_inputs(meant(name, list(record[f"{part}_input"]))) for part in ("base", "plus")}


def _asserts(text: str) -> list[str]:
    """Every assert of a script, with the one import that some need and Mbpp/120 forgets."""
    imports = "import math\n" if "math." in text else ""
    body = ast.parse(text).body
    return [imports + ast.unparse(one) for one in body if isinstance(one, ast.Assert)]


def _parts(record: Record) -> dict[str, tuple[HiddenAssert, ...]]:
    reference = private(_reference(record), "reference_")
    return {part: tuple(_scripts(record, reference, list(record[f"{part}_input"]))) for part in ("base", "plus")}


def _reference(record: Record) -> str:
    return str(record["prompt"] + record["canonical_solution"])


def _scripts(record: Record, reference: str, inputs: list[Any]) -> Iterator[HiddenAssert]:
    """One hidden test of all ``inputs``, or a few."""
    step = INPUTS.get(record["task_id"], max(1, len(inputs)))
    for start in range(0, max(1, len(inputs)), step):
        yield _script(record, reference, inputs[start : start + step])


def _script(record: Record, reference: str, inputs: list[Any]) -> HiddenAssert:
    """One hidden test: comparison, reference, and a call that brings both together."""
    name, entry_point = record["task_id"], record["entry_point"]
    arguments = f"{entry_point}, reference_{entry_point}, {cases(name, inputs)!r}, {RULES.get(name, '')!r}"
    together = "import sys\n" if name in TOGETHER else ""  # so a test says that it has to share the program's process
    return HiddenAssert(f"{together}{_comparing()}\n{reference}\ncomparing_check({arguments}, {record['atol']!r})\n")


@cache
def _comparing() -> str:
    text = resources.files("linewise.benchmarks.suites").joinpath("comparing.py").read_text("utf-8")
    return private(text, "comparing_")
