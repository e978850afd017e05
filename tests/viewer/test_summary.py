"""The summary for what is no terminal, and the words for outcomes."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from event_lists import BROKEN, ENDLESS, PASSED, RAISED, SOLUTIONS, SQUARED, TASK

from linewise.schema import AssertTest, Failure, Outcome, ProbeTest, Status, StdioTest, Task, Trust, VisibleTest
from linewise.viewer.plain import counted, one_line, visible
from linewise.viewer.summary import summary
from linewise.viewer.verdicts import describe, first_failure, marks, passed_of

TEST = AssertTest("assert f(1) == 2")


@pytest.mark.parametrize("name", SOLUTIONS)
def test_one_paragraph(name: str, matches_golden: Callable[[str, str], bool]) -> None:
    task = Task("p", "double") if name == "unchecked" else TASK
    text = summary(SOLUTIONS[name], task)
    assert "\n" not in text
    assert matches_golden(f"summary-{name.replace(' ', '_')}", text + "\n")


def test_a_pass_that_a_program_could_have_forged_is_told_apart() -> None:
    solved = SOLUTIONS["solved"]
    beside = replace(solved, outcomes=(replace(PASSED, trust=Trust.IN_PROCESS), *solved.outcomes[1:]))
    assert "3 of 3 tests passed (1 judged in the program's own process)." in summary(beside, TASK)


def failed(failure: Failure, **more: str) -> Outcome:
    return replace(Outcome(Status.FAILED, failure), **more)


@pytest.mark.parametrize(
    ("test", "outcome", "words"),
    [
        (TEST, SQUARED, ("got 9, expected 6", "double(3)")),
        (
            TEST,
            RAISED,
            ("raised TypeError: can't multiply sequence by non-int of type 'str' in line 2", "double('a')"),
        ),
        (TEST, ENDLESS, ("did not end in time", "double(2)")),
        (TEST, BROKEN, ("could not be run: the worker was lost", "f(1) == 2")),
        (TEST, failed(Failure.MEMORY), ("used too much memory", "f(1) == 2")),
        (TEST, failed(Failure.OUTPUT), ("printed too much", "f(1) == 2")),
        (TEST, failed(Failure.WRONG), ("does not hold", "f(1) == 2")),
        (TEST, failed(Failure.EXCEPTION), ("raised an exception", "f(1) == 2")),
        (
            AssertTest("assert not f(1)"),
            failed(Failure.WRONG, value="1", invocation="f(1)"),
            ("got 1, which the test refuses", "f(1)"),
        ),
        (StdioTest("1\n", "2\n"), failed(Failure.WRONG, stdout="3\n"), ("got '3\\n', expected '2\\n'", "input '1\\n'")),
    ],
)
def test_words_for_a_failure(test: VisibleTest, outcome: Outcome, words: tuple[str, str]) -> None:
    assert describe(test, outcome) == words


def test_marks_and_counts() -> None:
    task = Task("p", "f", (TEST, TEST, ProbeTest("f(2)"), TEST))
    outcomes = (PASSED, SQUARED, PASSED, BROKEN)
    assert marks(task, outcomes) == "✓✗·?"
    assert passed_of(task, outcomes) == (1, 3)
    assert passed_of(task, ()) == (0, 3)
    assert first_failure(task, outcomes) == ("got 9, expected 6", "double(3)")
    assert first_failure(task, (PASSED,) * 4) is None


def test_text_is_made_visible_and_short() -> None:
    assert visible("a\tb\x1b[0m\n☃\u202e\ud800") == "a    b\\x1b[0m\n☃\\u202e\\ud800"
    assert one_line("a\nb", 10) == "a\\nb"
    assert one_line("x" * 11, 10) == "x" * 9 + "…"
    assert one_line("x" * 10, 10) == "x" * 10
    assert [counted(n, "test") for n in (0, 1, 1000)] == ["0 tests", "1 test", "1,000 tests"]
