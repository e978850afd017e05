"""Which tests are judged in another process than the program's: texts alone decide."""

import pytest

from linewise.execution.base import Program
from linewise.execution.separation import plan


def imports_of(program: Program, test: str) -> str | None:
    made = plan(program, test)
    return None if made is None else made.imports


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
        ("assert math.isclose(f(1), 2)", "import math"),
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
    assert imports_of(Program(ANSWER, "f"), test) == imports


def test_a_class_is_no_function_that_can_be_called_from_outside() -> None:
    assert imports_of(Program(ANSWER, "Node"), "assert Node().x == 1") is None


def test_what_the_prelude_gives_is_not_the_programs() -> None:
    program = Program(ANSWER, "f", prelude="def helper(x):\n    return x\nfrom os import path\n")
    assert imports_of(program, "assert f(1) == helper(2)") == ""


def test_setup_that_the_program_needs_is_needed_in_its_process() -> None:
    assert imports_of(Program("def f():\n    return OFFSET\n", "f", setup="OFFSET = 1"), "assert f() == 1") is None
    assert imports_of(Program("def f(x):\n    return x\n", "f", setup="x = [1]"), "assert f(x) == x") is None
    assert imports_of(Program("def f(y):\n    return y\n", "f", setup="x = [1]"), "assert f(x) == x") == ""
    assert imports_of(Program(ANSWER, "f", setup="root = Node()"), "assert f(root) == 1") is None


def test_a_program_that_does_not_parse_can_wait_for_its_run() -> None:
    assert imports_of(Program("def f(:", "f"), "assert f() == 1") == ""


@pytest.mark.parametrize(
    ("prelude", "test", "shared"),
    [
        ("", "assert f(1) == 2", True),
        ("import math", "from collections import Counter\nassert f(Counter()) == math.pi", True),
        ("", "try:\n    f(1)\nexcept ValueError:\n    pass", True),
        ("", "x = [1]\nx[0] = 2\nassert f(x) == 2", True),
        ("import numpy as np", "assert f(1) == 2", False),
        ("import random\nrandom.seed(1)", "assert f(1) == 2", False),
        ("", "import math\nmath.pi = 3\nassert f(1) == 2", False),
        ("", "import datetime\nassert f(1) == datetime.datetime.min and f(2).__class__.__name__ == 'int'", True),
        ("", "from datetime import datetime\nassert f(1) == datetime(2020, 1, 1)", True),
        ("", "__builtins__['sorted'] = None", False),
        ("import math", "object.__setattr__(math, 'pi', 3)", False),
        ("", "import math\nmath.__dict__['pi'] = 3", False),
        ("", "import math as m\nobject.mro()[0](m)", False),
        ("", "import operator, math\noperator.methodcaller('__setattr__', 'pi', 3)(math)", False),
        ("", "import numbers\nnumbers.Integral.register(float)", False),
        ("", "from collections.abc import Sized\nSized.register(int)", False),
        ("", "import dataclasses\ndataclasses.sys.setrecursionlimit(50)", False),
        ("", "from dataclasses import sys as s\ns.setrecursionlimit(50)", False),
        ("", "import json\njson.encoder.ESCAPE_DCT.clear()", False),
        ("", "from json.encoder import ESCAPE_DCT\nESCAPE_DCT.clear()", False),
        ("", "import re\nx = re.copyreg\nx.pickle(int, print)", False),
        ("", "from json import encoder\nencoder.ESCAPE_DCT.clear()", False),
        ("", "import copy\ncopy.dispatch_table[int] = None", False),
        ("", "g = (x for x in [1])\ng.gi_frame.f_builtins['sorted'] = None", False),
        ("", "E = BaseException\ntry:\n    f(1)\nexcept E:\n    pass", False),
        ("", "def g():\n    try:\n        f(1)\n    finally:\n        return 1\ng()", False),
        ("", "class Dropped:\n    def __exit__(self, *_):\n        return True", False),
        ("", "from numbers import Real\nclass A(Real):\n    __subclasshook__ = None", False),
        ("", "class A(int):\n    def __repr__(self):\n        return 'A'\nassert f(A(1)) == 1", True),
        ("", "def _check(it):\n    assert it([1].copy()) == [1]\n_check(f)", True),
        ("", "code = [1]\nassert f(code) == [1]", True),
        ("", "class End:\n    def __del__(self):\n        pass", False),
        ("", "try:\n    f(1)\nexcept:\n    pass", False),
        ("", "try:\n    f(1)\nexcept (ValueError, BaseException):\n    pass", False),
    ],
)
def test_a_judge_is_shared_by_tests_that_leave_nothing_behind(prelude: str, test: str, shared: bool) -> None:
    made = plan(Program("def f(x):\n    return x\n", "f", prelude=prelude), test)
    assert made is not None
    assert made.shared is shared


def test_a_judge_is_not_shared_where_what_it_imports_for_a_test_has_state() -> None:
    made = plan(Program("from decimal import Decimal\n\ndef f(x):\n    return x\n", "f"), "assert f(1) == Decimal(1)")
    assert made is not None
    assert (made.imports, made.shared) == ("from decimal import Decimal", False)


@pytest.mark.parametrize(
    "chosen",
    ["from operator import ne as isclose", "import cmath as math", "from cmath import isclose", "import re as isclose"],
)
def test_what_a_name_means_in_a_judge_is_not_the_programs_choice(chosen: str) -> None:
    test = "assert isclose(f(1), math.pi)"
    program = Program(f"from math import isclose\nimport math\n{chosen}\n\ndef f(x):\n    return x\n", "f")
    assert imports_of(program, test) in (None, "from math import isclose\nimport math")
    program = Program(f"{chosen}\n\ndef f(x):\n    return x\n", "f")
    assert (
        imports_of(program, test.replace("math.pi", "3") if "isclose" in chosen else "assert math.pi == f(3)") is None
    )


@pytest.mark.parametrize(
    ("test", "handles", "handles_stop", "identifies"),
    [
        ("assert f(1) is None and f(2) is True", False, False, False),
        ("assert type(f(1)) is int and f(2) in [1]", False, False, False),
        ("x = []\nassert f(x) is not x", False, False, True),
        ("assert id(f(1))", False, False, True),
        ("try:\n    f(1)\nexcept ValueError:\n    pass", True, False, False),
        ("try:\n    f(1)\nexcept Exception:\n    pass", True, True, False),
        ("try:\n    f(1)\nexcept:\n    pass", True, True, False),
        ("class Own:\n    pass\nwith Own():\n    f(1)", True, True, False),
    ],
)
def test_what_a_text_shows_of_how_a_verdict_may_mislead(
    test: str, handles: bool, handles_stop: bool, identifies: bool
) -> None:
    for program, text in ((Program(ANSWER, "f"), test), (Program(ANSWER, "f", prelude=test), "assert f(1) == 2")):
        made = plan(program, text)
        assert made is not None
        assert (made.handles, made.handles_stop, made.identifies) == (handles, handles_stop, identifies)
