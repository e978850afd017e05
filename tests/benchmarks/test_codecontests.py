import gzip
import json
import os
from pathlib import Path

import pytest

from linewise.benchmarks.base import Problem, Suite, SuiteOptions
from linewise.benchmarks.data import data_folder, read_data
from linewise.benchmarks.grader import Grader
from linewise.benchmarks.suites import codecontests
from linewise.benchmarks.suites.registry import load_suite
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.prompting import messages
from linewise.meter import Meter
from linewise.schema import StdioTest, Trust

STATEMENT = """Add two numbers.

Input

One line with two numbers.

Output

Their sum. It is taken as right if its absolute or relative error does not exceed 10^{-4}.

Example

Input


1 2


Output


3

Note

In the example, 1 + 2 = 3.
"""
RECORD = {
    "task_id": "CodeContests/test/7",
    "description": STATEMENT,
    "time_limit_s": 1.5,
    "public_tests": [{"input": "1 2\n", "output": ["3 \n"]}],
    "test_list": [{"input": f"{number} 4\n", "output": [f"{number + 4}\n"]} for number in range(10, 50)],
}
FUNCTION = "def solve():\n    a, b = map(int, input().split())\n    print(a + b)\n"
SCRIPT = "import sys\na, b = map(int, sys.stdin.read().split())\nprint(a + b)\n"


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    (tmp_path / "codecontests").mkdir()
    exact = {**RECORD, "task_id": "CodeContests/test/8", "time_limit_s": 3.0, "description": "Add two numbers.\n"}
    with gzip.open(tmp_path / codecontests.FILE, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in (RECORD, exact))
    return load_suite("codecontests", tmp_path, SuiteOptions())


@pytest.fixture
def problem(suite: Suite) -> Problem:
    return suite.problem("7")


def test_public_tests_are_visible_and_the_others_hidden(problem: Problem) -> None:
    assert problem.task.kind == "program"
    assert problem.task.tests == (StdioTest("1 2\n", "3 \n", compare="numbers", tolerance=1e-4),)
    assert len(problem.key.tests) == 40
    assert not problem.shown


def test_the_prompt_shows_the_examples_once(problem: Problem) -> None:
    (message,) = messages(problem.task, GuidanceOptions())
    assert message.content.count("1 2\n") == 1
    assert "In the example, 1 + 2 = 3." in message.content
    assert "11 4" not in message.content


def test_numbers_have_a_tolerance_only_where_the_statement_grants_one(suite: Suite) -> None:
    assert [test.compare for test in suite.problem("8").task.tests] == ["tokens"]


def test_a_problem_has_its_own_limits_and_the_suite_the_largest(suite: Suite) -> None:
    limits = suite.problem("7").limits
    assert limits is not None
    assert (limits.cpu_seconds, limits.wall_seconds) == (7.5, 30)
    assert suite.limits.cpu_seconds == 15


@pytest.mark.parametrize("code", [FUNCTION, SCRIPT, FUNCTION + "\nif __name__ == '__main__':\n    solve()\n"])
def test_a_program_and_a_function_are_both_answers(suite: Suite, code: str, sandbox: BubblewrapSandbox) -> None:
    grade = Grader(sandbox, suite.limits).grade(suite.problem("7"), code, meter=Meter())
    assert (grade.passed, grade.tests, grade.run, grade.trust) == (True, 40, 40, Trust.SEPARATE)


LEFT_OUT = "def solve(n):\n    return n + 4\n\nn = int(input().split()[0])\nprint(n + 4 if n % 2 else solve(n))\n"


def test_an_entry_point_that_the_program_leaves_out_is_not_called_for_it(
    suite: Suite, sandbox: BubblewrapSandbox
) -> None:
    grade = Grader(sandbox, suite.limits).grade(suite.problem("7"), LEFT_OUT, meter=Meter())
    assert (grade.passed, grade.tests) == (True, 40)


@pytest.mark.data
def test_every_real_problem_has_public_tests_and_the_stated_number_of_tests() -> None:
    folder = data_folder(Path(os.environ["LINEWISE_DATA"]))
    suite = codecontests.load(folder, SuiteOptions())
    records = read_data(folder, codecontests.FILE).records
    counts = {record["task_id"]: record["upstream_test_case_count"] for record in records}
    found = {name: len(one.task.tests) + len(one.key.tests) for name, one in suite.problems.items()}
    assert found == counts
    assert len(found) == 70
    assert all(one.task.tests for one in suite.problems.values())
    assert not any("\nExample" in one.task.prompt for one in suite.problems.values())
