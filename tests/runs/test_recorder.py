from collections.abc import Iterable

from linewise.events import AnswerChecked, AnswerLeft, AttemptStarted, Event, Finished, TokenChosen
from linewise.runs.recorder import Recorder
from linewise.runs.records import AttemptRecord, Sample
from linewise.schema import AssertTest, Ledger, Origin, Solution, Task

TASK = Task("Square x.", "square", (AssertTest("assert square(3) == 9"),), name="square")
RIGHT, WRONG = "def square(x):\n    return x * x\n", "def square(x):\n    return x\n"


def recorded(events: Iterable[Event], code: str = RIGHT, origin: Origin = Origin.GUIDED) -> Sample:
    recorder = Recorder(TASK, seed=0)
    for event in events:
        recorder.on_event(event)
    solution = Solution(code, True, (), origin, Ledger(), agent="two", model="scripted", seed=0, reason="")
    recorder.on_event(Finished(solution=solution))
    return recorder.sample


def tokens(*chosen: tuple[bool, bool]) -> list[Event]:
    return [TokenChosen(token=1, text="x", guided=guided, changed=changed) for guided, changed in chosen]


def checked(code: str, passed: bool, agent: str, origin: Origin = Origin.GUIDED) -> AnswerChecked:
    return AnswerChecked(code=code, outcomes=(), passed=passed, origin=origin, agent=agent)


def test_each_attempt_has_the_counts_of_its_own_tokens() -> None:
    first = [AttemptStarted(attempt=0, strategy="eg-cfg"), *tokens((True, True), (True, True), (False, False))]
    second = [AttemptStarted(attempt=1, strategy="eg-cfg"), *tokens((True, False))]
    sample = recorded([*first, checked(WRONG, False, "one"), *second, checked(RIGHT, True, "two")])
    assert [(one.guided_tokens, one.changed_tokens) for one in sample.attempts] == [(2, 2), (1, 0)]
    assert (sample.guided_tokens, sample.changed_tokens) == (3, 2)
    assert sample.selected == sample.attempts[1]


def test_an_answer_that_was_not_run_is_an_attempt_that_cannot_be_the_selected_one() -> None:
    begun = AttemptStarted(attempt=0, strategy="best-of-n")
    left = AnswerLeft(code=WRONG, origin=Origin.SAMPLE, agent="two")
    sample = recorded([begun, checked(RIGHT, True, "two", Origin.SAMPLE), left], origin=Origin.SAMPLE)
    assert sample.attempts[1] == AttemptRecord(
        solution=WRONG, passed_visible=None, origin=Origin.SAMPLE, agent="two", checked=False
    )
    assert sample.selected == sample.attempts[0]
    assert recorded([begun, left], code=WRONG, origin=Origin.SAMPLE).selected is None


def test_the_selected_attempt_is_of_the_agent_that_is_named() -> None:
    same = [checked(RIGHT, True, "one"), *tokens((True, True)), checked(RIGHT, True, "two")]
    sample = recorded([AttemptStarted(attempt=0, strategy="eg-cfg"), *same])
    assert sample.selected == sample.attempts[1]
