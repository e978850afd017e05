"""MBPP-ET (Dong et al., 2023): MBPP with about a hundred asserts a task.

Paired with the full prompt of MBPP and its three asserts, which are shown; the asserts of MBPP-ET score, and those of
MBPP are among them. A few of its asserts contradict MBPP's references.
"""

from pathlib import Path

from linewise.benchmarks.base import AnswerKey, Problem, Suite, SuiteOptions, scripts, wall_four_times
from linewise.benchmarks.data import read_data
from linewise.benchmarks.overlap import ShownCalls
from linewise.benchmarks.suites import mbpp
from linewise.schema import AssertTest, Task

FILE = "mbpp/mbpp_et_427.jsonl.gz"


def load(folder: Path, options: SuiteOptions) -> Suite:
    """The suite from the files of MBPP-ET and MBPP in ``folder``; its problems are called ``Mbpp/<number>``."""
    data, plain = read_data(folder, FILE), read_data(folder, mbpp.FILE)
    numbers = mbpp.SPLITS[options.split or "test"]
    tasks = {record["task_id"]: record for record in plain.records if record["task_id"] in numbers}
    problems = [
        _problem(mbpp.task_of(tasks[record["task_id"]], options.visible), record["code"], record["test_list"])
        for record in data.records
        if record["task_id"] in tasks
    ]
    return Suite(
        name="mbpp-et",
        problems={problem.id: problem for problem in problems},
        size=len(numbers),
        limits=wall_four_times(10),
        source=data.source,
        checksum=data.checksum,
        examples=mbpp.worked_examples(plain.records),
    )


def _problem(task: Task, code: str, tests: list[str]) -> Problem:
    scoring = [mbpp.unix(test) for test in tests]
    calls = ShownCalls([test.source for test in task.tests if isinstance(test, AssertTest)], task.entry_point)
    key = AnswerKey({"hidden": scripts(scoring)}, reference=mbpp.unix(code))
    return Problem(task.name, task, key, counted={"hidden": calls.among_asserts(scoring)})
