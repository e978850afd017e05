"""Run directories are read as they are: half done, being written to, or broken in a place that is named."""

import json
from pathlib import Path

import pytest
from run_folders import TASKS, grade, info, sample, solving, write_run

from linewise.errors import InputError
from linewise.runs.reading import find_runs, name_apart, read_run


def test_what_was_written_is_read_in_the_order_of_the_tasks(tmp_path: Path) -> None:
    solved = {"Mbpp/13": True, "Mbpp/11": False}
    run = read_run(solving(tmp_path / "one", solved))
    assert [task for task, _ in run.samples] == ["Mbpp/11", "Mbpp/13"]
    assert {task: found.passed for (task, _), found in run.grades.items()} == solved
    assert (run.name, run.planned, run.notes) == ("one", 4, ())


def test_a_run_that_has_just_begun_is_empty(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(info()))
    run = read_run(tmp_path)
    assert not run.samples
    assert not run.grades
    assert run.notes == ()


@pytest.mark.parametrize("cut", range(1, 90, 8))
def test_a_cut_last_line_is_left_out_and_said(tmp_path: Path, cut: int) -> None:
    folder = solving(tmp_path, dict.fromkeys(TASKS, True))
    path = folder / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    run = read_run(folder)
    assert [task for task, _ in run.samples] == [task for task, _ in run.grades] == list(TASKS[:3])
    assert run.notes == ("samples.jsonl: the last line was cut while it was written and is left out",)


def test_a_broken_line_is_named_with_its_mend(tmp_path: Path) -> None:
    folder = solving(tmp_path, dict.fromkeys(TASKS, True))
    for name, field in (("samples", "solution"), ("grades", "passed")):
        path = folder / f"{name}.jsonl"
        whole = path.read_text()
        path.write_text(whole.replace(f'"{field}"', '"other"', 2).replace('"other"', f'"{field}"', 1))
        with pytest.raises(InputError) as raised:
            read_run(folder)
        assert str(raised.value) == f"{path}: line 2: {field}: Field required; mend the line, or delete it"
        path.write_text(whole)


def test_of_two_verdicts_on_a_sample_the_last_holds(tmp_path: Path) -> None:
    grades = [grade("Mbpp/11", None), grade("Mbpp/12", False), grade("Mbpp/11", True)]
    run = read_run(write_run(tmp_path, [sample("Mbpp/11")], grades))
    assert [(task, found.passed) for (task, _), found in run.grades.items()] == [("Mbpp/11", True)]


def test_a_sample_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [sample("Mbpp/11"), sample("Mbpp/11")])
    with pytest.raises(InputError, match=r"samples\.jsonl: Mbpp/11, seed 0, is there twice; delete one of the lines$"):
        read_run(folder)


def test_samples_of_other_tasks_and_seeds_are_left_out_and_said(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, [sample("Mbpp/11"), sample("Mbpp/99"), sample("Mbpp/11", seed=5)]))
    assert list(run.samples) == [("Mbpp/11", 0)]
    assert "2 of the samples are of no task or seed in run.json and left out" in run.notes[0]


def test_errors_count_for_what_was_not_finished_later(tmp_path: Path) -> None:
    errors = [{"task_id": task, "seed": 0, "error": "the sandbox broke"} for task in TASKS[:2]]
    run = read_run(write_run(tmp_path, [sample("Mbpp/11")], errors=errors))
    assert run.broken == {("Mbpp/12", 0): "the sandbox broke"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{}", r"run\.json: linewise: Field required; this is no run of linewise$"),
        ("{", r"run\.json: Invalid JSON: .*; this is no run of linewise$"),
        (json.dumps(info(version=2)), r"run\.json: version 2 is of a newer linewise; upgrade linewise to read it$"),
    ],
)
def test_what_is_no_run_of_linewise_is_named(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=why):
        read_run(tmp_path)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^{tmp_path}: no run\.json there; give a run directory"):
        read_run(tmp_path)
    with pytest.raises(InputError, match=rf"^{tmp_path}/none: cannot be read: .*; give a folder of run directories"):
        find_runs(tmp_path / "none")


def test_a_run_that_other_code_went_on_with_says_so(tmp_path: Path) -> None:
    sessions = [
        {"started": "", "machine": {}, "versions": {}, "source": source} for source in ("1" * 64, "2" * 64, "1" * 64)
    ]
    assert read_run(solving(tmp_path / "same", {}, sessions=sessions[::2])).notes == ()
    (note,) = read_run(solving(tmp_path / "other", {}, sessions=sessions)).notes
    assert "(sources 11111111, 22222222)" in note


def test_runs_are_found_in_a_folder_or_are_the_folder(tmp_path: Path) -> None:
    for name in ("b", "a"):
        solving(tmp_path / name, {})
    (tmp_path / "other").mkdir()
    assert find_runs(tmp_path) == [tmp_path / "a", tmp_path / "b"]
    assert find_runs(tmp_path / "b") == [tmp_path / "b"]


def test_runs_are_found_in_folders_of_folders_and_never_in_a_run(tmp_path: Path) -> None:
    places = ["mbpp/default", "mbpp/direct", "other/deep/er", "top"]
    for place in places:
        solving(tmp_path / place, {})
    solving(tmp_path / "mbpp/direct/events", {})
    solving(tmp_path / ".hidden/run", {})
    (tmp_path / "other/round").symlink_to(tmp_path, target_is_directory=True)
    assert find_runs(tmp_path) == [tmp_path / place for place in places]


def test_runs_of_the_same_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    runs = [read_run(solving(tmp_path / place, {})) for place in ("x/one", "y/one", "two")]
    assert name_apart(runs) == [str(tmp_path / "x/one"), str(tmp_path / "y/one"), "two"]
