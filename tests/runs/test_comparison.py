"""Two runs beside each other: in pairs, on common tasks, and never across different tests."""

import random
from pathlib import Path
from typing import Any

import pytest
from run_folders import TASKS, grade, sample, solving, write_run

from linewise.benchmarks.metrics import mcnemar, paired_difference
from linewise.errors import InputError
from linewise.runs.figures import words
from linewise.runs.figures.comparison import Comparison, Ratio, compare
from linewise.runs.reading import read_run


def compared(first: Path, second: Path) -> Comparison:
    return compare(read_run(first), read_run(second))


def verdicts(*passed: bool | None) -> dict[str, bool | None]:
    return dict(zip(TASKS, passed, strict=False))


def test_tasks_are_paired(tmp_path: Path) -> None:
    first = solving(tmp_path / "a", verdicts(True, True, False, False))
    second = solving(tmp_path / "b", verdicts(True, False, True, True))
    found = compared(first, second)
    agreement = found.agreement
    assert (agreement.both, agreement.neither) == (1, 0)
    assert (agreement.only_first, agreement.only_second) == (("Mbpp/12",), ("Mbpp/13", "Mbpp/14"))
    assert agreement.p == mcnemar(1, 2)
    assert (found.rates[0].share, found.rates[1].share) == (0.5, 0.75)
    difference, limits = paired_difference([1, 1, 0, 0], [1, 0, 1, 1])
    assert found.difference is not None
    assert (found.difference.share, (found.difference.low, found.difference.high)) == (difference, limits)
    assert found.rsr == pytest.approx(50)
    assert not found.seeds


def test_only_tasks_with_a_verdict_in_both_count(tmp_path: Path) -> None:
    found = compared(
        solving(tmp_path / "a", verdicts(True, None, True, False)), solving(tmp_path / "b", verdicts(True, True, None))
    )
    assert (found.tasks, found.apart) == (1, (2, 1))
    assert found.rsr is None


def test_with_several_seeds_tasks_are_compared_by_how_often(tmp_path: Path) -> None:
    def run(name: str, *counts: int) -> Path:
        rows = [(task, seed, seed < n) for task, n in zip(TASKS, counts, strict=True) for seed in range(3)]
        samples, grades = [sample(task, seed) for task, seed, _ in rows], [grade(t, ok, seed) for t, seed, ok in rows]
        return write_run(tmp_path / name, samples, grades, seeds=[0, 1, 2])

    found = compared(run("a", 3, 1, 0, 2), run("b", 3, 2, 0, 1))
    agreement = found.agreement
    assert (agreement.both, agreement.only_first, agreement.only_second) == (1, ("Mbpp/14",), ("Mbpp/12",))
    assert agreement.neither == 1
    assert found.seeds
    assert found.difference is not None
    assert found.difference.share == pytest.approx(0)


def seeded(folder: Path, passed: dict[str, list[bool | None]], seeds: list[int]) -> Path:
    """A run with a sample of each task for every seed, and a verdict on it where there is one."""
    rows = [(task, seed, ok) for task, found in passed.items() for seed, ok in zip(seeds, found, strict=True)]
    samples, grades = [sample(task, seed) for task, seed, _ in rows], [grade(task, ok, seed) for task, seed, ok in rows]
    return write_run(folder, samples, grades, seeds=seeds)


def test_a_run_with_more_samples_of_a_task_gives_no_p(tmp_path: Path) -> None:
    """One method against itself: where a task is solved nine times of ten, one sample is mostly more than five are."""
    chance = random.Random(0)
    one, five = ({task: [chance.random() < 0.9 for _ in range(n)] for task in TASKS} for n in (1, 5))
    found = compared(seeded(tmp_path / "a", one, [0]), seeded(tmp_path / "b", five, [0, 1, 2, 3, 4]))
    assert found.agreement.p is None
    assert found.difference is not None
    assert words.compared(found)[2] == "n/a: more samples of a task in one"


def test_a_seed_counts_where_both_runs_have_a_verdict_on_it(tmp_path: Path) -> None:
    first = seeded(tmp_path / "a", {TASKS[0]: [True, None, False], TASKS[1]: [None, True, True]}, [0, 1, 2])
    second = seeded(tmp_path / "b", {TASKS[0]: [False, True, True], TASKS[1]: [True, None, None]}, [0, 1, 2])
    found = compared(first, second)
    assert (found.tasks, found.apart) == (1, (1, 1))
    assert [rate.share for rate in found.rates] == [0.5, 0.5]
    assert found.agreement.p == 1


def test_costs_are_compared_in_all_and_per_task(tmp_path: Path) -> None:
    first = solving(tmp_path / "a", verdicts(True, True, True), computed=1000)
    second = solving(tmp_path / "b", verdicts(True, True, True), computed=2000)
    found = compared(first, second).costs
    assert found["computed"].overall == pytest.approx(6300 / 3300)
    assert found["computed"].per_task == pytest.approx(2100 / 1100)
    assert found["seconds"] == Ratio(1, 1, 3)
    blind = solving(tmp_path / "c", verdicts(True, True, True), computed=None)
    assert compared(first, blind).costs["computed"] == Ratio(None, None, 0)


@pytest.mark.parametrize(
    ("suite", "why"),
    [
        ({"name": "humaneval"}, "suite: mbpp and humaneval"),
        ({"checksum": "beef"}, "checksum of the data: c0ffee and beef"),
        ({"options": {"visible": 3}}, "visible tests of a task: 1 and 3"),
        ({"options": {"visible": None}}, "visible tests of a task: 1 and 3"),
    ],
)
def test_runs_with_other_tests_are_refused(tmp_path: Path, suite: dict[str, Any], why: str) -> None:
    first = solving(tmp_path / "a", verdicts(True))
    second = solving(tmp_path / "b", verdicts(True), suite=suite)
    with pytest.raises(InputError) as raised:
        compared(first, second)
    assert str(raised.value) == (
        f"a and b: their tests differ ({why}); compare runs of one suite, with the same data and --visible"
    )


def test_runs_of_other_splits_have_the_same_tests(tmp_path: Path) -> None:
    suite = {"options": {"visible": 1, "split": "all"}, "scored_on": "unseen tests, but for 1 tasks shown tests"}
    assert (
        compared(solving(tmp_path / "a", verdicts(True)), solving(tmp_path / "b", verdicts(True), suite=suite)).tasks
        == 1
    )


@pytest.mark.parametrize(
    ("suite", "first", "second"),
    [
        ("mbpp", {"visible": None}, {"visible": 3}),
        ("mbpp+", {"visible": 3, "libraries": []}, {}),
        ("ds-1000", {"visible": None, "libraries": ["numpy"]}, {"visible": None, "libraries": []}),
    ],
)
def test_what_changes_no_test_is_no_reason_to_refuse(
    tmp_path: Path, suite: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    runs = [
        solving(tmp_path / name, verdicts(True), suite={"name": suite, "options": options})
        for name, options in (("a", first), ("b", second))
    ]
    assert compared(*runs).tasks == 1


def test_all_visible_tests_are_others_than_three_of_a_docstring(tmp_path: Path) -> None:
    runs = [
        solving(tmp_path / name, verdicts(True), suite={"name": "humaneval", "options": {"visible": visible}})
        for name, visible in (("a", None), ("b", 3))
    ]
    with pytest.raises(InputError, match=r"visible tests of a task: all and 3"):
        compared(*runs)


@pytest.mark.parametrize("turned", [False, True])
def test_nothing_is_concluded_from_tasks_that_the_other_run_left_unsolved(tmp_path: Path, turned: bool) -> None:
    base = solving(tmp_path / "direct", verdicts(True, False, False, False))
    rest = solving(tmp_path / "paper", dict(list(verdicts(True, True, True, False).items())[1:]), unsolved_by="direct")
    found = compared(rest, base) if turned else compared(base, rest)
    assert (found.tasks, found.difference, found.agreement.p, found.rsr) == (3, None, None, None)
    assert found.selected == "the tasks of paper are those whose visible tests direct failed"
    assert words.compared(found) == (f"none: {found.selected}", "n/a", "n/a", "n/a")


def test_a_run_is_known_by_its_id_wherever_it_is(tmp_path: Path) -> None:
    selected = {"unsolved_by": {"run": "direct", "id": "a1"}}
    moved = solving(tmp_path / "moved", verdicts(True, False, False, False), id="a1")
    other = solving(tmp_path / "direct", verdicts(True, False, False, False), id="b2")
    rest = solving(tmp_path / "paper", verdicts(True, True, True, False), **selected)
    assert [bool(compared(run, rest).selected) for run in (moved, other)] == [True, False]


def test_what_scores_is_said_of_the_common_tasks(tmp_path: Path) -> None:
    suite = {"scored_on": "unseen tests, some shown (all in 2 of 4 tasks)", "shown": TASKS[:2]}
    first = solving(tmp_path / "a", verdicts(True, True, True, True), suite=suite)
    second = solving(tmp_path / "b", dict(list(verdicts(True, True, True, True).items())[2:]))
    third = solving(tmp_path / "c", dict(list(verdicts(True, True, True, True).items())[:2]))
    assert [compared(first, other).scored_on for other in (first, second, third)] == [
        suite["scored_on"],
        "unseen tests",
        "shown tests",
    ]


def test_two_runs_on_the_same_unsolved_tasks_are_compared(tmp_path: Path) -> None:
    runs = [
        solving(tmp_path / name, verdicts(*passed), unsolved_by="direct")
        for name, passed in (("paper-g0", (False, False, True)), ("paper", (True, False, True)))
    ]
    found = compared(*runs)
    assert (found.selected, found.agreement.p, found.rsr) == ("", 1.0, pytest.approx(50))
    assert found.difference is not None


def test_runs_without_a_common_task_are_refused(tmp_path: Path) -> None:
    first, second = solving(tmp_path / "a", {"Mbpp/11": True}), solving(tmp_path / "b", {"Mbpp/12": True})
    with pytest.raises(InputError, match=r"^a and b: no task has a verdict in both; run the same tasks$"):
        compared(first, second)


def session(processor: str, python: str = "3.11.7") -> dict[str, Any]:
    return {"started": "2026-01-01", "machine": {"processor": processor}, "versions": {"python": python}}


def test_what_differs_besides_the_method_is_listed_apart(tmp_path: Path) -> None:
    first = solving(tmp_path / "a", verdicts(True), sessions=[session("one")], settings={"guidance": {"gamma": 1}})
    second = solving(
        tmp_path / "b",
        verdicts(True),
        sessions=[session("one"), session("two")],
        settings={"guidance": {"gamma": 0}, "engine": {"threads": 2}, "seed": 7},
        seeds=[0, 1],
    )
    found = compared(first, second)
    assert [(one.key, one.first, one.second) for one in found.method] == [("guidance.gamma", "1", "0")]
    assert {one.key: (one.first, one.second) for one in found.conditions} == {
        "engine.threads": ("null", "2"),
        "seeds": ("[0]", "[0, 1]"),
        "machine.processor": ("one", "one and two"),
    }


def test_where_a_run_was_made_unknown_is_no_difference(tmp_path: Path) -> None:
    first = solving(tmp_path / "a", verdicts(True), sessions=[session("one")])
    found = compared(first, solving(tmp_path / "b", verdicts(True)))
    assert (found.method, found.conditions) == ((), ())
