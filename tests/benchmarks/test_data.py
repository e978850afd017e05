"""Data as users have it: under either name, packed or not, as it is at home; and one clear line where it is bad."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from linewise.benchmarks.base import SuiteOptions
from linewise.benchmarks.data import ALSO, read_data
from linewise.benchmarks.download import Source, downloaded
from linewise.benchmarks.suites import codecontests, ds1000, evalplus, humaneval, mbpp, mbpp_et
from linewise.benchmarks.suites.registry import LOADERS, load_suite
from linewise.errors import InputError

Record = dict[str, Any]

MBPP = {"text": "Add one.", "code": "def f(x): return x + 1", "test_setup_code": "", "test_list": ["assert f(1) == 2"]}
HUMANEVAL = {
    "prompt": "def f(x):\n    '''>>> f(1)\n    2'''\n",
    "entry_point": "f",
    "canonical_solution": "    return x + 1\n",
}
PLUS = {**HUMANEVAL, "base_input": [[1]], "plus_input": [[2]], "atol": 0}
CONTEXT = "import numpy\ndef test_execution(solution): exec(solution)\n"
RECORDS: Mapping[str, tuple[str, Record]] = {
    "mbpp": (mbpp.FILE, {"task_id": 11, **MBPP}),
    "mbpp-et": (mbpp_et.FILE, {"task_id": 11, "code": MBPP["code"], "test_list": MBPP["test_list"]}),
    "mbpp+": (evalplus.MBPP_FILE, {"task_id": "Mbpp/11", **PLUS, "assertion": "assert f(1) == 2"}),
    "humaneval": (humaneval.FILE, {"task_id": "HumanEval/0", **HUMANEVAL, "test": "def check(candidate): ..."}),
    "humaneval-et": (
        humaneval.ET_FILE,
        {"task_id": "HumanEval/0", **HUMANEVAL, "test_case_list": ["assert f(1) == 2"]},
    ),
    "humaneval+": (evalplus.HUMANEVAL_FILE, {"task_id": "HumanEval/0", **PLUS}),
    "codecontests": (
        codecontests.FILE,
        {
            "description": "Add.",
            "public_tests": [{"input": "1", "output": ["2"]}],
            "test_list": [{"input": "2", "output": ["3"]}],
        },
    ),
    "ds-1000": (
        ds1000.FILE,
        {
            "prompt": "Problem:\nAdd.\n<code>\nx = 1\n</code>\nBEGIN SOLUTION\n<code>\n",
            "code_context": CONTEXT,
            "reference_code": "x += 1",
            "metadata": {"library": "Numpy", "problem_id": 7},
        },
    ),
}
"""Of each suite, its file and a record with all fields that it needs and no other."""

AT_HOME = {
    "name": "1_A. Add",
    "description": "Add one.",
    "public_tests": {"input": ["1\n"], "output": ["2\n"]},
    "private_tests": {"input": ["2\n"], "output": ["3\n"]},
    "generated_tests": {"input": ["3\n", "4\n"], "output": ["4\n", "5\n"]},
    "time_limit": {"seconds": 2, "nanos": 500_000_000},
    "source": 2,
    "solutions": {"language": [3], "solution": ["print(int(input()) + 1)"]},
}
"""A problem of CodeContests as its home states the form."""


def write(folder: Path, name: str, *records: object) -> Path:
    """The file called ``name``: records as JSON lines, texts as they are."""
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    text = "".join(f"{record if isinstance(record, str) else json.dumps(record)}\n" for record in records)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def suite_data(folder: Path, suite: str, *more: object) -> Path:
    write(folder, mbpp.FILE, RECORDS["mbpp"][1])
    name, record = RECORDS[suite]
    return write(folder, name, record, *more)


def refused(folder: Path, suite: str) -> str:
    with pytest.raises(InputError) as caught:
        load_suite(suite, folder, SuiteOptions())
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_every_suite_is_here() -> None:
    assert RECORDS.keys() == LOADERS.keys()


@pytest.mark.parametrize("suite", RECORDS)
def test_the_fields_that_are_listed_are_enough(tmp_path: Path, suite: str) -> None:
    suite_data(tmp_path, suite)
    (problem,) = load_suite(suite, tmp_path, SuiteOptions()).problems.values()
    assert problem.key.tests


@pytest.mark.parametrize(
    ("suite", "field"), [(suite, field) for suite, (_, record) in RECORDS.items() for field in record]
)
def test_a_missing_field_is_one_line_with_its_place_and_the_mend(tmp_path: Path, suite: str, field: str) -> None:
    record = RECORDS[suite][1]
    path = suite_data(tmp_path, suite, {name: value for name, value in record.items() if name != field})
    said = refused(tmp_path, suite)
    assert said.startswith(f"{path}: line 2: has no ")
    assert field in said or (suite, field) == ("codecontests", "test_list")
    assert said.endswith("get the data anew, or mend the line; docs/benchmarks.md lists the fields")


@pytest.mark.parametrize(
    ("suite", "field"), [(suite, field) for suite, (_, record) in RECORDS.items() for field in record]
)
def test_a_field_of_another_type_is_one_line(tmp_path: Path, suite: str, field: str) -> None:
    path = suite_data(tmp_path, suite, {**RECORDS[suite][1], field: None if field != "test_list" else 3})
    assert refused(tmp_path, suite).startswith(f"{path}: line 2: field {field}")


@pytest.mark.parametrize("suite", RECORDS)
@pytest.mark.parametrize("line", ["[1, 2]", "3", "null", "{", "[" * 100_000])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, suite: str, line: str) -> None:
    path = suite_data(tmp_path, suite, line)
    assert refused(tmp_path, suite).startswith(f"{path}: line 2 is no JSON")


@pytest.mark.parametrize(
    ("suite", "wrong"),
    [
        ("mbpp", {"code": "def f(:"}),
        ("mbpp", {"test_list": []}),
        ("mbpp+", {"assertion": "assert f("}),
        ("mbpp+", {"task_id": "Mbpp/eleven"}),
        ("mbpp+", {"canonical_solution": "    return ("}),
        ("humaneval", {"prompt": "def f(x:\n"}),
        ("humaneval", {"entry_point": "g"}),
        ("humaneval+", {"canonical_solution": "return ("}),
    ],
)
def test_a_record_that_is_no_task_is_named(tmp_path: Path, suite: str, wrong: Record) -> None:
    path = suite_data(tmp_path, suite, {**RECORDS[suite][1], **wrong})
    assert refused(tmp_path, suite).startswith(f"{path}: line 2")


@pytest.mark.parametrize("suite", RECORDS)
def test_a_file_that_is_cut_or_empty_is_named(tmp_path: Path, suite: str) -> None:
    path = suite_data(tmp_path, suite)
    path.write_bytes(path.read_bytes()[:-9])
    assert refused(tmp_path, suite).startswith(f"{path}: is no whole gzip file (")
    path.write_bytes(b"tasks")
    assert refused(tmp_path, suite).startswith(f"{path}: is no whole gzip file (")
    path.write_bytes(gzip.compress(b"\xff\xfe"))
    assert refused(tmp_path, suite) == f"{path}: is not UTF-8, first at byte 0; get the data anew"
    path.write_bytes(gzip.compress(b"\n"))
    assert refused(tmp_path, suite) == f"{path}: holds no record; get the data anew"


def test_a_file_may_be_unpacked_or_have_the_name_of_a_part(tmp_path: Path) -> None:
    for name, (other,) in ALSO.items():
        for found in (other.removesuffix(".gz"), other, name.removesuffix(".gz"), name):  # each before those behind it
            write(tmp_path, found, {"found": found})
            data = read_data(tmp_path, name)
            assert (data.records, data.path) == (({"found": found},), tmp_path / found)
            assert data.source == (name if found in (name, name.removesuffix(".gz")) else other)


def test_what_is_in_the_cache_under_another_name_need_not_be_got(tmp_path: Path) -> None:
    name = codecontests.FILE
    files = {name: Source(home="a shelf", licence="MIT")}
    with pytest.raises(InputError, match="get codecontests/codecontests"):
        downloaded("codecontests", files, tmp_path)
    write(tmp_path, ALSO[name][0], "{}")
    assert downloaded("codecontests", files, tmp_path) == tmp_path


def test_codecontests_as_it_is_at_home(tmp_path: Path) -> None:
    unlimited = {**AT_HOME, "time_limit": None}
    write(tmp_path, codecontests.FILE, AT_HOME, unlimited)
    suite = load_suite("codecontests", tmp_path, SuiteOptions())
    assert list(suite.problems) == ["CodeContests/test/0", "CodeContests/test/1"]
    first, second = suite.problems.values()
    assert [(test.stdin, test.stdout) for test in first.task.tests] == [("1\n", "2\n")]
    assert [(test.stdin, test.stdout) for test in first.key.tests] == [("2\n", "3\n"), ("3\n", "4\n"), ("4\n", "5\n")]
    assert [one.limits and one.limits.cpu_seconds for one in (first, second)] == [12.5, 10]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"public_tests": {"input": ["1"], "output": []}}, "1 inputs, but 0 outputs"),
        ({"private_tests": [], "generated_tests": {"input": [], "output": []}}, "has no hidden tests"),
        ({"time_limit": {"nanos": 1}}, "has no field time_limit.seconds"),
    ],
)
def test_a_bad_record_of_codecontests_at_home_is_named(tmp_path: Path, wrong: Record, said: str) -> None:
    path = write(tmp_path, codecontests.FILE, AT_HOME, {**AT_HOME, **wrong})
    found = refused(tmp_path, "codecontests")
    assert found.startswith(f"{path}: line 2: ")
    assert said in found


def test_ds1000_has_its_numbers_in_metadata_at_home(tmp_path: Path) -> None:
    suite_data(tmp_path, "ds-1000")
    assert list(load_suite("ds-1000", tmp_path, SuiteOptions()).problems) == ["DS-1000/7"]


@pytest.mark.parametrize(
    ("suite", "options", "flag"),
    [
        ("humaneval", SuiteOptions(split="validation"), "--split: humaneval has no such choice, only --visible"),
        ("mbpp", SuiteOptions(libraries=("numpy",)), "--libraries: mbpp has no such choice, only --visible, --split"),
        ("ds-1000", SuiteOptions(visible=0), "--visible: ds-1000 has no such choice, only --libraries"),
    ],
)
def test_a_choice_that_a_suite_does_not_offer_is_refused(
    tmp_path: Path, suite: str, options: SuiteOptions, flag: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_suite(suite, tmp_path, options)
    assert str(caught.value) == f"{flag}; leave it out"
