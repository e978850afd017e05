"""``linewise runs`` and ``linewise report`` as a user types them, on run directories that were made up."""

import json
import subprocess
from pathlib import Path

import pytest
from command_line import Command
from run_folders import TASKS, sample, solving, write_run

from linewise.cli.exit_codes import BAD_INPUT, BROKEN


@pytest.fixture
def two(command: Command) -> Command:
    """A folder with the runs ``one`` and ``two``."""
    solving(command.folder / "one", dict(zip(TASKS, (True, True, False, False), strict=True)))
    solving(command.folder / "two", dict(zip(TASKS, (True, False, True, None), strict=True)), workers=2)
    return command


def out(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(done: "subprocess.CompletedProcess[str]", code: int = BAD_INPUT) -> str:
    """What a refusal says: one line, nothing on standard output."""
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("linewise: ").strip()


def test_runs_are_listed(two: Command) -> None:
    lines = out(two("runs", "list")).splitlines()
    assert lines[0].split() == ["run", "suite", "method", "model", "done", "solved", "tokens", "computed"]
    assert [line.split()[0] for line in lines[1:]] == ["one", "two"]
    assert lines[2].split()[4:] == ["4", "of", "4", "2", "of", "3", "4,600"]
    found = json.loads(out(two("runs", "list", ".", "--json")))
    assert [row["name"] for row in found] == ["one", "two"]


def test_runs_in_folders_of_folders_are_listed_with_their_place(two: Command) -> None:
    solving(two.folder / "mbpp" / "slice" / "one", dict.fromkeys(TASKS, True))
    assert [line.split()[0] for line in out(two("runs", "list")).splitlines()[1:]] == ["mbpp/slice/one", "one", "two"]
    assert [line.split()[0] for line in out(two("runs", "list", "one")).splitlines()[1:]] == ["one"]


def test_a_run_on_unsolved_tasks_is_compared_without_a_test(two: Command) -> None:
    solving(two.folder / "rest", {"Mbpp/13": True, "Mbpp/14": True}, unsolved_by="one")
    text = out(two("runs", "compare", "one", "rest"))
    assert "none: the tasks of rest are those whose visible tests one failed" in text
    assert [line.split()[-1] for line in text.splitlines() if line.startswith(("p (McNemar", "RSR"))] == ["n/a", "n/a"]
    assert "2 of 500 tasks (4 selected), of those whose visible tests one failed" in out(two("runs", "show", "rest"))


def test_a_broken_run_hides_no_other_from_the_list(two: Command) -> None:
    (two.folder / "one" / "run.json").write_text("{")
    done = two("runs", "list")
    assert len(out(done).splitlines()) == 2
    assert done.stderr.startswith("linewise: one/run.json: Invalid JSON")


def test_a_folder_without_runs_says_so(command: Command) -> None:
    done = command("runs", "list")
    assert (out(done), done.stderr.count("\n")) == ("", 1)
    assert json.loads(out(command("runs", "list", "--json"))) == []


def test_a_run_is_shown(two: Command) -> None:
    text = out(two("runs", "show", "two"))
    for words in ("3 of 500 tasks (4 selected)", "unseen tests", "66.7% (2 of 3, 20.8 to 93.9%)", "sandbox broke"):
        assert words in text
    assert "Mbpp/14" not in text
    by_task = out(two("runs", "show", "two", "--tasks"))
    assert "infrastructure error" in next(line for line in by_task.splitlines() if line.startswith("Mbpp/14"))
    found = json.loads(out(two("runs", "show", "two", "--json", "--tasks")))
    assert (found["solved"]["tasks"], found["infrastructure_errors"]) == (3, 1)
    assert set(found["by_task"]) == set(TASKS)


def test_a_cut_line_is_said(two: Command) -> None:
    path = two.folder / "one" / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    assert "samples.jsonl: the last line was cut" in out(two("runs", "show", "one"))
    assert "linewise: one: samples.jsonl: the last line was cut" in two("runs", "compare", "one", "two").stderr


def test_runs_are_compared(two: Command) -> None:
    text = out(two("runs", "compare", "one", "two"))
    for words in (
        "two against one: 3 tasks of mbpp",
        "(1 more in one alone, 0 in two alone)",
        "warning: these differ as well",
    ):
        assert words in text
    assert [line.split() for line in text.splitlines() if line.startswith("only")] == [
        ["only", "one", "1", "Mbpp/12"],
        ["only", "two", "1", "Mbpp/13"],
    ]
    found = json.loads(out(two("runs", "compare", "one", "two", "--json")))
    assert found["agreement"]["p"] == 1
    assert [row["key"] for row in found["conditions"]] == ["workers"]


def test_runs_that_cannot_be_compared_are_refused(two: Command) -> None:
    solving(two.folder / "other", {"Mbpp/11": True}, suite={"name": "mbpp+"})
    line = refused(two("runs", "compare", "one", "other"))
    assert line.startswith("one and other: their tests differ (suite: mbpp and mbpp+)")
    assert refused(two("runs", "compare", "one", "none")).startswith("none: no run.json there; give a run directory")


def test_a_run_is_exported(two: Command) -> None:
    assert out(two("runs", "export", "one", "--to", "samples.jsonl")) == "samples.jsonl: 4 of 4 samples\n"
    assert (two.folder / "samples.jsonl").read_text().count("\n") == 4
    assert json.loads(out(two("runs", "export", "one", "--to", "x.csv", "--json"))) == {
        "file": "x.csv",
        "samples": 4,
        "planned": 4,
    }
    assert refused(two("runs", "export", "one", "--to", "one/samples.jsonl")).startswith(
        "--to one/samples.jsonl: lies in"
    )


def test_a_report_is_written(two: Command) -> None:
    assert out(two("report", "one", "two", "--out", "report")) == "report/report.md\nreport/report.html\n"
    assert (two.folder / "report" / "report.html").read_text().startswith("<!doctype html>")
    assert refused(two("report", "one", "--out", "x.pdf")).startswith("--out x.pdf: give a folder")
    (two.folder / "two" / "grades.jsonl").write_text("{}\n")
    assert refused(two("report", "one", "two", "--out", "report")).startswith(
        "two/grades.jsonl: line 1: task_id: Field req"
    )


def test_without_matplotlib_there_is_markdown_and_a_word_about_the_rest(two: Command) -> None:
    missing = two.folder / "missing" / "matplotlib"
    missing.mkdir(parents=True)
    (missing / "__init__.py").write_text("raise ModuleNotFoundError('none', name='matplotlib')\n")
    import linewise

    places = f"{missing.parent}:{Path(linewise.__file__).parent.parent}"
    bare = Command(two.folder, {**two.environment, "PYTHONPATH": places})
    line = refused(bare("report", "one", "two", "--out", "report"), BROKEN)
    assert "pip install 'linewise[report]'" in line
    assert (two.folder / "report" / "report.md").is_file()
    assert out(bare("report", "one", "--out", "one.md")) == "one.md\n"


def test_terminal_codes_of_a_program_stay_in_the_file(command: Command) -> None:
    failed = {
        "task_id": "Mbpp/11",
        "passed": False,
        "error": "ValueError: \x1b[31m" + "x" * 500,
        "failure": "exception",
    }
    write_run(command.folder / "run", [sample("Mbpp/11")], [failed])
    text = out(command("runs", "show", "run", "--tasks"))
    assert "\x1b" not in text
    assert "\\x1b[31mxxx" in text
    assert max(map(len, text.splitlines())) < 200
