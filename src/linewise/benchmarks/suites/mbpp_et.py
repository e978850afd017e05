"""MBPP-ET (Dong et al., 2023): MBPP with about a hundred asserts a task.

Paired with the full prompt of MBPP and its three asserts, which are shown; the asserts of MBPP-ET score, and those of
MBPP are among them. A few of its asserts contradict MBPP's references.
"""

from pathlib import Path

from linewise.benchmarks.base import AnswerKey, Problem, Suite, SuiteOptions, fold, scripts, wall_four_times
from linewise.benchmarks.data import Form, Record, Texts, read_data
from linewise.benchmarks.overlap import ShownCalls
from linewise.benchmarks.suites import mbpp
from linewise.schema import AssertTest, Task

FILE = "mbpp/mbpp_et.jsonl.gz"


class Row(Form):
    """A record of MBPP-ET: what is not taken from MBPP."""

    task_id: int
    code: str
    test_list: Texts


def load(folder: Path, options: SuiteOptions) -> Suite:
    """The suite from the files of MBPP-ET and MBPP in ``folder``; its problems are called ``Mbpp/<number>``."""
    data, plain = read_data(folder, FILE, Row), read_data(folder, mbpp.FILE, mbpp.Row)
    numbers = mbpp.SPLITS[options.split or "test"]
    tasks = {int(fold(task.name)): task for task in plain.each(lambda record: mbpp.task_of(record, options.visible))}
    problems = [
        _problem(tasks[record["task_id"]], record)
        for record in data.records
        if record["task_id"] in tasks and record["task_id"] in numbers
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


def _problem(task: Task, record: Record) -> Problem:
    scoring = [mbpp.unix(test) for test in record["test_list"]]
    calls = ShownCalls([test.source for test in task.tests if isinstance(test, AssertTest)], task.entry_point)
    key = AnswerKey({"hidden": scripts(scoring)}, reference=mbpp.unix(record["code"]))
    return Problem(task.name, task, key, counted={"hidden": calls.among_asserts(scoring)})
