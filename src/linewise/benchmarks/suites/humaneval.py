"""HumanEval (Chen et al., 2021) and HumanEval-ET (Dong et al., 2023): a signature and a docstring become a function.

Visible tests are the examples in the docstring that can be read with certainty. What stands before the function in its
prompt (imports, helpers) is the task's prelude. HumanEval scores by one script a task, HumanEval-ET by a list of
asserts; the field ``test`` in the data of HumanEval-ET is HumanEval's and is not used.
"""

import ast
from collections.abc import Callable, Mapping
from pathlib import Path

from linewise.benchmarks.base import AnswerKey, HiddenAssert, Problem, Suite, SuiteOptions, scripts, wall_four_times
from linewise.benchmarks.data import Data, Form, Record, Texts, read_data
from linewise.benchmarks.overlap import Overlap, ShownCalls
from linewise.benchmarks.suites.docstring_examples import Function, examples
from linewise.errors import InputError
from linewise.schema import AssertTest, Task

FILE = "humaneval/humaneval.jsonl.gz"
ET_FILE = "humaneval/humaneval_et.jsonl.gz"
SIZE = 164

MISTAKEN = frozenset(
    {
        "assert median([-10, 4, 6, 1000, 10, 20]) == 15.0",
        "assert sort_array([1, 5, 2, 3, 4]) == [1, 2, 3, 4, 5]",
        "assert sort_array([-2, -3, -4, -5, -6]) == [-6, -5, -4, -3, -2]",
    }
)
"""Misprinted examples of HumanEval/47 and 116: no answer to what these tasks ask for passes them."""


class Row(Form):
    """What records of HumanEval and of the suites made of it share."""

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str


class PlainRow(Row):
    """A record of HumanEval."""

    test: str


class EtRow(Row):
    """A record of HumanEval-ET."""

    test_case_list: Texts


def load(folder: Path, options: SuiteOptions) -> Suite:
    """HumanEval from ``humaneval/humaneval.jsonl.gz`` in ``folder``; its problems are called ``HumanEval/<number>``."""
    return _load("humaneval", read_data(folder, FILE, PlainRow), options, hidden=_check, shown=_shown_in_check)


def load_et(folder: Path, options: SuiteOptions) -> Suite:
    """HumanEval-ET from ``humaneval/humaneval_et.jsonl.gz`` in ``folder``."""
    data = read_data(folder, ET_FILE, EtRow)
    return _load("humaneval-et", data, options, hidden=_list, shown=_shown_in_list)


def _load(
    name: str,
    data: Data,
    options: SuiteOptions,
    *,
    hidden: Callable[[Record], tuple[HiddenAssert, ...]],
    shown: Callable[[Record, ShownCalls], Overlap],
) -> Suite:
    def problem(record: Record) -> Problem:
        parts = {"hidden": hidden(record)}
        return problem_of(record, parts, options.visible, lambda calls: {"hidden": shown(record, calls)})

    found = {one.id: one for one in data.each(problem)}
    return Suite(name, found, SIZE, wall_four_times(10), data.source, data.checksum)


def problem_of(
    record: Record,
    parts: Mapping[str, tuple[HiddenAssert, ...]],
    visible: int | None,
    count: Callable[[ShownCalls], Mapping[str, Overlap]],
) -> Problem:
    """A record of HumanEval's form as a problem that ``parts`` score, of which ``count`` counts the shown tests.

    Raises ``InputError``.
    """
    name, prompt = record["task_id"], record["prompt"]
    prelude, stub, function = _cut(name, prompt, record["entry_point"])
    task = Task(
        prompt=f"Complete this function:\n```python\n{stub}\n```",
        entry_point=function.name,
        tests=tuple(AssertTest(test) for test in examples(function) if test not in MISTAKEN)[:visible],
        prelude=prelude,
        name=name,
    )
    key = AnswerKey(parts, reference=prompt + record["canonical_solution"])
    shown = [test.source for test in task.tests if isinstance(test, AssertTest)]
    return Problem(name, task, key, stem=prompt, counted=count(ShownCalls(shown, function.name)))


def _shown_in_check(record: Record, calls: ShownCalls) -> Overlap:
    return calls.within(record["test"], "candidate")


def _shown_in_list(record: Record, calls: ShownCalls) -> Overlap:
    return calls.among_asserts(record["test_case_list"])


def _check(record: Record) -> tuple[HiddenAssert, ...]:
    return (HiddenAssert(f"{record['test'].strip()}\n\ncheck({record['entry_point']})\n"),)


def _list(record: Record) -> tuple[HiddenAssert, ...]:
    return scripts(record["test_case_list"])


def _cut(name: str, prompt: str, entry_point: str) -> tuple[str, str, Function]:
    """What stands before the function, the function's own text, and what its definition tells."""
    try:
        body = ast.parse(f"{prompt.rstrip()}\n    pass\n").body
    except SyntaxError as error:
        raise InputError(f"{name}: its prompt does not parse ({error.msg}); get the data anew") from error
    found = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == entry_point]
    if not found:
        raise InputError(f"{name}: its prompt has no function {entry_point}; get the data anew")
    lines = prompt.split("\n")
    start = found[-1].lineno - 1
    return "\n".join(lines[:start]).strip(), "\n".join(lines[start:]).strip(), Function.of(found[-1])
