"""Which name the tests call."""

import ast

import pytest

from linewise.errors import InputError
from linewise.inputs import infer_entry_point
from linewise.inputs.entry_point import helper_definitions, reaches

CHECK = "def check(candidate):\n    assert candidate(1) == 2\n"
FEED = "def feed(values):\n    box = Box(2)\n    return [box.add(value) for value in values]\n"


@pytest.mark.parametrize(
    ("tests", "setup", "expected"),
    [
        (["assert f(1) == 2"], "", "f"),
        (["assert isclose(f(1), 2.0)"], "from math import isclose", "f"),
        (["assert math.isclose(f(1), 2.0)"], "import math", "f"),
        (["import math\nassert math.isclose(f(1), 2.0)"], "", "f"),
        (["assert set(f([1, 2])) == {1, 2}"], "", "f"),
        (["assert not f('x')"], "", "f"),
        (["assert f(sorted([2, 1]))[0] == len('a')"], "", "f"),
        (["check(f)"], CHECK, "f"),
        (["assert list(map(f, [1])) == [2]"], "", "f"),
        (["assert Box(1).add(2) == 3", "box = Box(2)\nassert box.add(1) == 3"], "", "Box"),
        (["assert Box.of(1) + Box.of(2) == Box.of(3)"], "", "Box"),
        (["assert feed([1]) == [1]", "assert Box(1).add(2) == 2"], FEED, "Box"),
        (["assert feed([1]) == [1]"], FEED, "Box"),
        (["assert f(1)", "assert f(g(1))"], "", "f"),
        (["assert [f(x) for x in range(3)] == [0, 1, 2]"], "", "f"),
        (["assert (lambda x: f(x))(1) == 2"], "", "f"),
        (["try:\n    f(1)\nexcept ValueError as error:\n    assert str(error)"], "", "f"),
        (["def twice(g):\n    return g(g(1))\nassert twice(f) == 3"], "", "f"),
        (["assert f(Point(1))"], "Point = tuple", "f"),
    ],
)
def test_inferred(tests: list[str], setup: str, expected: str) -> None:
    assert infer_entry_point(tests, setup=setup) == expected
    assert infer_entry_point(tests, prelude=setup) == expected
    for test in tests:
        assert reaches(ast.parse(test), expected, helper_definitions("", setup))


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ([], "there are no tests that could tell"),
        (["assert f(g(1)) == 2"], "the tests all call f, g;"),
        (["assert f(1)", "assert g(1)"], "no call of one and the same unknown name"),
        (["assert len('a') == 1"], "no call of one and the same unknown name"),
        (["assert f == 1"], "no call of one and the same unknown name"),
    ],
)
def test_not_inferred(tests: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        infer_entry_point(tests)


@pytest.mark.parametrize(
    ("test", "setup", "expected"),
    [
        ("assert f(1)", "", True),
        ("assert f == 1", "", False),
        ("assert g(1)", "", False),
        ("assert run()", "def run():\n    return f(1)", True),
        ("assert run()", "def inner():\n    return f(1)\ndef run():\n    return inner()", True),
        ("assert run()", "def run():\n    return 1", False),
        ("assert alias(1)", "alias = f", True),
        ("check(g)", "def check(f):\n    f(1)", False),
    ],
)
def test_reaches(test: str, setup: str, expected: bool) -> None:
    assert reaches(ast.parse(test), "f", helper_definitions("", setup)) is expected
