"""Task files (TOML) and the task flags of the command line.

A task file has ``prompt``, ``tests`` (``["assert ..."]``, or ``[[tests]]`` with ``stdin`` and ``stdout`` and perhaps
``compare`` and ``tolerance``), and may have ``entry_point``, ``prelude`` and ``setup``.
"""

import difflib
import keyword
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from linewise.errors import InputError
from linewise.inputs.entry_point import helper_definitions, infer_entry_point, reaches
from linewise.inputs.files import input_error, parse_python, read_input
from linewise.schema import AssertTest, Comparison, StdioTest, Task

KEYS = ("prompt", "entry_point", "tests", "prelude", "setup")
STDIO_KEYS = ("stdin", "stdout")
STDIO_OPTIONS = ("compare", "tolerance")
TEST_FORM = "write Python such as assert f(1) == 2"


@dataclass(frozen=True)
class _Place:
    """Where a task comes from, and how its user writes a key there."""

    prefix: str = ""
    spelling: Mapping[str, str] = field(default_factory=dict)

    def name(self, key: str, number: int | None = None) -> str:
        spelled = self.spelling.get(key, key)
        if number is None:
            return f"{self.prefix}{spelled}"
        return f"{self.prefix}{spelled} {number}" if key in self.spelling else f"{self.prefix}{spelled}[{number}]"

    def error(self, key: str, problem: str, number: int | None = None) -> InputError:
        return input_error(f"{self.name(key, number)}: {problem}")


def load_task_file(path: Path) -> Task:
    """The task in a TOML file, named after the file. Raises ``InputError``."""
    text = read_input(path).decode("utf-8-sig")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise input_error(f"{path}: not valid TOML: {error}; mend that line") from error
    except RecursionError as error:
        raise input_error(f"{path}: not valid TOML: nested too deeply; write flat keys") from error
    place = _Place(f"{path}: ")
    _check_keys(table, KEYS, place, "")
    tests = table.get("tests", [])
    if not isinstance(tests, list):
        raise place.error("tests", 'must be a list; write tests = ["assert f(1) == 2"]')
    texts = {key: _text(table, key, place) for key in ("prompt", "entry_point", "prelude", "setup")}
    if any(isinstance(test, dict) for test in tests):
        return _program_task(texts, [_stdio(test, n, place) for n, test in enumerate(tests, 1)], path.stem, place)
    return _function_task(texts, [_assert(test, n, place) for n, test in enumerate(tests, 1)], path.stem, place)


def task_from_flags(
    prompt: str,
    tests: Sequence[str] = (),
    entry_point: str | None = None,
    *,
    prelude: str = "",
    setup: str = "",
) -> Task:
    """The task that command-line flags (or a call from Python) describe. Raises ``InputError``."""
    spelling = {"prompt": "--prompt", "tests": "--test", "entry_point": "--entry-point"}
    place = _Place("", spelling)
    texts = {"prompt": prompt, "entry_point": entry_point or "", "prelude": prelude, "setup": setup}
    return _function_task(texts, [_assert(test, n, place) for n, test in enumerate(tests, 1)], "task", place)


def _check_keys(table: Mapping[str, object], known: Sequence[str], place: _Place, inside: str) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            mend = f"did you mean {near[0]}?" if near else f"the known keys are {', '.join(known)}"
            raise place.error(f"{inside}{key}", f"unknown key; {mend}")


def _text(table: Mapping[str, object], key: str, place: _Place) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise place.error(key, f'must be text, not {_kind(value)}; write {key} = "..."')
    return value


def _kind(value: object) -> str:
    kinds = {bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return kinds.get(type(value), "a date or time")


def _assert(test: object, number: int, place: _Place) -> str:
    if not isinstance(test, str):
        raise place.error("tests", f'must be text, not {_kind(test)}; write "assert f(1) == 2"', number)
    if not test.strip():
        raise place.error("tests", f"is empty; {TEST_FORM}", number)
    return test


def _stdio(test: object, number: int, place: _Place) -> StdioTest:
    if not isinstance(test, dict):
        problem = "mixes asserts with stdin/stdout tables; write all tests in one of the two forms"
        raise place.error("tests", problem, number)
    inside = f"tests[{number}]."
    _check_keys(test, (*STDIO_KEYS, *STDIO_OPTIONS), place, inside)
    for key in STDIO_KEYS:
        if not isinstance(test.get(key), str):
            problem = f"must be text, not {_kind(test[key])}" if key in test else "is missing"
            raise place.error(f"{inside}{key}", f'{problem}; write {key} = "..."')
    compare, tolerance = test.get("compare", "lines"), test.get("tolerance", 1e-6)
    if compare not in get_args(Comparison):
        raise place.error(f"{inside}compare", f"is none of {', '.join(get_args(Comparison))}; write one of them")
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 <= tolerance < math.inf:
        raise place.error(f"{inside}tolerance", "must be a number, 0 or more; write tolerance = 1e-6")
    return StdioTest(test["stdin"], test["stdout"], compare=compare, tolerance=float(tolerance))


def _program_task(texts: Mapping[str, str], tests: Sequence[StdioTest], name: str, place: _Place) -> Task:
    _check_texts(texts, place)
    if texts["setup"].strip():
        raise place.error("setup", "is code for tests of a function; put it into prelude, or leave it out")
    entry_point = texts["entry_point"] or "solve"
    return Task(texts["prompt"], entry_point, tuple(tests), "program", texts["prelude"], texts["setup"], name)


def _function_task(texts: Mapping[str, str], tests: Sequence[str], name: str, place: _Place) -> Task:
    _check_texts(texts, place)
    trees = [parse_python(test, place.name("tests", n), TEST_FORM) for n, test in enumerate(tests, 1)]
    prelude, setup = texts["prelude"], texts["setup"]
    entry_point = texts["entry_point"] or _inferred(tests, prelude, setup, place)
    helpers = helper_definitions(prelude, setup)
    helpers.pop(entry_point, None)
    for number, tree in enumerate(trees, 1):
        if not reaches(tree, entry_point, helpers):
            problem = f"has no call that reaches {entry_point}; call it in the test or mend the entry point"
            raise place.error("tests", problem, number)
    return Task(texts["prompt"], entry_point, tuple(map(AssertTest, tests)), "function", prelude, setup, name)


def _check_texts(texts: Mapping[str, str], place: _Place) -> None:
    if not texts["prompt"].strip():
        raise place.error("prompt", "is missing; say what the function is to do")
    for key in ("prelude", "setup"):
        parse_python(texts[key], place.name(key), "write Python there")
    name = texts["entry_point"]
    if name and (not name.isidentifier() or keyword.iskeyword(name)):
        raise place.error("entry_point", f"{name!r} is no Python name; write the name of the function or class")


def _inferred(tests: Sequence[str], prelude: str, setup: str, place: _Place) -> str:
    try:
        return infer_entry_point(tests, prelude, setup)
    except InputError as error:
        raise place.error("entry_point", f"is missing, and {error}") from error
