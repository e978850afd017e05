"""``linewise grade`` as a user runs it."""

import json
from pathlib import Path

import pytest
from command_line import Command, interrupt, wait_until
from made_up_suite import write_suite
from processes import descendants


@pytest.fixture
def graded(command: Command) -> Command:
    """The command beside the data of a made-up MBPP, tasks 11 to 14."""
    command.environment["LINEWISE_DATA"] = str(write_suite(command.folder, range(11, 15)))
    return command


def write(folder: Path, *records: object, name: str = "samples.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def answer(number: int, code: str) -> dict[str, str]:
    return {"task_id": f"Mbpp/{number}", "solution": f"def add_{number}(x):\n    return {code}\n"}


def test_verdicts_as_json_and_a_file_like_evalplus(graded: Command) -> None:
    path = write(graded.folder, answer(11, "x + 11"), answer(12, "x - 12"), answer(13, "x["))
    run = graded("grade", "mbpp", str(path), "--json")
    assert run.returncode == 0, run.stderr
    content = json.loads(run.stdout)
    assert (content["suite"], content["total"], content["passed"], content["size"]) == ("mbpp", 3, 1, 974)
    assert [task["passed"] for task in content["tasks"].values()] == [True, False, False]
    assert [task["failure"] for task in content["tasks"].values()] == [None, "wrong", "exception"]
    assert run.stderr.count("/3 Mbpp/") == 3
    assert "results are in" in run.stderr
    stored = json.loads((graded.folder / "samples_eval_results.json").read_text())
    assert [stored["eval"][f"Mbpp/{n}"][0]["base_status"] for n in (11, 12, 13)] == ["pass", "fail", "fail"]


def test_a_summary_with_an_interval(graded: Command) -> None:
    for number in (11, 12):
        (graded.folder / "answers").mkdir(exist_ok=True)
        (graded.folder / f"answers/Mbpp_{number}.py").write_text(answer(number, f"x + {number}")["solution"])
    run = graded("grade", "mbpp", "answers", "--visible", "1", "--quiet")
    assert run.stdout == (
        "mbpp: 2 of 2 tasks passed: 100.0% [34.2%, 100.0%] (95% Wilson interval)\n"
        "2 of 974 tasks; scored on unseen tests\n"
    )
    assert run.returncode == 0
    assert (graded.folder / "answers/eval_results.json").is_file()


def test_samples_of_other_tasks_can_be_left_out(graded: Command) -> None:
    path = write(graded.folder, answer(12, "x + 12"), answer(99, "x"), answer(99, "x"), answer(98, "x"))
    run = graded("grade", "mbpp", str(path), "--known-only", "--quiet")
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith(
        "1 of 974 tasks; scored on shown tests\n"
        "3 samples of 2 tasks that mbpp as it is here has not were left out: Mbpp/99, Mbpp/98\n"
    )
    content = json.loads(graded("grade", "mbpp", str(path), "--known-only", "--json", "-q").stdout)
    assert list(content["tasks"]) == ["Mbpp/12"]
    assert content["skipped"] == {"Mbpp/99": 2, "Mbpp/98": 1}


def test_references_need_no_samples_and_leave_no_file(graded: Command) -> None:
    before = sorted(graded.folder.iterdir())
    run = graded("grade", "mbpp", "--references", "--json", "-q", "--filter", "1[13]$", "--limit", "5")
    assert list(json.loads(run.stdout)["tasks"]) == ["Mbpp/11", "Mbpp/13"]
    assert json.loads(run.stdout)["passed"] == 2
    assert run.stderr == ""
    assert sorted(graded.folder.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either SAMPLES or --references"),
        (("samples.jsonl", "--references"), "give either SAMPLES or --references"),
        (("nowhere.jsonl",), "nowhere.jsonl: there is no such file; check the path"),
        (
            ("samples.jsonl",),
            "unknown task ids: Mbpp/99 (first: samples.jsonl: line 1); mbpp as it is here has 4 tasks",
        ),
        (("--references", "--split", "half"), "--split: "),
        (("--references", "--filter", "nothing"), "no task is left"),
        (("--references", "--out", "no/such/folder"), "no/such/folder: cannot be written; name another place"),
    ],
)
def test_bad_input_is_one_line(graded: Command, arguments: tuple[str, ...], said: str) -> None:
    write(graded.folder, answer(99, "x"))
    run = graded("grade", "mbpp", *arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("linewise: ")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_an_unknown_suite_and_missing_data_are_one_line(command: Command) -> None:
    unknown = command("grade", "mbbp", "--references")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1)
    assert "mbbp: no such suite; there are mbpp" in unknown.stderr
    missing = command("grade", "mbpp", "--references")
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert "get mbpp/mbpp.jsonl.gz from" in missing.stderr


def test_ctrl_c_ends_a_long_run_with_its_own_exit_code(graded: Command) -> None:
    endless = {"task_id": "Mbpp/11", "solution": "def add_11(x):\n    while True: pass\n"}
    write(graded.folder, *[endless] * 8)
    process = graded.start("grade", "mbpp", "samples.jsonl")
    wait_until(lambda: len(descendants(process.pid)) > 2)
    interrupt(process)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "linewise: interrupted"
    assert not (graded.folder / "samples_eval_results.json").exists()
