"""What a run is summed up to: who counts, what is not known, and what is never called wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_folders import TASKS, grade, sample, solving, write_run

from linewise.benchmarks.metrics import wilson
from linewise.runs.figures import words
from linewise.runs.figures.costs import Point, Spent, curve, round_costs, share_at
from linewise.runs.figures.scores import Rate, scored
from linewise.runs.figures.summary import Summary, summarise
from linewise.runs.figures.words import attribution
from linewise.runs.reading import read_run


def summary_of(folder: Path) -> Summary:
    return summarise(read_run(folder))


def test_tasks_are_counted_of_the_run_and_of_the_benchmark(tmp_path: Path) -> None:
    found = summary_of(solving(tmp_path, {"Mbpp/11": True, "Mbpp/12": False, "Mbpp/13": None}))
    assert (found.tasks.benchmark, found.tasks.selected, found.tasks.done, found.tasks.scored) == (500, 4, 3, 2)
    assert found.solved == Rate(1, 2, 0.5, *wilson(1, 2))


def test_what_broke_or_is_not_graded_is_never_wrong(tmp_path: Path) -> None:
    found = summary_of(
        write_run(
            tmp_path,
            [sample(task) for task in TASKS[:3]],
            [grade("Mbpp/11", True), grade("Mbpp/12", None)],
            errors=[{"task_id": "Mbpp/14", "seed": 0, "error": "the engine broke"}],
        )
    )
    samples = found.samples
    assert (samples.planned, samples.done, samples.scored) == (4, 3, 1)
    assert (samples.ungraded, samples.broken, samples.unfinished) == (1, 1, 1)
    assert found.infrastructure_errors == 2
    assert found.solved is not None
    assert found.solved.share == 1
    assert found.failures == {}


def test_several_seeds_of_a_task_are_one_value(tmp_path: Path) -> None:
    verdicts = {"Mbpp/11": (True, True, True), "Mbpp/12": (True, False, False)}
    samples = [sample(task, seed) for task, found in verdicts.items() for seed in range(3)]
    grades = [grade(task, passed, seed) for task, found in verdicts.items() for seed, passed in enumerate(found)]
    found = summary_of(write_run(tmp_path, samples, grades, seeds=[0, 1, 2]))
    assert found.solved is not None
    assert (found.solved.tasks, found.solved.solved) == (2, pytest.approx(4 / 3))
    assert (found.solved.low, found.solved.high) == wilson(4 / 3, 2)
    assert {k: rate.share for k, rate in found.pass_at_k.items()} == {2: pytest.approx((1 + 2 / 3) / 2), 3: 1.0}


def test_pass_at_k_needs_as_many_samples_of_every_task(tmp_path: Path) -> None:
    samples = [sample("Mbpp/11", seed) for seed in range(5)] + [sample("Mbpp/12", 0)]
    grades = [grade(one["task_id"], True, one["seed"]) for one in samples]
    assert summary_of(write_run(tmp_path, samples, grades, seeds=list(range(5)))).pass_at_k == {}


def test_accepted_but_wrong_is_of_the_accepted_ones(tmp_path: Path) -> None:
    samples = [
        sample(task, passed_visible=visible) for task, visible in zip(TASKS, (True, True, False, None), strict=True)
    ]
    grades = [grade(task, passed) for task, passed in zip(TASKS, (True, False, False, False), strict=True)]
    found = summary_of(write_run(tmp_path, samples, grades)).accepted_but_wrong
    assert found is not None
    assert (found.solved, found.tasks) == (1, 2)


def test_accepted_but_wrong_says_why_it_is_not_there(tmp_path: Path) -> None:
    shown = {"scored_on": "shown tests"}
    found = summary_of(solving(tmp_path / "shown", dict.fromkeys(TASKS, False), suite=shown))
    assert (found.accepted_but_wrong, found.accepted_note) == (None, "n/a: scored on shown tests")
    empty = summary_of(write_run(tmp_path / "empty"))
    assert (empty.solved, empty.accepted_note) == (None, "n/a: no task has a verdict")
    samples = [sample("Mbpp/11", passed_visible=False)]
    refused = summary_of(write_run(tmp_path / "refused", samples, [grade("Mbpp/11", True)]))
    assert refused.accepted_note == "n/a: no answer passed visible tests"
    unchecked = summary_of(
        write_run(tmp_path / "unchecked", [sample("Mbpp/11", passed_visible=None, cost={})], [grade("Mbpp/11", True)])
    )
    assert unchecked.accepted_note == "n/a: no visible tests"
    assert unchecked.selection == "unchecked, for there are no visible tests: the first answer is taken"
    samples = [sample("Mbpp/11", passed_visible=None, cost={"sandbox_runs": 1})]
    probed = summary_of(write_run(tmp_path / "probed", samples, [grade("Mbpp/11", True)]))
    assert probed.selection == "unchecked, for there are no visible tests: the first answer that runs is taken"


def test_tasks_whose_tests_were_all_shown_do_not_dilute_it(tmp_path: Path) -> None:
    suite = {"scored_on": "unseen tests, but for 2 tasks shown tests", "shown": TASKS[:2]}
    solved = dict(zip(TASKS, (True, True, False, True), strict=True))
    found = summary_of(solving(tmp_path, solved, suite=suite)).accepted_but_wrong
    assert found is not None
    assert (found.solved, found.tasks) == (1, 2)


def test_solves_are_attributed_and_failures_named(tmp_path: Path) -> None:
    origins = ("direct", "guided line", "guided line", "early-exit candidate")
    samples = [sample(task, origin=origin) for task, origin in zip(TASKS, origins, strict=True)]
    grades = [grade(task, passed) for task, passed in zip(TASKS, (True, True, True, False), strict=True)]
    grades[3]["failure"] = "timeout"
    found = summary_of(write_run(tmp_path, samples, grades))
    assert found.solved_by == {"direct": 1, "sample": 0, "early-exit candidate": 0, "guided line": 2}
    assert found.failures == {"timeout": 1}


def test_solves_with_tokens_that_guidance_changed_are_counted_by_the_answer_alone(tmp_path: Path) -> None:
    def attempt(task: str, changed: int, passed: bool) -> dict[str, object]:
        code = sample(task)["solution"] if passed else "def f():\n    pass\n"
        told = {"origin": "guided line", "agent": "direct", "guided_tokens": 9, "changed_tokens": changed}
        return {"solution": code, "passed_visible": passed, **told}

    samples = [
        sample(TASKS[0], origin="guided line", attempts=[attempt(TASKS[0], 0, True)], changed_tokens=0),
        sample(TASKS[1], origin="guided line", attempts=[attempt(TASKS[1], 3, True)], changed_tokens=3),
        sample(TASKS[2], origin="guided line", attempts=[attempt("", 5, False), attempt(TASKS[2], 0, True)]),
        sample(TASKS[3], origin="guided line", attempts=[attempt(TASKS[3], 4, True)]),
    ]
    grades = [grade(task, passed) for task, passed in zip(TASKS, (True, True, True, False), strict=True)]
    found = summary_of(write_run(tmp_path, samples, grades))
    assert found.solved_by["guided line"] == 3
    assert found.solved_by_changed == {"direct": 0, "sample": 0, "early-exit candidate": 0, "guided line": 1}
    assert attribution(found) == "guided line 3 (1 with changed tokens)"


def test_oracle_unguided_trust_and_tokens(tmp_path: Path) -> None:
    samples = [sample("Mbpp/11", guided_tokens=5, changed_tokens=2), sample("Mbpp/12", unguided=True, guided_tokens=1)]
    grades = [grade("Mbpp/11", False, any_passed=True, trust="in-process"), grade("Mbpp/12", False)]
    found = summary_of(write_run(tmp_path, samples, grades))
    assert found.oracle is not None
    assert found.oracle.share == 0.5
    assert (found.unguided, found.in_process, found.guided_tokens, found.changed_tokens) == (1, 1, 6, 2)


def test_costs_are_summed_and_unknown_stays_unknown(tmp_path: Path) -> None:
    whole = summary_of(solving(tmp_path / "whole", dict.fromkeys(TASKS, True))).costs
    assert whole.counts["computed"] == Spent(4600, 1150, 1150)
    assert whole.seconds == {"total": Spent(16, 4, 4), "engine": Spent(12, 3, 3)}
    samples = [sample("Mbpp/11"), sample("Mbpp/12", computed=None), sample("Mbpp/13", cost={})]
    part = summary_of(write_run(tmp_path / "part", samples)).costs
    assert part.counts["computed"] == part.counts["cached"] == part.seconds["total"] == Spent(None, None, None)


def test_a_part_that_did_not_happen_took_no_time(tmp_path: Path) -> None:
    samples = [sample("Mbpp/11", cost={"seconds": {"total": 2.0}}), sample("Mbpp/12")]
    assert summary_of(write_run(tmp_path, samples)).costs.seconds["engine"] == Spent(3, 1.5, 1.5)


def test_spent_cost_stands_beside_the_budget(tmp_path: Path) -> None:
    samples = [sample("Mbpp/11", budget=1200), sample("Mbpp/12", computed=1500, budget=1300)]
    match = {"run": "default", "by": "computed"}
    found = summary_of(write_run(tmp_path, samples, match=match)).budgets
    assert found is not None
    assert (found.run, found.allowed, found.spent, found.over) == ("default", 2500, 2500, 1)
    unknown = [sample("Mbpp/11", computed=None, budget=1200)]
    blind = summary_of(write_run(tmp_path / "blind", unknown, match=match)).budgets
    assert blind is not None
    assert (blind.spent, blind.over) == (None, None)


@pytest.mark.parametrize(
    ("settings", "match", "method"),
    [
        ({"strategy": "direct"}, None, "direct"),
        ({"strategy": "best-of-n", "best_of_n": {"n": 16}}, None, "best-of-16"),
        ({"strategy": "eg-cfg", "preset": "paper", "guidance": {"gamma": 1.0}}, None, "eg-cfg paper"),
        ({"strategy": "eg-cfg", "guidance": {"gamma": 0.0}}, None, "eg-cfg default, gamma 0"),
        (
            {"strategy": "best-of-n", "best_of_n": {"n": 99}},
            {"run": "default", "by": "seconds"},
            "best-of-99, matched to default by seconds",
        ),
    ],
)
def test_a_method_has_a_name(tmp_path: Path, settings: dict[str, object], match: object, method: str) -> None:
    assert summary_of(write_run(tmp_path, settings=settings, match=match)).method == method


def test_selection_is_said(tmp_path: Path) -> None:
    for visible, said in ((1, "by visible tests alone (--visible 1)"), (None, "by visible tests alone")):
        assert summary_of(write_run(tmp_path, suite={"options": {"visible": visible}})).selection == said
    assert summary_of(write_run(tmp_path, suite={"options": {"visible": 0}})).selection.startswith("unchecked")


def test_tasks_without_visible_tests_are_said_of_the_selection(tmp_path: Path) -> None:
    samples = [sample("Mbpp/11"), sample("Mbpp/12", passed_visible=None), sample("Mbpp/13", passed_visible=False)]
    said = "by visible tests alone (--visible 1), unchecked for 1 of the tasks, which have none"
    assert summary_of(write_run(tmp_path, samples)).selection == said


def test_the_scope_says_whose_unsolved_tasks_these_are(tmp_path: Path) -> None:
    found = summary_of(solving(tmp_path, {"Mbpp/11": True, "Mbpp/12": False}, unsolved_by="direct"))
    assert words.scope(found) == "2 of 500 tasks (4 selected), of those whose visible tests direct failed"
    assert words.solved(found) == "50.0% (1 of 2, partial)"


@pytest.mark.parametrize(
    ("tokens", "unguided", "said"),
    [
        (0, False, ""),
        (0, True, "nothing could be run for 1 task, whose answers are unchecked"),
        (7, False, "guided: 14 tokens, 2 of them other than the plain choice"),
        (
            7,
            True,
            "guided: 14 tokens, 2 of them other than the plain choice; "
            "1 task decoded unguided, for nothing could be run",
        ),
    ],
)
def test_only_a_guided_run_speaks_of_unguided_tasks(tmp_path: Path, tokens: int, unguided: bool, said: str) -> None:
    samples = [
        sample("Mbpp/11", guided_tokens=tokens, changed_tokens=tokens // 7),
        sample("Mbpp/12", guided_tokens=tokens, changed_tokens=tokens // 7, unguided=unguided),
    ]
    assert words.guided(summary_of(write_run(tmp_path, samples))) == said


def test_the_curve_steps_where_something_is_solved_and_ends_with_the_run(tmp_path: Path) -> None:
    folder = solving(tmp_path, dict(zip(TASKS, (True, False, True, False), strict=True)))
    points = curve(scored(read_run(folder)))
    assert points == (Point(1000, 0.25), Point(1200, 0.5), Point(1300, 0.5))
    assert [share_at(points, cost) for cost in (999, 1000, 1199, 5000)] == [0, 0.25, 0.25, 0.5]


def test_a_curve_with_an_unknown_cost_is_none_at_all(tmp_path: Path) -> None:
    samples = [sample("Mbpp/11"), sample("Mbpp/12", computed=None)]
    grades = [grade("Mbpp/11", True), grade("Mbpp/12", True)]
    assert curve(scored(read_run(write_run(tmp_path, samples, grades)))) == ()


@given(st.lists(st.tuples(st.integers(0, 5000), st.booleans()), min_size=1, max_size=4))
def test_a_curve_rises_to_the_solve_rate(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, bool]]
) -> None:
    samples = [sample(task, computed=cost) for task, (cost, _) in zip(TASKS, rows, strict=False)]
    grades = [grade(task, passed) for task, (_, passed) in zip(TASKS, rows, strict=False)]
    points = curve(scored(read_run(write_run(tmp_path_factory.mktemp("run"), samples, grades))))
    assert [point.cost for point in points] == sorted({point.cost for point in points})
    assert [point.share for point in points] == sorted(point.share for point in points)
    assert points[-1].cost == max(cost for cost, _ in rows)
    assert points[-1].share == pytest.approx(sum(passed for _, passed in rows) / len(rows))


def test_round_costs_span_the_curves() -> None:
    assert round_costs([[Point(30, 0.1), Point(700, 0.5)], []]) == [50, 100, 200, 500, 1000]
    assert round_costs([[Point(9, 0.0)]]) == []
