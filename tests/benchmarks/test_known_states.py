"""References against the tests of their own suite, on a slice of the real data with the failures that are known.

The whole of each suite is one command in docs/benchmarks.md.
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.benchmarks.grader import Grader
from linewise.benchmarks.suites.evalplus import MBPP_SIZES
from linewise.benchmarks.suites.registry import load_suite, loader_of
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.judge import judge
from linewise.meter import Meter
from linewise.runs.sample_files import references
from linewise.runs.sample_grading import Results, grade_samples
from linewise.schema import Task, Trust

pytestmark = [pytest.mark.data, pytest.mark.filterwarnings("ignore::SyntaxWarning")]

FAILURES = {
    "mbpp-et": {75, 83, 88, 99, 117, 160, 395, 427, 437, 438, 444, 593, 602, 640, 757},
    "humaneval": set[int](),
    "humaneval-et": {2, 38, 44, 50, 53, 151},
    "humaneval+": {32},
    "mbpp+": set[int](),
}
STEPS = {"mbpp-et": 20, "humaneval": 2, "humaneval-et": 20, "humaneval+": 16, "mbpp+": 16}
SLOW = {39, 63, 123, 147, 599, 255, 392, 271}
"""Tasks whose tests take longer than the rest of a slice."""


@cache
def load(name: str, **options: object) -> Suite:
    """The suite with those of ``options`` that it offers."""
    offered = {option: value for option, value in options.items() if option in loader_of(name).reads}
    return load_suite(name, Path(os.environ["LINEWISE_DATA"]), SuiteOptions.model_validate(offered))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[BubblewrapSandbox]:
    with BubblewrapSandbox() as opened:
        yield opened


def number(task_id: str) -> int:
    return int(task_id.rpartition("/")[2])


@pytest.mark.parametrize("name", FAILURES)
def test_references_fail_where_it_is_known_and_nowhere_else(sandbox: BubblewrapSandbox, name: str) -> None:
    suite = load(name, split="all")
    known = FAILURES[name]
    slices = [one for n, one in enumerate(references(suite)) if n % STEPS[name] == 0 or number(one.problem.id) in known]
    samples = [one for one in slices if number(one.problem.id) not in SLOW]
    graded = grade_samples(samples, Grader(sandbox, suite.limits), 2, meter=Meter())
    failed = {number(one.sample.problem.id) for one in graded if one.grade.passed is not True}
    assert failed == known & {number(one.problem.id) for one in samples}
    outside = sum(one.grade.trust is Trust.SEPARATE for one in graded)
    assert outside >= 0.6 * len(graded)
    assert Results.of(suite, graded).unknown == []


def test_the_size_of_each_suite() -> None:
    suites = {name: load(name, split="all") for name in FAILURES}
    sizes = {name: (len(suite.problems), suite.size) for name, suite in suites.items()}
    assert sizes == {
        "mbpp-et": (427, 974),
        "humaneval": (164, 164),
        "humaneval-et": (164, 164),
        "humaneval+": (164, 164),
        "mbpp+": (378, 378),
    }
    scored = load("mbpp-et")
    assert (len(scored.problems), scored.size) == (257, 500)
    assert sum(11 <= number(name) <= 510 for name in suites["mbpp+"].problems) == MBPP_SIZES["test"]


def shows(sandbox: BubblewrapSandbox, task: Task, reference: str) -> bool:
    """Whether no visible test contradicts the reference."""
    return judge(sandbox, Program.of(task, reference), task.tests, Limits(), meter=Meter()).passed is not False


def test_docstrings_give_visible_tests_and_the_reference_passes_them(sandbox: BubblewrapSandbox) -> None:
    problems = load("humaneval", split="all").problems.values()
    assert sum(bool(problem.task.tests) for problem in problems) == 150
    assert sum(len(problem.task.tests) for problem in problems) == 425
    assert [one.id for one in problems if not shows(sandbox, one.task, one.key.reference or "")] == []


def test_the_shown_asserts_of_mbpp_plus_agree_with_its_references(sandbox: BubblewrapSandbox) -> None:
    problems = list(load("mbpp+", split="all").problems.values())[::3]
    assert all(len(problem.task.tests) == 3 for problem in problems)
    assert [one.id for one in problems if not shows(sandbox, one.task, one.key.reference or "")] == []
