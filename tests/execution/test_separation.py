"""Which tests are judged in another process than the program's: texts alone decide."""

import pytest

from linewise.execution.base import Program
from linewise.execution.separation import judge_imports

ANSWER = """\
import math
from itertools import chain
import random as chance
from os import path

LIMIT = 3

def helper(x):
    return x

class Node:
    pass

def sorted(x):
    return x

def f(x):
    return helper(x)
"""


@pytest.mark.parametrize(
    ("test", "imports"),
    [
        ("assert f(1) == 2", ""),
        ("assert set(f(1)) == {2}", ""),
        ("assert sorted(f([2])) == [2]", ""),
        ("def check(candidate):\n    assert candidate(1) == 2\ncheck(f)", ""),
        ("import math\nassert math.isclose(f(1), 2)", ""),
        ("assert math.isclose(f(1), 2)", "import math as math"),
        ("assert list(chain(f(1))) == []", "from itertools import chain"),
        ("helper = 3\nassert f(helper) == 3", ""),
        ("assert f(1) == unknown", ""),
        ("assert f(", ""),
        ("assert f(LIMIT) == 2", None),
        ("assert f(1) == helper(2)", None),
        ("assert f(Node()) == 2", None),
        ("assert f.cache == {}", None),
        ("assert f(1) == path.sep", None),
        ("import random\nrandom.seed(1)\nassert f(1) == 2", None),
        ("import sys\nassert f(1) == sys.maxsize", None),
        ("from unittest import mock\nassert f(1) == 2", None),
        ("assert eval('f(1)') == 2", None),
    ],
)
def test_what_a_test_needs_of_the_program(test: str, imports: str | None) -> None:
    assert judge_imports(Program(ANSWER, "f"), test) == imports


def test_a_class_is_no_function_that_can_be_called_from_outside() -> None:
    assert judge_imports(Program(ANSWER, "Node"), "assert Node().x == 1") is None


def test_what_the_prelude_gives_is_not_the_programs() -> None:
    program = Program(ANSWER, "f", prelude="def helper(x):\n    return x\nfrom os import path\n")
    assert judge_imports(program, "assert f(1) == helper(2)") == ""


def test_setup_that_the_program_needs_is_needed_in_its_process() -> None:
    assert judge_imports(Program("def f():\n    return OFFSET\n", "f", setup="OFFSET = 1"), "assert f() == 1") is None
    assert judge_imports(Program("def f(x):\n    return x\n", "f", setup="x = [1]"), "assert f(x) == x") is None
    assert judge_imports(Program("def f(y):\n    return y\n", "f", setup="x = [1]"), "assert f(x) == x") == ""
    assert judge_imports(Program(ANSWER, "f", setup="root = Node()"), "assert f(root) == 1") is None


def test_a_program_that_does_not_parse_can_wait_for_its_run() -> None:
    assert judge_imports(Program("def f(:", "f"), "assert f() == 1") == ""
