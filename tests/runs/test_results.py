"""``results.json`` and exports: what other programs read."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from run_folders import TASKS, grade, sample, solving, write_run

from linewise.benchmarks.base import SuiteOptions
from linewise.benchmarks.data import data_folder
from linewise.benchmarks.suites.registry import load_suite
from linewise.errors import InputError
from linewise.runs.figures.export import export
from linewise.runs.figures.results import results, task_rows
from linewise.runs.reading import read_run
from linewise.runs.suite_record import suite_record


def test_results_hold_the_summary_and_every_task(tmp_path: Path) -> None:
    run = read_run(solving(tmp_path, {"Mbpp/11": True, "Mbpp/12": False, "Mbpp/13": None}))
    found = json.loads(json.dumps(results(run)))
    assert (found["suite"], found["summary"]["solved"]["share"]) == ("mbpp", 0.5)
    assert found["summary"]["infrastructure_errors"] == 1
    assert [found["tasks"][task][0]["passed"] for task in TASKS[:3]] == [True, False, None]
    assert found["tasks"]["Mbpp/14"] == []
    assert found["curve"] == [[1000, 0.5], [1100, 0.5]]


def test_results_are_the_same_wherever_the_run_lies(tmp_path: Path) -> None:
    folders = [solving(tmp_path / place / "run", {"Mbpp/11": True}) for place in ("x", "y")]
    assert results(read_run(folders[0])) == results(read_run(folders[1]))


def test_a_suite_of_one_part_is_base_to_evalplus(tmp_path: Path) -> None:
    found = results(read_run(solving(tmp_path, {"Mbpp/11": True, "Mbpp/12": False, "Mbpp/13": None})))
    assert [row["base_status"] for rows in found["eval"].values() for row in rows] == ["pass", "fail", None]
    assert found["eval"]["Mbpp/11"][0]["solution"] == "def f():\n    return 'Mbpp/11'\n"
    assert found["pass_at_k"] == {"base": {"pass@1": 0.5}}


def test_plus_has_a_status_of_its_own_and_counts_where_base_passes_too(tmp_path: Path) -> None:
    rows = [("Mbpp/11", True, True), ("Mbpp/12", True, False), ("Mbpp/13", False, True)]
    grades = [grade(task, base and plus, parts={"base": base, "plus": plus}) for task, base, plus in rows]
    found = results(read_run(write_run(tmp_path, [sample(task) for task, _, _ in rows], grades)))
    states = [(row["base_status"], row["plus_status"]) for rows in found["eval"].values() for row in rows]
    assert states == [("pass", "pass"), ("pass", "fail"), ("fail", "pass")]
    assert found["pass_at_k"] == {"base": {"pass@1": pytest.approx(2 / 3)}, "plus": {"pass@1": pytest.approx(1 / 3)}}


def test_estimates_of_a_run_that_is_half_done_say_of_how_many_tasks_they_are(tmp_path: Path) -> None:
    found = results(read_run(solving(tmp_path, {"Mbpp/11": True, "Mbpp/12": None})))
    assert len(found["tasks"]) == 4
    assert (found["pass_at_k"], found["pass_at_k_tasks"]) == ({"base": {"pass@1": 1.0}}, {"base": 1})


def test_a_sample_without_a_verdict_has_no_status(tmp_path: Path) -> None:
    found = results(read_run(write_run(tmp_path, [sample("Mbpp/11")])))
    row = found["eval"]["Mbpp/11"][0]
    assert (row["base_status"], row["plus_status"], found["pass_at_k"]) == (None, None, {})


def test_a_sample_that_is_not_graded_says_so(tmp_path: Path) -> None:
    row = task_rows(read_run(write_run(tmp_path, [sample("Mbpp/11")])))["Mbpp/11"][0]
    assert (row["graded"], row["passed"], row["any_passed"]) == (False, None, None)


def test_samples_are_exported_for_other_graders(tmp_path: Path) -> None:
    run = read_run(solving(tmp_path / "run", dict.fromkeys(TASKS, True)))
    assert export(run, tmp_path / "new" / "samples.jsonl") == 4
    rows = [json.loads(line) for line in (tmp_path / "new" / "samples.jsonl").read_text().splitlines()]
    assert [set(row) for row in rows] == [{"task_id", "solution"}] * 4
    assert [row["task_id"] for row in rows] == list(TASKS)


PRELUDE = "import math\n\n\ndef poly(xs: list, x: float):\n    return sum(c * math.pow(x, i) for i, c in enumerate(xs))"
SOLUTION = "def is_root(xs: list, x: float) -> bool:\n    return math.isclose(poly(xs, x), 0.0)\n"


def humaneval(folder: Path, **suite: object) -> Path:
    """A run of two tasks in the form of HumanEval/32, whose answers need the imports and helpers of their prompt."""
    tasks = ["HumanEval/32", "HumanEval/33"]
    samples = [sample(tasks[0], solution=SOLUTION), sample(tasks[1], solution="def f():\n    return 1\n")]
    return write_run(folder, samples, suite={"name": "humaneval+", "tasks": tasks, **suite})


def test_an_exported_solution_runs_with_what_its_prompt_puts_before_it(tmp_path: Path) -> None:
    run = read_run(humaneval(tmp_path / "run", preludes={"HumanEval/32": PRELUDE}))
    export(run, tmp_path / "samples.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    space: dict[str, Any] = {}
    exec(rows[0]["solution"], space)
    assert space["is_root"]([-1, 1], 1.0)
    assert not space["is_root"]([-1, 1], 2.0)
    assert rows[1]["solution"] == "def f():\n    return 1\n"
    with pytest.raises(NameError):
        exec(SOLUTION + "is_root([-1, 1], 1.0)", {})


@pytest.mark.data
def test_real_solutions_run_as_they_are_exported(tmp_path: Path) -> None:
    suite = load_suite("humaneval", data_folder(), SuiteOptions())
    problems = [one for one in suite.problems.values() if one.task.prelude]
    solutions = {one.id: (one.key.reference or "").strip().removeprefix(one.task.prelude) for one in problems}
    samples = [sample(task, solution=code.strip() + "\n") for task, code in solutions.items()]
    record = suite_record(suite, SuiteOptions(), list(solutions)).model_dump(mode="json")
    export(read_run(write_run(tmp_path / "run", samples, suite=record)), tmp_path / "samples.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert len(rows) == 26
    for row, problem in zip(rows, problems, strict=True):
        exec(f"{row['solution']}\n{problem.key.tests[0].source}", {})


def test_a_run_that_does_not_say_what_stands_before_its_answers_is_not_exported(tmp_path: Path) -> None:
    run = read_run(humaneval(tmp_path / "run"))
    with pytest.raises(InputError, match=r"run: its run\.json is of before .* once more, which adds that, then"):
        export(run, tmp_path / "samples.jsonl")
    assert not (tmp_path / "samples.jsonl").exists()
    export(run, tmp_path / "table.csv")


def test_a_table_has_a_row_a_sample_and_leaves_unknown_cells_empty(tmp_path: Path) -> None:
    samples = [sample("Mbpp/11"), sample("Mbpp/12", computed=None)]
    samples[1]["cost"]["computed"] = None
    run = read_run(write_run(tmp_path / "run", samples, [grade("Mbpp/11", True)]))
    export(run, tmp_path / "table.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text())))
    assert [(row["task_id"], row["passed"], row["computed"]) for row in rows] == [
        ("Mbpp/11", "True", "1000"),
        ("Mbpp/12", "", ""),
    ]
    assert (rows[0]["part_hidden"], rows[0]["seconds_engine"], rows[1]["part_hidden"]) == ("True", "3.0", "")


def test_all_results_are_exported(tmp_path: Path) -> None:
    run = read_run(solving(tmp_path / "run", {"Mbpp/11": True}))
    export(run, tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text())["suite"] == "mbpp"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    run = read_run(solving(tmp_path / "run", {"Mbpp/11": True}))
    with pytest.raises(InputError, match=r"^--to x\.txt: the ending says what to write; .* \.jsonl, \.csv, \.json$"):
        export(run, Path("x.txt"))
    with pytest.raises(InputError, match=r"samples\.jsonl: lies in the run directory"):
        export(run, run.folder / "samples.jsonl")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"^--to .*/file/x\.csv: cannot be written: .*; give another file$"):
        export(run, tmp_path / "file" / "x.csv")
