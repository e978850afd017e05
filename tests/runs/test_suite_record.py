"""What run.json says of a suite: of one slice of tasks, and of another one that joins it."""

import json
from pathlib import Path

import pytest
from run_folders import info, sample, solving, write_run

from linewise.benchmarks.base import AnswerKey, HiddenAssert, Problem, Suite, SuiteOptions, wall_four_times
from linewise.benchmarks.overlap import Overlap
from linewise.runs.figures.summary import summarise
from linewise.runs.reading import read_info, read_run
from linewise.runs.records import RunInfo, SessionRecord, SuiteRecord
from linewise.runs.store import RunStore
from linewise.runs.suite_record import grown, suite_record
from linewise.schema import AssertTest, Task

SEEN, OTHER = "assert f(1) == 1", "assert f(2) == 2"


def problem(name: str, *hidden: str, counted: dict[str, Overlap] | None = None, prelude: str = "") -> Problem:
    task = Task("f", "f", (AssertTest(SEEN),), name=name, prelude=prelude)
    return Problem(name, task, AnswerKey({"hidden": tuple(map(HiddenAssert, hidden))}), counted=counted)


PROBLEMS = [
    problem("a/1", SEEN),
    problem("a/2", SEEN, OTHER, prelude="import math"),
    problem("a/3", OTHER),
    problem("a/4", OTHER, counted={"base": Overlap(1, 1), "plus": Overlap(0, 3)}),
]
SUITE = Suite("made up", {one.id: one for one in PROBLEMS}, 9, wall_four_times(1), "nowhere", "0123")


def record(*tasks: str) -> SuiteRecord:
    return suite_record(SUITE, SuiteOptions(visible=1), tasks)


def test_a_record_says_what_was_shown_and_what_stands_before_answers() -> None:
    found = record(*SUITE.problems)
    assert (found.size, found.tasks, found.shown) == (9, ("a/1", "a/2", "a/3", "a/4"), ("a/1",))
    assert found.overlap == {"a/2": {"hidden": (1, 2)}, "a/4": {"base": (1, 1), "plus": (0, 3)}}
    assert found.preludes == {"a/2": "import math"}
    assert found.scored_on == "unseen tests, some shown (all in 1, some in 2 of 4 tasks; base: all in 2)"
    assert found.options["visible"] == 1


def test_slices_grow_into_the_whole() -> None:
    assert grown(record("a/1", "a/2"), record("a/3", "a/4")) == record(*SUITE.problems)
    assert grown(record(*SUITE.problems), record("a/3")) == record(*SUITE.problems)


def test_preludes_are_known_once_all_tasks_have_been_named_again() -> None:
    old = record("a/1", "a/2").model_copy(update={"preludes": None})
    assert grown(old, record("a/2")).preludes is None
    assert grown(old, record("a/1", "a/2", "a/3")).preludes == {"a/2": "import math"}


def test_a_run_of_before_the_overlap_was_kept_can_be_gone_on_with(tmp_path: Path) -> None:
    now = RunInfo.model_validate(info()).model_copy(update={"suite": record(*SUITE.problems)})
    old = json.loads(now.model_dump_json())
    for key in ("overlap", "preludes"):
        del old["suite"][key]
    old["suite"]["scored_on"] = "unseen tests, but for 1 tasks shown tests"
    (tmp_path / "run.json").write_text(json.dumps(old))
    assert read_info(tmp_path).suite.overlap == {}
    with RunStore(tmp_path, now, SessionRecord(started="", machine={}, versions={})):
        pass
    assert read_info(tmp_path) == now


def test_an_old_run_is_read_as_it_was(tmp_path: Path) -> None:
    shown = {"scored_on": "unseen tests, but for 1 tasks shown tests", "shown": ["Mbpp/11"]}
    found = summarise(read_run(solving(tmp_path, {"Mbpp/11": False, "Mbpp/12": False}, suite=shown)))
    assert found.scored_on == shown["scored_on"]
    assert found.accepted_but_wrong is not None
    assert found.accepted_but_wrong.tasks == 1


@pytest.mark.parametrize("scored_on", ["shown tests", "unseen tests"])
def test_what_was_shown_whole_is_not_accepted_and_wrong(tmp_path: Path, scored_on: str) -> None:
    grades = [{"task_id": "a/1", "passed": False}]
    suite = {"tasks": ["a/1"], "shown": ["a/1"] if scored_on == "unseen tests" else [], "scored_on": scored_on}
    found = summarise(read_run(write_run(tmp_path, [sample("a/1")], grades, suite=suite)))
    assert (found.accepted_but_wrong, found.accepted_note) == (None, "n/a: scored on shown tests")
