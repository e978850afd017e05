"""Anyone's samples as files, and one clear line where they are no such files."""

import gzip
import json
from pathlib import Path

import pytest

from linewise.benchmarks.base import AnswerKey, HiddenAssert, Problem, Suite, wall_four_times
from linewise.errors import InputError
from linewise.runs.sample_files import read_samples, references
from linewise.schema import Task

STEM = "def f(x):\n"


def problem(number: int, reference: str | None = None) -> Problem:
    name = f"HumanEval/{number}"
    key = AnswerKey({"hidden": (HiddenAssert("assert f(1)"),)}, reference=reference)
    return Problem(name, Task("f", "f", name=name), key, stem=STEM)


SUITE = Suite("humaneval", {f"HumanEval/{n}": problem(n) for n in (0, 1, 10)}, 164, wall_four_times(1), "made up", "0")


def write(path: Path, *records: object) -> Path:
    text = "".join(f"{record if isinstance(record, str) else json.dumps(record)}\n" for record in records)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["samples.jsonl", "samples.jsonl.gz"])
def test_solutions_are_whole_and_completions_go_on_from_the_stem(tmp_path: Path, name: str) -> None:
    path = write(
        tmp_path / name,
        {"task_id": "HumanEval/1", "solution": "def f(x): return 2", "seed": 4},
        {"task_id": "humaneval/0", "completion": "    return 1\n"},
        "",
        {"task_id": "1", "completion": "    return 3\n", "solution": "def f(x): return 3"},
    )
    found = [(one.problem.id, one.code, one.number) for one in read_samples(path, SUITE).samples]
    assert found == [
        ("HumanEval/1", "def f(x): return 2", 0),
        ("HumanEval/0", f"{STEM}    return 1\n", 0),
        ("HumanEval/1", "def f(x): return 3", 1),
    ]


def test_folders_of_folders_and_folders_of_files(tmp_path: Path) -> None:
    for name in ("HumanEval_10/0.py", "HumanEval_1/0.py", "HumanEval_1/10.py", "HumanEval_1/2.py", "HumanEval_0.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    (tmp_path / "notes.txt").write_text("no sample")
    found = [(one.problem.id, one.code, one.number) for one in read_samples(tmp_path, SUITE).samples]
    assert found == [
        ("HumanEval/0", "HumanEval_0.py", 0),
        ("HumanEval/1", "HumanEval_1/0.py", 0),
        ("HumanEval/1", "HumanEval_1/2.py", 1),
        ("HumanEval/1", "HumanEval_1/10.py", 2),
        ("HumanEval/10", "HumanEval_10/0.py", 0),
    ]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("{", "line 2 is no JSON"),
        ("[1]", "line 2 is no JSON object"),
        ({"solution": "x"}, "line 2: has no task_id; add it"),
        ({"task_id": "HumanEval/0"}, "line 2: has neither solution nor completion"),
        ({"task_id": 3, "solution": "x"}, "line 2: task_id is no text"),
        ({"task_id": "HumanEval/0", "solution": ["x"]}, "line 2: solution is no text"),
        ({"task_id": "Mbpp/1", "solution": "x"}, "unknown task ids: Mbpp/1 "),
        ({"task_id": "HumanEval/77", "solution": "x"}, "unknown task ids: HumanEval/77 .*line 2.*such as HumanEval/0"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, record: object, said: str) -> None:
    path = write(tmp_path / "samples.jsonl", {"task_id": "HumanEval/0", "solution": "x"}, record)
    with pytest.raises(InputError, match=said) as caught:
        read_samples(path, SUITE)
    assert "\n" not in str(caught.value)


def test_many_unknown_ids_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", *({"task_id": f"Other/{n}", "solution": ""} for n in range(100, 115)))
    with pytest.raises(InputError, match="Other/109 and 5 more"):
        read_samples(path, SUITE)


def test_unknown_tasks_can_be_left_out_and_are_counted(tmp_path: Path) -> None:
    ids = ("HumanEval/7", "HumanEval/1", "HumanEval/8", "HumanEval/7", "HumanEval/1")
    path = write(tmp_path / "s.jsonl", *({"task_id": name, "solution": str(n)} for n, name in enumerate(ids)))
    given = read_samples(path, SUITE, known_only=True)
    assert [(one.problem.id, one.code, one.number) for one in given.samples] == [
        ("HumanEval/1", "1", 0),
        ("HumanEval/1", "4", 1),
    ]
    assert given.skipped == {"HumanEval/7": 2, "HumanEval/8": 1}
    with pytest.raises(
        InputError, match=r"HumanEval/7, HumanEval/8 \(first: .*line 1\).* or leave them out with --known"
    ):
        read_samples(path, SUITE)


def test_a_file_with_no_known_task_at_all_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", {"task_id": "Other/1", "solution": ""})
    with pytest.raises(InputError, match=r"unknown task ids: Other/1 .*; name their suite$"):
        read_samples(path, SUITE, known_only=True)


def test_what_is_no_file_of_samples(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b"{}" * 99)[:-9])
    (tmp_path / "latin.jsonl").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "code.py").write_text("x = 1")
    for name, said in {
        "nowhere.jsonl": "no such file",
        "empty": "holds no sample",
        "cut.jsonl.gz": "no whole gzip file",
        "latin.jsonl": "is not UTF-8",
        "code.py": "is no file of samples",
    }.items():
        with pytest.raises(InputError, match=said):
            read_samples(tmp_path / name, SUITE)


def test_references_are_samples_too() -> None:
    suite = Suite("s", {"a/1": problem(1, "def f(x): return 1"), "a/2": problem(2)}, 2, wall_four_times(1), "", "")
    assert [one.code for one in references(suite)] == ["def f(x): return 1"]
    with pytest.raises(InputError, match="without reference solutions"):
        references(SUITE)
