"""Which of the tests that score were shown: counted by loaders, part by part, and said in plain words."""

import json
from pathlib import Path
from typing import Any

import pytest

from linewise.benchmarks.base import AnswerKey, HiddenAssert, HiddenStdio, Problem, SuiteOptions, what_scores
from linewise.benchmarks.data import data_folder
from linewise.benchmarks.overlap import Overlap, ShownCalls, scored_on
from linewise.benchmarks.suites.registry import load_suite
from linewise.schema import AssertTest, StdioTest, Task

HUMANEVAL = {
    "task_id": "HumanEval/34",
    "prompt": 'def unique(l):\n    """Sorted.\n    >>> unique([3, 1, 3])\n    [1, 3]\n    """\n',
    "entry_point": "unique",
    "canonical_solution": "    return sorted(set(l))\n",
    "test": "def check(candidate):\n    assert True\n    assert candidate([3,1,3]) == [1, 3]\n",
    "test_case_list": ["assert unique([3, 1, 3]) == [1, 3]", "assert unique([]) == []"],
    "base_input": [[[3, 1, 3]]],
    "plus_input": [[[]], [[1.0]]],
    "atol": 0,
}
MBPP = {
    "task_id": "Mbpp/2",
    "prompt": '"""\nWrite a function to find what is in both.\nassert both((1, 2), (2, 3)) == (2,)\n"""\n',
    "entry_point": "both",
    "canonical_solution": "\ndef both(a, b):\n  return tuple(set(a) & set(b))\n",
    "assertion": "assert both((1, 2), (2, 3)) == (2,)\nassert set(both((1,), (2,))) == set()\n",
    "base_input": [[[1, 2], [2, 3]], [[1], [2]]],
    "plus_input": [[[1, 2], [2, 3]], [[5], [6]], [[7], [8]]],
    "atol": 0,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"humaneval/humaneval": HUMANEVAL, "humaneval/humaneval_et": HUMANEVAL}
    for name, record in {**files, "evalplus/humaneval_plus": HUMANEVAL, "evalplus/mbpp_plus": MBPP}.items():
        path = tmp_path / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(record) + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("suite", "visible", "overlap", "said"),
    [
        ("humaneval", None, {"hidden": (1, 1)}, "shown tests"),
        ("humaneval", 0, {"hidden": (0, 1)}, "unseen tests"),
        ("humaneval-et", None, {"hidden": (1, 2)}, "unseen tests, some shown (some in 1 of 1 tasks)"),
        (
            *("humaneval+", None, {"base": (1, 1), "plus": (0, 2)}),
            "unseen tests, some shown (some in 1 of 1 tasks; base: mostly shown, all in 1)",
        ),
        (
            *("mbpp+", None, {"base": (2, 2), "plus": (1, 3)}),
            "unseen tests, some shown (some in 1 of 1 tasks; base: mostly shown, all in 1)",
        ),
        ("mbpp+", 1, {"base": (1, 2), "plus": (1, 3)}, "unseen tests, some shown (some in 1 of 1 tasks)"),
    ],
)
def test_loaders_count_what_was_shown(
    folder: Path, suite: str, visible: int | None, overlap: dict[str, tuple[int, int]], said: str
) -> None:
    loaded = load_suite(suite, folder, SuiteOptions(visible=visible))
    (problem,) = loaded.problems.values()
    assert problem.overlap == overlap
    assert (problem.shown, what_scores((problem,))) == (said == "shown tests", said)


def test_tests_that_are_no_scripts_are_compared_themselves() -> None:
    task = Task("p", "f", (AssertTest("assert f(1)==2"), StdioTest("1\n", "2\n")))
    hidden = (HiddenAssert("assert f(1) == 2"), HiddenStdio("1\n", "2\n"), HiddenStdio("1\n", "3\n"))
    problem = Problem("a/1", task, AnswerKey({"hidden": hidden}))
    assert (problem.overlap, problem.shown, problem.partly_shown) == ({"hidden": (2, 3)}, False, True)
    whole = Problem("a/2", task, AnswerKey({"hidden": hidden[:2]}))
    assert (whole.shown, whole.partly_shown) == (True, False)


@pytest.mark.parametrize(
    ("visible", "arguments", "shown"),
    [
        ("assert f((1, 2), 3) == 4", [[1, 2], 3], True),
        ("assert not f( [1, 2],3 )", [(1, 2), 3.0], True),
        ("import math\nassert math.isclose(f({'b': 1, 'a': 0}), 2)", [{"a": 0, "b": 1}], True),
        ("assert f({2, 1}) == 4", [{1, 2}], True),
        ("assert f(1j) == 4", [complex(0, 1)], True),
        ("assert f(1) == 4", [True], False),
        ("assert f('1') == 4", [1], False),
        ("assert f([1]) == 4", [{1}], False),
        ("assert f(x=1) == 4", [1], False),
        ("assert f(g(1)) == 4", [1], False),
        ("assert g(1) == 4", [1], False),
        ("no python (", [1], False),
    ],
)
def test_a_call_is_the_same_in_any_form(visible: str, arguments: list[Any], shown: bool) -> None:
    assert ShownCalls([visible], "f").among_inputs([arguments, ["other"]]) == (int(shown), 2)


def test_a_script_counts_the_asserts_that_compare_something() -> None:
    script = (
        "def check(candidate):\n    assert candidate(1) == 2\n    assert candidate(1) == candidate(3)\n"
        "    for n in range(9):\n        assert n < candidate(n)\n    assert True, 'a message'\n"
    )
    assert ShownCalls(["assert f(1) == 2"], "f").within(script, "candidate") == (1, 3)
    assert ShownCalls(["assert f(1) == 2"], "f").within("no python (", "candidate") == (0, 1)


@pytest.mark.parametrize(
    ("tasks", "shown", "partly", "said"),
    [
        (3, 0, [], "unseen tests"),
        (3, 3, [], "shown tests"),
        (3, 1, [], "unseen tests, some shown (all in 1 of 3 tasks)"),
        (3, 1, [{"hidden": Overlap(1, 2)}], "unseen tests, some shown (all in 1, some in 1 of 3 tasks)"),
        (
            *(4, 0, [{"base": Overlap(2, 2), "plus": Overlap(0, 0)}, {"base": Overlap(1, 2), "plus": Overlap(0, 9)}]),
            "unseen tests, some shown (some in 2 of 4 tasks; base: all in 1)",
        ),
    ],
)
def test_what_scores_is_said_with_counts(tasks: int, shown: int, partly: list[dict[str, Overlap]], said: str) -> None:
    assert scored_on(tasks, shown, partly) == said


@pytest.mark.data
@pytest.mark.parametrize(
    ("suite", "said"),
    [
        ("mbpp", "shown tests"),
        ("mbpp+", "unseen tests, some shown (all in 1, some in 376 of 378 tasks; base: mostly shown, all in 347)"),
        ("humaneval", "unseen tests, some shown (all in 1, some in 118 of 164 tasks)"),
        ("humaneval+", "unseen tests, some shown (some in 127 of 164 tasks; base: all in 1)"),
        ("codecontests", "unseen tests, some shown (some in 6 of 70 tasks)"),
        ("ds-1000", "unseen tests"),
    ],
)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_what_scores_in_the_real_suites(suite: str, said: str) -> None:
    assert what_scores(tuple(load_suite(suite, data_folder(), SuiteOptions()).problems.values())) == said
