"""HumanEval+ and MBPP+: comparison as EvalPlus makes it, in a process that holds no answer."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linewise.benchmarks.base import Problem, SuiteOptions
from linewise.benchmarks.grader import Grade, Grader
from linewise.benchmarks.suites import comparing
from linewise.benchmarks.suites.evalplus import LIMITS
from linewise.benchmarks.suites.evalplus_inputs import cases
from linewise.benchmarks.suites.private_names import private
from linewise.benchmarks.suites.registry import load_suite
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter

HUMANEVAL = {
    "task_id": "HumanEval/1",
    "prompt": 'def root(x):\n    """The root.\n    >>> root(4)\n    2.0\n    """\n',
    "entry_point": "root",
    "canonical_solution": "    time = x ** 0.5\n    return time\n",
    "base_input": [[4], [9]],
    "plus_input": [[2], [float("inf")], [1e300]],
    "atol": 0,
}
MBPP = {
    "task_id": "Mbpp/2",
    "prompt": '"""\nWrite a function to find what is in both.\nassert both((1, 2), (2, 3)) == (2,)\n"""\n',
    "entry_point": "both",
    "canonical_solution": "\ndef both(a, b):\n  return tuple(set(a) & set(b))\n",
    "assertion": "assert both((1, 2), (2, 3)) == (2,)\nassert both((1,), (2,)) == ()\n",
    "base_input": [[[1, 2], [2, 3]]],
    "plus_input": [[[1, 2, 5], [5, 1, 3]], [[], []]],
    "atol": 0,
}


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with BubblewrapSandbox() as sandbox:
        yield Grader(sandbox, LIMITS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "evalplus").mkdir()
    (tmp_path / "evalplus/humaneval_plus.jsonl").write_text(json.dumps(HUMANEVAL) + "\n")
    (tmp_path / "evalplus/mbpp_plus.jsonl").write_text(json.dumps(MBPP) + "\n")
    return tmp_path


def grade(grader: Grader, problem: Problem, code: str) -> Grade:
    return grader.grade(problem, code, meter=Meter())


def test_the_parts_are_judged_apart_and_outside_the_answers_process(grader: Grader, folder: Path) -> None:
    problem = load_suite("humaneval+", folder, SuiteOptions()).problem("1")
    right = grade(grader, problem, problem.key.reference or "")
    assert (right.passed, right.parts, right.trust) == (True, {"base": True, "plus": True}, "separate")
    rounded = grade(grader, problem, "def root(x):\n    return float(round(x ** 0.5))\n")
    assert (rounded.passed, rounded.parts) == (False, {"base": True, "plus": False})


def test_inputs_that_take_long_are_several_tests(folder: Path) -> None:
    record = {**MBPP, "task_id": "Mbpp/599", "plus_input": [[[1], [n]] for n in range(45)], "base_input": {}}
    (folder / "evalplus/mbpp_plus.jsonl").write_text(json.dumps(record) + "\n")
    parts = load_suite("mbpp+", folder, SuiteOptions()).problem("599").key.parts
    assert {part: len(tests) for part, tests in parts.items()} == {"base": 1, "plus": 3}


def test_no_name_of_an_answer_moves_the_judgement_into_its_process(grader: Grader, folder: Path) -> None:
    problem = load_suite("humaneval+", folder, SuiteOptions()).problem("1")
    forger = "comparing_case = comparing_returned = comparing_check = reference_time = reference_root = 0\n"
    forger += (
        "check = decoded = expected = cases = reference = compare = RULES = time = 1\ndef root(x):\n    return 1\n"
    )
    forged = grade(grader, problem, forger)
    assert (forged.passed, forged.trust) == (False, "separate")


def test_arguments_are_tuples_where_they_are_meant_so_and_some_results_are_sets(grader: Grader, folder: Path) -> None:
    problem = load_suite("mbpp+", folder, SuiteOptions()).problem("2")
    answer = "def both(a, b):\n    assert type(a) is tuple\n    return [x for x in b if x in a] * 2\n"
    assert grade(grader, problem, answer).passed
    assert not grade(grader, problem, "def both(a, b):\n    return list(a)\n").passed


def test_an_mbpp_task_is_the_request_and_its_own_asserts(folder: Path) -> None:
    task = load_suite("mbpp+", folder, SuiteOptions(visible=1)).problem("Mbpp/2").task
    assert task.prompt == "Write a function to find what is in both."
    assert [test.source for test in task.tests] == ["assert both((1, 2), (2, 3)) == (2,)"]
    assert load_suite("mbpp+", folder, SuiteOptions(split="test")).problems == {}


@pytest.mark.parametrize(
    ("returned", "expected", "tolerance", "same"),
    [
        (2, 2.0, 0, True),
        (0.1 + 0.2, 0.3, 0, True),
        (1.0 + 1e-5, 1.0, 0, False),
        (1.0 + 1e-5, 1.0, 1e-4, True),
        (1 + 1e-9, 1, 0, False),
        ([1.0, 2.0], [1.0, 2.0 + 1e-9], 0, True),
        ([1.0, 2.0], (1.0, 2.0), 0, False),
        ([1.0], [1.0, 2.0], 1e-4, False),
        ([1.0, 2], [1.0 + 1e-9, 2], 0, False),
        ([[1.0], 2], [[1.0 + 1e-9], 2], 1e-6, True),
        (math.nan, math.nan, 0, False),
        (1e308, math.inf, 0, False),
        (math.inf, math.inf, 0, True),
        ("a", "b", 1e-4, False),
        (1j, 1j + 1e-9, 1e-6, True),
        (None, 1.0, 0, False),
    ],
)
def test_equal_or_near(returned: Any, expected: Any, tolerance: float, same: bool) -> None:
    assert comparing.equal(returned, expected, [], tolerance) is same


def test_special_rules() -> None:
    assert comparing.both_something("found", "other", [], 0)
    assert comparing.both_something(False, None, [], 0)
    assert not comparing.both_something(None, "found", [], 0)
    assert comparing.equal_or_digits(5, 9, [23, 56], 0) is False
    assert comparing.equal_or_digits(6, 9, [23, 56], 0)
    assert comparing.equal_or_surface(33, 33, [3, 4], 0)
    assert comparing.equal_or_surface(35, 33, [3, 4], 0)
    assert not comparing.equal_or_surface(34, 33, [3, 4], 0)


def test_no_number_is_a_zero_for_evalplus() -> None:
    with pytest.raises(TypeError):
        comparing.published_root(2.0, 2.0, [[-4, 0, 1]], 1e-4)


@pytest.mark.parametrize(
    ("task", "given", "meant"),
    [
        ("HumanEval/1", [[1, [2]], {"a": [1]}], [[1, [2]], {"a": [1]}]),
        ("Mbpp/2", [[1, [2]], [3]], [(1, [2]), (3,)]),
        ("Mbpp/63", [[[1, 2], [3]]], [[(1, 2), (3,)]]),
        ("Mbpp/259", [[[1], [2]], [[3]]], [((1,), (2,)), ((3,),)]),
        ("Mbpp/580", [[1, [2, [3]]]], [(1, (2, (3,)))]),
        ("Mbpp/75", [[[1]], [2]], [[(1,)], [2]]),
        ("Mbpp/722", [{"a": [1, 2]}, 3], [{"a": (1, 2)}, 3]),
        ("Mbpp/106", [[1], [2]], [[1], (2,)]),
        ("Mbpp/115", [[[1, 2], []]], [[{1, 2}, {}]]),
        ("Mbpp/124", [0, "1j"], [0.0, 1j]),
    ],
)
def test_inputs_come_back_as_they_are_meant(task: str, given: list[Any], meant: list[Any]) -> None:
    (case,) = json.loads(cases(task, [given]))
    assert repr(comparing.decoded(case)) == repr(meant)


def test_private_names_stand_beside_any_code() -> None:
    source = (
        '"""Text."""\nimport math\nLIMIT: int = 3\n\ndef f(n: int, *, time: int = 1) -> int:\n    """Text."""\n'
        + (
            "    def inner(k):\n        nonlocal n\n        n = n - k\n        return math.sqrt(k)\n"
            "    try:\n        own = [n * LIMIT for i in range(time)]\n"
            "        return own + ([inner(k=1), f(n=n, time=2)] if n > 1 else [])\n"
            "    except TypeError as error:\n        return n\n"
        )
    )
    text = private(source, "own_")
    space: dict[str, Any] = {"LIMIT": None, "f": None, "n": None}
    exec(text, space)
    assert "Text" not in text
    assert space["own_LIMIT"] == 3
    assert space["own_f"](2) == [6, 1.0, [3, 3]]
    assert all(f"own_{name}" in text for name in ("f", "n", "time", "inner", "k", "i", "error"))
    assert "own_math" not in text
