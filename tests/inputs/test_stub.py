"""Stubs as tasks: which function is meant, its prompt, its tests, and the prelude that is left of its file."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linewise.errors import InputError
from linewise.inputs import load_stub, split_stub_argument
from linewise.inputs.entry_point import reaches
from linewise.inputs.files import parse
from linewise.schema import AssertTest, Task

GOLDEN = '''"""Tools for shapes."""

import math
from dataclasses import dataclass

SIDES = {"triangle": 3}


@dataclass
class Point:
    x: int
    y: int = 0


def shift(point: Point, by: int = 1) -> Point:
    """Move a point along x.

    The point itself stays as it is.

    >>> shift(Point(1, 2))
    Point(x=2, y=2)
    >>> p = Point(0)
    >>> shift(p, by=3).x
    3
    >>> p.x  # unchanged
    0
    >>> shift(None)
    Traceback (most recent call last):
        ...
    TypeError: no point
    >>> print(shift(p))
    Point(x=1, y=0)
    >>> shift(p) == Point(1) and shift(p) != p
    True

    A last word.
    """
    raise NotImplementedError("soon")


MOVED = shift(Point(1))
TWICE = [MOVED, MOVED]
ROOT = math.sqrt(4)


def shift_all(points):
    return [shift(point) for point in points]


def main():
    print(shift_all([Point(1)]))


main()
if __name__ == "__main__":
    main()
'''

PROMPT = """\
Write the function `def shift(point: Point, by: int=1) -> Point`.

Move a point along x.

The point itself stays as it is.

A last word."""

TESTS = [
    "assert repr(shift(Point(1, 2))) == 'Point(x=2, y=2)'",
    "p = Point(0)\nassert shift(p, by=3).x == 3",
    "p = Point(0)\nshift(p, by=3).x\nassert p.x == 0",
    "p = Point(0)\nshift(p, by=3).x\n"
    "try:\n    shift(None)\nexcept Exception as error:\n"
    "    assert type(error).__name__ == 'TypeError' and str(error) == 'no point'\n"
    "else:\n    raise AssertionError('TypeError was not raised')",
    "p = Point(0)\nshift(p, by=3).x\nassert str(shift(p)) == 'Point(x=1, y=0)'",
    "p = Point(0)\nshift(p, by=3).x\nprint(shift(p))\nassert shift(p) == Point(1) and shift(p) != p",
]

PRELUDE = """\
import math
from dataclasses import dataclass
SIDES = {"triangle": 3}
@dataclass
class Point:
    x: int
    y: int = 0
ROOT = math.sqrt(4)
def shift_all(points):
    return [shift(point) for point in points]
def main():
    print(shift_all([Point(1)]))"""

ANSWER = """
def shift(point, by=1):
    if point is None:
        raise TypeError("no point")
    return Point(point.x + by, point.y)
"""


def stub_file(folder: Path, text: str | bytes) -> Path:
    path = folder / "stub.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def complaint(path: Path, name: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        load_stub(path, name)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert len(text.splitlines()) == 1
    return text.removeprefix(f"{path}: ")


def read(folder: Path, *examples: str) -> tuple[list[str], tuple[str, ...]]:
    lines = "".join(f"    {line}\n" for example in examples for line in example.splitlines())
    stub = load_stub(stub_file(folder, f'def f(x):\n    r"""Do.\n\n{lines}    """\n'))
    return [test.source for test in stub.task.tests], stub.left_out


def test_golden_prompt_tests_and_prelude(tmp_path: Path) -> None:
    stub = load_stub(stub_file(tmp_path, GOLDEN))
    assert stub.name == stub.task.entry_point == "shift"
    assert stub.task.name == "stub::shift"
    assert stub.task.prompt == PROMPT
    assert [test.source for test in stub.task.tests] == TESTS
    assert stub.task.prelude == PRELUDE
    assert stub.left_out == ()


@pytest.mark.parametrize("test", TESTS)
def test_a_right_answer_passes_the_tests_and_a_wrong_one_does_not(test: str) -> None:
    for answer, passes in ((ANSWER, True), ("def shift(*_):\n    raise KeyError(1)", False)):
        source = "\n".join([PRELUDE, answer, test])
        done = subprocess.run([sys.executable, "-I", "-c", source], capture_output=True, timeout=30, check=False)
        assert (done.returncode == 0) is passes, done.stderr


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        (">>> f(1)\n2", "assert f(1) == 2"),
        (">>> f(1) + f(2)\n5", "assert (f(1) + f(2)) == 5"),
        (">>> f(1) == 2\nTrue", "assert f(1) == 2"),
        (">>> f(1) == 2\nFalse", "assert (f(1) == 2) == False"),
        (">>> not f(1)\nTrue", "assert not f(1)"),
        (">>> f(1)\nTrue", "assert f(1) == True"),
        (">>> f([1,\n...    2])\n[1, 2]", "assert f([1,\n   2]) == [1, 2]"),
        (">>> f(1)\n{'a': 1,\n 'b': 2}", "assert f(1) == {'a': 1, 'b': 2}"),
        (">>> f(1), f(2)\n(2, 3)", "assert (f(1), f(2)) == (2, 3)"),
        (">>> f(1),\n(2,)", "assert (f(1),) == (2,)"),
        (">>> *f(2), 1\n(2, 1)", "assert (*f(2), 1) == (2, 1)"),
        (">>> f(1), f(2)\n(nan, 1)", "assert repr((f(1), f(2))) == '(nan, 1)'"),
        (">>> f('\\n')\n'\\n'", "assert f('\\n') == '\\n'"),
        (">>> f(1)\nnan", "assert repr(f(1)) == 'nan'"),
        (">>> f(1)\narray([1, 2])", "assert repr(f(1)) == 'array([1, 2])'"),
        (">>> print(f(1))\na b\n<BLANKLINE>\nc", "assert str(f(1)) == 'a b\\n\\nc'"),
        (">>> f(1)  # doctest: +NORMALIZE_WHITESPACE\n[1,   2]", "assert f(1) == [1,   2]"),
        (">>> import math\n>>> f(math.pi)\n3", "import math\nassert f(math.pi) == 3"),
    ],
)
def test_rules_for_examples(example: str, expected: str, tmp_path: Path) -> None:
    assert read(tmp_path, example) == ([expected], ())


@pytest.mark.parametrize(
    "example",
    [
        ">>> f(1)\nhello world",
        ">>> f(1)\nhello",
        ">>> f(1)  # doctest: +SKIP\n1",
        ">>> f(1)  # doctest: +ELLIPSIS\n[1, ..., 9]",
        ">>> print(f(1), 2)\n1 2",
        ">>> print(f(1))  # doctest: +NORMALIZE_WHITESPACE\n1   2",
        ">>> f(1)  # doctest: +NORMALIZE_WHITESPACE\nPoint(1,  2)",
        ">>> print(f(1), end='')\n1",
        ">>> 1 + 1\n2",
        ">>> for i in [1, 2]: f(i)\n1\n2",
    ],
)
def test_examples_without_a_rule_are_left_out_and_stay_in_the_prompt(example: str, tmp_path: Path) -> None:
    tests, left_out = read(tmp_path, example)
    assert tests == []
    source = example.splitlines()[0].removeprefix(">>> ")
    assert left_out == (source,)
    assert source in load_stub(tmp_path / "stub.py").task.prompt


def test_exceptions_whose_message_is_abbreviated(tmp_path: Path) -> None:
    for option, message in (("ELLIPSIS", "no ... here"), ("IGNORE_EXCEPTION_DETAIL", "any")):
        example = f">>> f(1)  # doctest: +{option}\nTraceback (most recent call last):\njson.JSONDecodeError: {message}"
        [test], _ = read(tmp_path, example)
        assert "assert type(error).__name__ == 'JSONDecodeError'\n" in test


def test_an_exit_can_be_expected(tmp_path: Path) -> None:
    [test], _ = read(tmp_path, ">>> f(1)\nTraceback (most recent call last):\nSystemExit: 3")
    for answer, passes in (("raise SystemExit(3)", True), ("raise SystemExit(4)", False), ("pass", False)):
        source = f"def f(x):\n    {answer}\n{test}"
        done = subprocess.run([sys.executable, "-I", "-c", source], capture_output=True, timeout=30, check=False)
        assert (done.returncode == 0) is passes, done.stderr


@pytest.mark.parametrize(
    "body", ["pass", "...", "raise NotImplementedError", "raise NotImplementedError('x')", "'doc'"]
)
@pytest.mark.parametrize("docstring", ["", '    """Doc."""\n'])
def test_what_a_stub_is(body: str, docstring: str, tmp_path: Path) -> None:
    if docstring and body == "'doc'":
        assert complaint(stub_file(tmp_path, f"def f(x):\n{docstring}    {body}\n")).startswith("has no stub")
    else:
        assert load_stub(stub_file(tmp_path, f"def f(x):\n{docstring}    {body}\n")).name == "f"


TWO = (
    "def f():\n    ...\ndef g():\n    pass\ndef h():\n    return 1\n"
    "class C:\n    def m(self): ...\nasync def k(): ...\n"
)
OVERLOADED = (
    "from typing import overload\n@overload\ndef f(x: int) -> int: ...\n"
    "@overload\ndef f(x: str) -> str: ...\ndef f(x):\n    pass\n"
)


def test_a_name_picks_one(tmp_path: Path) -> None:
    path = stub_file(tmp_path, TWO)
    assert load_stub(path, "g").name == "g"
    assert complaint(path) == "has 2 stubs; name one of stub.py::f, stub.py::g"
    assert complaint(path, "h") == "h (line 5) has a body already; replace it by pass to have it written anew"
    for name in ("m", "C.m", "k", ""):
        assert complaint(path, name) == f"has no module-level function {name!r}; the stubs in it: f, g"


def test_overloads_are_no_stubs(tmp_path: Path) -> None:
    assert load_stub(stub_file(tmp_path, OVERLOADED)).task.prompt == "Write the function `def f(x)`."
    assert load_stub(tmp_path / "stub.py", "f").name == "f"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("x = (\n", "line 1 'x = (' does not parse ('(' was never closed); mend that line"),
        ("x = 1\n", "has no stub, which is a module-level function with only a docstring"),
        ("def f(): pass\ndef f(): pass\n", "has 2 stubs; name one of"),
        (b"# coding: latin-1\ndef f(): pass\n", "declared as iso-8859-1, not UTF-8; save the file as UTF-8"),
        (b"# coding: nonsense\ndef f(): pass\n", "line 1: "),
        (b"# \xe4\ndef f(): pass\n", "not UTF-8, first at line 1; save the file as UTF-8"),
        ('def f():\n    """\n    >>> f()\n   1\n    """\n', "f: bad doctest (line 3 of the docstring"),
        ('def f():\n    """\n    >>> f(\n    1\n    """\n', "f: doctest 'f(': line 1 'f(' does not parse"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str | bytes, said: str, tmp_path: Path) -> None:
    assert complaint(stub_file(tmp_path, text)).startswith(said)


def test_several_definitions_of_the_named_function(tmp_path: Path) -> None:
    path = stub_file(tmp_path, "def f(): pass\ndef f(): pass\n")
    assert complaint(path, "f") == "defines f 2 times; leave one definition"


def test_split_stub_argument() -> None:
    assert split_stub_argument("a/stub.py::name") == (Path("a/stub.py"), "name")
    assert split_stub_argument("a/stub.py") == (Path("a/stub.py"), None)
    assert split_stub_argument("stub.py::") == (Path("stub.py"), "")


def test_statements_that_share_a_line_with_the_stub_of_others_stay_whole(tmp_path: Path) -> None:
    stub = load_stub(stub_file(tmp_path, "def f(): pass\nx = f(); y = 1; z = [\n  2]\nw = x\n"))
    assert stub.task.prelude == "y = 1\nz = [2]"


SOURCES = st.sampled_from(
    [
        "f(1)",
        "f(",
        "print(f(1))",
        "print(f(1), 2)",
        "x = f(1)",
        "x",
        "f(x)",
        "from __future__ import annotations",
        "return",
        "yield",
        "\0",
        "\\",
        "(((",
        "import f",
        "f(1) == 2",
        "not f(1)",
        "f(1)  # doctest: +ELLIPSIS",
        "f(1)  # doctest: +NONSENSE",
        "f(1)  # doctest: +SKIP",
        "'",
    ]
)
WANTS = st.sampled_from(
    [
        "",
        "1",
        "{[1]: 2}",
        "hello",
        "hello you",
        "...",
        "[1, ...]",
        "<BLANKLINE>",
        "nan",
        "True",
        "\0",
        "'",
        "(",
        "yield",
        "None",
        "Traceback (most recent call last):\nValueError: no",
        "Traceback (most recent call last):\n",
        ">>> f(2)",
    ]
)


def loaded_or_complaint(path: Path) -> Task | str:
    try:
        return load_stub(path).task
    except InputError as error:
        return str(error)


@given(examples=st.lists(st.tuples(SOURCES, WANTS), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_any_docstring_gives_tests_that_parse_or_one_line(examples: list[tuple[str, str]], tmp_path: Path) -> None:
    docstring = "\n".join(f">>> {source}\n{want}\n" for source, want in examples)
    result = loaded_or_complaint(stub_file(tmp_path, f"def f(x):\n    {docstring!r}\n"))
    if isinstance(result, str):
        assert len(result.splitlines()) == 1
    else:
        assert all(reaches(parse(test.source), "f", {}) for test in result.tests if isinstance(test, AssertTest))
