"""What is said about many graded samples together."""

import pytest

from linewise.benchmarks.base import AnswerKey, HiddenAssert, Problem, Suite, wall_four_times, what_scores
from linewise.benchmarks.grader import Grade, Grader
from linewise.errors import Cancelled, SandboxError
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter
from linewise.runs.sample_files import GivenSample
from linewise.runs.sample_grading import Graded, Results, grade_samples
from linewise.schema import AssertTest, Task

KEY = AnswerKey({"base": (HiddenAssert("assert f(1) == 1"),), "plus": (HiddenAssert("assert f(2) == 2"),)})
PROBLEMS = {name: Problem(name, Task("f", "f", name=name), KEY) for name in ("a/1", "a/2")}
SUITE = Suite("made up", PROBLEMS, 5, wall_four_times(0.5), "nowhere", "0123")


def graded(task: str, base: bool | None, plus: bool | None, failure: str | None = None) -> Graded:
    passed = False if False in (base, plus) else (None if None in (base, plus) else True)
    return Graded(GivenSample(PROBLEMS[task], "code"), Grade(passed, {"base": base, "plus": plus}, 2, 2, failure))


def test_the_first_sample_of_a_task_counts_and_pass_at_k_needs_k_samples() -> None:
    results = Results.of(
        SUITE,
        [graded("a/2", True, False, "wrong"), graded("a/1", True, True), graded("a/2", True, True)],
    )
    assert results.as_json()["total"] == 2
    assert results.as_json()["passed"] == 1
    assert list(results.tasks) == ["a/1", "a/2"]
    assert results.pass_at() == {"pass@1": 0.75}
    assert results.pass_at("base") == {"pass@1": 1.0}
    assert results.pass_at("plus") == {"pass@1": 0.75}
    assert results.as_json()["tasks"]["a/2"] | {} == {
        "passed": False,
        "parts": {"base": True, "plus": False},
        "failure": "wrong",
        "error": None,
        "trust": "separate",
        "samples": 2,
        "correct": 1,
    }
    assert results.lines() == [
        "made up: 1 of 2 tasks passed: 50.0% [9.5%, 90.5%] (95% Wilson interval)",
        "base: 2 of 2",
        "plus: 1 of 2",
        "2 of 5 tasks; scored on unseen tests",
        "pass@1: 75.0%",
        "the first sample of each task is counted above",
    ]


def test_what_scores_is_said_of_the_graded_tasks_alone() -> None:
    task = Task("f", "f", (AssertTest("assert f(1) == 1"), AssertTest("assert f(2) == 2")), name="a/3")
    suite = Suite("made up", {**PROBLEMS, "a/3": Problem("a/3", task, KEY)}, 5, SUITE.limits, "nowhere", "0123")
    grade = Grade(True, {"base": True, "plus": True}, 2, 2)
    shown = Results.of(suite, [Graded(GivenSample(suite.problems["a/3"], "code"), grade)])
    assert (shown.lines()[-1], what_scores(tuple(suite.problems.values()))) == (
        "1 of 5 tasks; scored on shown tests",
        "unseen tests, some shown (all in 1 of 3 tasks)",
    )


def test_ten_samples_make_pass_at_ten() -> None:
    samples = [graded("a/1", True, n == 3) for n in range(10)]
    assert Results.of(SUITE, samples).pass_at() == {"pass@1": pytest.approx(0.1), "pass@10": 1.0}


def test_an_unknown_verdict_is_null_and_makes_estimates_impossible() -> None:
    results = Results.of(SUITE, [graded("a/1", None, True, "infrastructure error"), graded("a/2", True, True)])
    assert results.unknown == ["a/1"]
    assert results.as_json()["tasks"]["a/1"]["passed"] is None
    assert results.as_json()["passed"] == 1
    assert results.pass_at() == {}
    assert results.lines()[:2] == [
        "made up: 1 of 1 tasks passed: 100.0% [20.7%, 100.0%] (95% Wilson interval)",
        "1 tasks have no verdict, for the sandbox broke, and are not counted",
    ]
    assert results.lines()[2:4] == ["base: 1 of 1 (1 could not be judged)", "plus: 2 of 2"]
    assert results.as_evalplus()["eval"]["a/1"][0]["base_status"] is None


def test_the_form_of_evalplus() -> None:
    content = Results.of(SUITE, [graded("a/1", False, True, "timeout"), graded("a/2", True, False)]).as_evalplus()
    assert [(one[0]["base_status"], one[0]["plus_status"]) for one in content["eval"].values()] == [
        ("timeout", "pass"),
        ("pass", "fail"),
    ]
    assert (content["eval"]["a/1"][0]["passed"], content["eval"]["a/1"][0]["failure"]) == (False, "timeout")
    assert content["pass_at_k"] == {"base": {"pass@1": 0.5}, "plus": {"pass@1": 0.0}}
    assert content["hash"] == "0123"


class Broken:
    """A sandbox that works no more."""

    name = "broken"

    def run(self, *_: object, **__: object) -> list[object]:
        raise SandboxError("gone")


def test_a_broken_sandbox_gives_no_verdict() -> None:
    grader = Grader(Broken(), SUITE.limits)
    (one,) = grade_samples([GivenSample(PROBLEMS["a/1"], "")], grader, 1, meter=Meter())
    assert (one.grade.passed, one.grade.failure, one.grade.error) == (None, "infrastructure error", "gone")
    assert one.grade.parts == {"base": None, "plus": None}


def test_samples_are_graded_side_by_side_in_their_order_until_cancelled() -> None:
    codes = ["def f(x): return x", "def f(x): return 1", "def f(x): return 0", "f = 3"]
    samples = [GivenSample(PROBLEMS["a/1"], code, n) for n, code in enumerate(codes)]
    seen: list[Graded] = []
    meter = Meter()
    with BubblewrapSandbox() as sandbox:
        grader = Grader(sandbox, SUITE.limits)
        found = grade_samples(samples, grader, 4, meter=meter, on_done=seen.append)
        assert [dict(one.grade.parts) for one in found] == [
            {"base": True, "plus": True},
            {"base": True, "plus": False},
            {"base": False, "plus": False},
            {"base": False, "plus": False},
        ]
        assert sorted(one.sample.number for one in seen) == [0, 1, 2, 3]
        meter.cancel()
        with pytest.raises(Cancelled):
            grade_samples(samples, grader, 4, meter=meter)
