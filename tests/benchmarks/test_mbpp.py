import gzip
import json
import os
from pathlib import Path

import pytest

from linewise.benchmarks.base import SuiteOptions, what_scores
from linewise.benchmarks.data import data_folder, read_data
from linewise.benchmarks.grader import Grader
from linewise.benchmarks.suites import mbpp
from linewise.errors import InputError
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter

RECORD = {
    "task_id": 2,
    "text": "Write a function to add one.",
    "code": "def helper(x):\r\n  return x\r\ndef add_one(x):\r\n  return helper(x) + 1",
    "test_setup_code": "",
    "test_list": ["assert add_one(1) == 2", "assert add_one(helper(1)) == 2"],
    "challenge_test_list": [],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mbpp").mkdir()
    records = [{**RECORD, "task_id": number} for number in (2, 3, 4, 11)]
    with gzip.open(tmp_path / "mbpp/mbpp.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    return tmp_path


def test_a_record_becomes_a_task_with_its_asserts_as_visible_tests(folder: Path) -> None:
    task = mbpp.load(folder, SuiteOptions()).problems["Mbpp/11"].task
    assert task.name == "Mbpp/11"
    assert task.entry_point == "add_one"
    assert [test.source for test in task.tests] == RECORD["test_list"]


def test_tests_that_are_not_visible_are_hidden_and_score_alone(folder: Path) -> None:
    shown = mbpp.load(folder, SuiteOptions()).problem("11")
    assert shown.shown
    unseen = mbpp.load(folder, SuiteOptions(visible=1)).problem("MBPP/11")
    assert [test.source for test in unseen.task.tests] == RECORD["test_list"][:1]
    assert [test.source for test in unseen.key.tests] == RECORD["test_list"][1:]
    assert not unseen.shown


def test_an_answer_key_does_not_print_its_tests(folder: Path) -> None:
    problem = mbpp.load(folder, SuiteOptions(visible=1)).problem("11")
    assert "helper" not in repr((problem, problem.key, problem.key.tests))


def test_the_worked_examples_are_tasks_2_to_4(folder: Path) -> None:
    examples = mbpp.load(folder, SuiteOptions()).examples
    assert len(examples) == 3
    assert "\r" not in examples[0].code


def test_the_entry_point_is_what_all_tests_call() -> None:
    assert mbpp.entry_point("def f(x): ...\ndef g(x): ...", ["assert g(f(1))", "assert g(2)"]) == "g"


def test_an_entry_point_that_no_test_calls_is_an_input_error() -> None:
    with pytest.raises(InputError, match="called by every test"):
        mbpp.entry_point("def f(x): ...", ["assert g(1)"])


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(InputError, match=r"tasks\.jsonl: line 2 is no JSON"):
        read_data(tmp_path, path.name)


def test_a_missing_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINEWISE_DATA", raising=False)
    with pytest.raises(InputError, match="--data or LINEWISE_DATA"):
        data_folder()
    with pytest.raises(InputError, match="nowhere"):
        data_folder(tmp_path / "nowhere")


@pytest.mark.data
def test_every_real_task_loads_and_its_reference_passes() -> None:
    suite = mbpp.load(data_folder(Path(os.environ["LINEWISE_DATA"])), SuiteOptions(split="all"))
    assert len(suite.problems) == suite.size == 974
    assert what_scores(tuple(suite.problems.values())) == "shown tests"
    with BubblewrapSandbox() as sandbox:
        grader = Grader(sandbox, suite.limits)
        failed = [
            name
            for name, problem in list(suite.problems.items())[10::10]
            if not grader.grade(problem, problem.key.reference or "", meter=Meter()).passed
        ]
    assert failed == []
