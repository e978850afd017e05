"""DS-1000 (Lai et al., 2022): code that is inserted where a short program on scientific libraries stops.

No tests are shown. Its own test functions score; they run the answer's text by themselves, in their own process, so
every verdict is marked ``in-process``. What guides is a probe that the prompt's own code gives (``ds1000_prompt``).
"""

import ast
import re
import textwrap
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Self, get_args

from pydantic import model_validator

from linewise.benchmarks.base import AnswerKey, HiddenAssert, Library, Problem, Suite, SuiteOptions
from linewise.benchmarks.data import Form, Record, read_data
from linewise.benchmarks.suites import ds1000_prompt
from linewise.execution.base import Limits, Program
from linewise.guidance.answer import INSERTION_END
from linewise.guidance.program import module_of
from linewise.schema import ProbeTest, Task

FILE = "ds1000/ds1000.jsonl.gz"
SIZE = 1000

LIMITS = Limits(
    cpu_seconds=60,
    wall_seconds=240,
    memory_bytes=4 << 30,
    file_bytes=32 << 20,
    open_files=256,
    output_bytes=1 << 20,
)
"""Loaded, the libraries take a third of the address space that programs usually have."""

_ALWAYS = ("numpy", "pandas", "yaml")
_MODULES = {
    "scipy": ("scipy.stats", "scipy.signal", "scipy.integrate", "scipy.interpolate"),
    "sklearn": (
        *("sklearn.cluster", "sklearn.datasets", "sklearn.ensemble", "sklearn.feature_extraction.text"),
        *("sklearn.linear_model", "sklearn.model_selection", "sklearn.svm"),
    ),
    "matplotlib": ("matplotlib.pyplot", "matplotlib.backends.backend_agg", "PIL.PngImagePlugin", "seaborn"),
    "pytorch": ("torch",),
    "tensorflow": ("tensorflow",),
}
"""What the problems of each library import."""

_LARGE = {"torch": "pytorch", "tensorflow": "tensorflow"}
_IMPORTED = re.compile(r"^\s*(?:import|from) +(torch|tensorflow)\b", re.MULTILINE)
_ANSWER = "answer_text"


class About(Form):
    """What a record says about its problem; the number stands here at home."""

    library: str
    problem_id: int | None = None


class Row(Form):
    """A record of DS-1000."""

    prompt: str
    code_context: str
    reference_code: str
    metadata: About
    problem_id: int | None = None

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        if self.problem_id is None and self.metadata.problem_id is None:
            raise ValueError("has no field problem_id, neither of its own nor in metadata")
        return self


def load(folder: Path, options: SuiteOptions) -> Suite:
    """The suite from ``ds1000/ds1000.jsonl.gz`` in ``folder``; its problems are called ``DS-1000/<number>``.

    ``options.libraries`` leaves out problems that need another. The suite's modules to preload are those that the
    problems need, so a sandbox whose interpreter lacks one does not open.
    """
    data = read_data(folder, FILE, Row)
    wanted = options.libraries or get_args(Library)
    chosen = [(needed, problem) for needed, problem in data.each(_needed_and_problem) if needed.issubset(wanted)]
    found = {library for needed, _ in chosen for library in needed}
    return Suite(
        name="ds-1000",
        problems={problem.id: problem for _, problem in chosen},
        size=SIZE,
        limits=LIMITS,
        source=data.source,
        checksum=data.checksum,
        preload=(
            *_ALWAYS,
            *(module for library, modules in _MODULES.items() if library in found for module in modules),
        ),
    )


def _libraries(record: Record) -> set[str]:
    """What a problem needs: the library that it is filed under, and what else its tests import of the large ones."""
    needed = {str(record["metadata"]["library"]).lower()}
    return needed | {_LARGE[name] for name in _IMPORTED.findall(record["code_context"])}


def _needed_and_problem(record: Record) -> tuple[set[str], Problem]:
    return _libraries(record), _problem(record)


def _problem(record: Record) -> Problem:
    parts = ds1000_prompt.split(record["prompt"])
    name = f"DS-1000/{record['problem_id'] if 'problem_id' in record else record['metadata']['problem_id']}"
    task = Task(
        prompt=parts.text,
        entry_point=parts.entry_point,
        tests=(ProbeTest(parts.probe),),
        kind="insertion",
        prelude=parts.code,
        name=name,
    )
    hidden = (HiddenAssert(_scoring(record["code_context"])),)
    key = AnswerKey({"hidden": hidden}, reference=record["reference_code"], program=_program)
    return Problem(name, task, key, stub=parts.stub)


def _scoring(context: str) -> str:
    calls = [name for name in ("test_execution", "test_string") if f"def {name}(" in context]
    return "\n".join([context, *(f"{name}({_ANSWER})" for name in calls)]) + "\n"


def _program(task: Task, code: str) -> Program:
    """The answer as a text, which the test functions run where the insertion belongs."""
    return Program(f"{_ANSWER} = {insertion(task, code)!r}\n", "", kind="insertion")


def insertion(task: Task, code: str) -> str:
    """What of an answer is inserted: all of it; of a function that is asked for, the body, for its first line is there.

    Such an answer may itself be a body; one without an indent gets it.
    """
    end = INSERTION_END.search(code)
    code = code[: end.start()] if end else code
    if not task.entry_point:
        return code
    whole = _body(code, task.entry_point)
    if whole is not None:
        return whole
    return (
        code if re.search(r"^[ \t]+\S", code, re.MULTILINE) and not module_of(code) else textwrap.indent(code, "    ")
    )


def _body(code: str, name: str) -> str | None:
    """The body of the function ``name`` with what belongs to it at its beginning; ``None`` without such a function."""
    module = module_of(code)
    functions = [node for node in (module.body if module else ()) if isinstance(node, ast.FunctionDef)]
    function = next((node for node in functions if node.name == name), None)
    if module is None or function is None:
        return None
    lines = code.split("\n")
    first = function.body[0]
    column = first.col_offset
    body = lines[first.lineno - 1 : function.end_lineno]
    body[0] = " " * column + body[0][column:] if first.lineno > function.lineno else "    " + body[0][column:]
    return "\n".join([*_beside(module, function, lines, body[0]), *body]) + "\n"


def _beside(module: ast.Module, function: ast.FunctionDef, lines: list[str], like: str) -> Iterator[str]:
    """The lines of imports, functions and classes beside ``function``, and of assignments before it.

    They are indented like ``like``. Assignments behind the function may call it, and are no part of it.
    """
    indent = partial(textwrap.indent, prefix=like[: len(like) - len(like.lstrip())])
    for node in module.body:
        definition = isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)
        assignment = isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.lineno < function.lineno
        if node is not function and (definition or assignment):
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(one.lineno for one in decorators)])
            yield from map(indent, lines[first - 1 : node.end_lineno])
