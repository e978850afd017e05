"""Frames of the live view: golden files of every phase, and rules that hold for any run and any terminal."""

from collections.abc import Callable

import pytest
from event_lists import CANDIDATES, DIRECT, GUIDED, LINE, PASSED, RAISED, SQUARE, TASK, progress
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from linewise.events import (
    AnswerChecked,
    AttemptStarted,
    CandidatesSampled,
    Event,
    LineCommitted,
    ProgramTraced,
    TokenChosen,
)
from linewise.schema import AssertTest, Failure, Origin, Outcome, Status, Task
from linewise.viewer.frame import frame

PHASES: dict[str, list[Event]] = {
    "getting_ready": [],
    "direct": DIRECT[:1],
    "checked": DIRECT,
    "sampling": [*DIRECT, *GUIDED[:1]],
    "sampled": [*DIRECT, *GUIDED[:3]],
    "ran": [*DIRECT, *GUIDED[:6]],
    "choosing": [*DIRECT, *GUIDED],
    "next_line": [*DIRECT, *GUIDED, *LINE],
    "samples": [
        AttemptStarted(attempt=0, strategy="best-of-n", seconds=0.5),
        CandidatesSampled(line=0, candidates=(SQUARE, SQUARE, "def double(x):\n    return x\n"), seconds=3.0),
        AnswerChecked(code=SQUARE, outcomes=(PASSED, RAISED), passed=False, origin=Origin.SAMPLE, seconds=3.1),
    ],
}
SIZES = {"wide": (100, 24), "narrow": (40, 24), "short": (72, 6)}


def shown(events: list[Event], task: Task = TASK, *, width: int = 100, height: int = 24) -> Text:
    state = progress(events)
    return frame(state, task, seconds=state.seconds, width=width, height=height)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("phase", PHASES)
def test_every_phase(phase: str, size: str, matches_golden: Callable[[str, str], bool]) -> None:
    width, height = SIZES[size]
    text = shown(PHASES[phase], width=width, height=height).plain
    assert matches_golden(f"{phase}-{size}", "\n".join(line.rstrip() for line in text.split("\n")) + "\n")


def steered(text: Text) -> list[str]:
    return [text.plain[span.start : span.end] for span in text.spans if "on yellow" in str(span.style)]


def test_tokens_that_guidance_changed_stand_out() -> None:
    assert steered(shown(PHASES["choosing"])) == ["1 changed by what ran", "y"]
    assert steered(shown(DIRECT)) == []


def test_changed_tokens_stay_marked_where_escapes_make_the_text_longer() -> None:
    events: list[Event] = [
        AttemptStarted(attempt=1, strategy="eg-cfg"),
        TokenChosen(token=1, text="x = '\x1b\t"),
        TokenChosen(token=2, text="\x07k", guided=True, changed=True),
        TokenChosen(token=3, text="'\n"),
    ]
    assert steered(shown(events))[1:] == ["\\x07k"]


def test_marks_go_where_the_code_is_replaced() -> None:
    assert steered(shown([*DIRECT, *GUIDED, LineCommitted(line=0, code=SQUARE)]))[1:] == []


def test_a_token_that_ends_before_the_fence_stays_in_sight_and_the_fence_does_not() -> None:
    text = shown([*DIRECT, *GUIDED, TokenChosen(token=5, text="\n```\nprose", guided=True, changed=True)]).plain
    assert "y = x" in text
    assert "```" not in text
    assert "prose" not in text


def test_text_of_a_model_is_never_markup_nor_control() -> None:
    hostile = "[red]x[/red] [link=https://a.b]\x1b[31m\x1b]0;title\x07\r\x08\u202e\ufeff\u2028"
    outcome = Outcome(Status.FAILED, Failure.WRONG, invocation=hostile, value=hostile, expected=hostile)
    task = Task("p", hostile, (AssertTest(hostile),))
    events: list[Event] = [
        AttemptStarted(attempt=1, strategy=hostile),
        TokenChosen(token=1, text=hostile),
        CandidatesSampled(line=0, candidates=(hostile,)),
        ProgramTraced(line=0, candidates=(0,), program=hostile, outcomes=(outcome,)),
    ]
    text = shown(events, task, width=400).plain
    assert text.count("[red]x[/red]") >= 4
    assert all(char.isprintable() or char == "\n" for char in text)


def test_a_huge_value_stays_a_row() -> None:
    outcome = Outcome(Status.FAILED, Failure.WRONG, invocation="f(1)", value="9" * 10_000, expected="[" * 10_000)
    events: list[Event] = [*GUIDED[:3], ProgramTraced(line=1, candidates=(0,), program="", outcomes=(outcome,))]
    row = shown(events, width=200).plain.split("\n")[-1]
    assert "…, expected [[[" in row
    assert row.endswith("f(1)")


def test_many_programs_are_cut_and_counted_best_first() -> None:
    events: list[Event] = [
        *GUIDED[:2],
        CandidatesSampled(line=1, candidates=tuple(f"    return {n}\n" for n in range(64))),
        *(
            ProgramTraced(line=1, candidates=(n,), program="", outcomes=(PASSED if n == 50 else RAISED,))
            for n in range(64)
        ),
    ]
    rows = shown(events, Task("p", "f", TASK.tests[:1]), height=12).plain.split("\n")
    assert len(rows) == 12
    assert "return 50" in rows[rows.index("64 candidates, 64 programs run") + 1]
    shown_rows = sum("return " in row for row in rows)
    assert rows[-1] == f"… and {64 - shown_rows} more"


def test_of_a_long_line_being_chosen_the_end_is_seen_and_of_long_code_too() -> None:
    events: list[Event] = [
        AttemptStarted(attempt=1, strategy="eg-cfg"),
        LineCommitted(line=0, code="".join(f"x{n} = {n}\n" for n in range(99))),
        TokenChosen(token=1, text=f"total = {'+'.join(str(n) for n in range(50))}"),
    ]
    rows = shown(events, width=40, height=10).plain.split("\n")
    assert rows[-1].startswith("> 100 …")
    assert rows[-1].endswith("+48+49")
    assert rows[-2] == "   99 x98 = 98"


texts = st.text(st.characters(), max_size=80) | st.sampled_from(
    [*CANDIDATES, "世界 = 1\n", "\x1b[31m", "'''", "\\\n", ""]
)
outcomes = st.tuples(
    st.builds(
        Outcome,
        status=st.sampled_from(Status),
        failure=st.none() | st.sampled_from(Failure),
        invocation=texts,
        value=st.none() | texts,
        expected=st.none() | texts,
        error=st.none() | texts,
        error_line=st.none() | st.integers(1, 9),
    )
)
events_of_any_kind = st.one_of(
    st.builds(AttemptStarted, attempt=st.integers(0, 9), strategy=st.sampled_from(["direct", "eg-cfg", "other"])),
    st.builds(TokenChosen, token=st.just(1), text=texts, guided=st.booleans(), changed=st.booleans()),
    st.builds(LineCommitted, line=st.just(0), code=texts),
    st.builds(CandidatesSampled, line=st.just(0), candidates=st.lists(texts, min_size=3, max_size=9).map(tuple)),
    st.builds(ProgramTraced, line=st.just(0), candidates=st.just(()), program=texts, outcomes=outcomes),
    st.builds(AnswerChecked, code=texts, outcomes=outcomes, passed=st.none(), origin=st.sampled_from(Origin)),
)


@settings(max_examples=200, deadline=None)
@given(events=st.lists(events_of_any_kind, max_size=12), width=st.integers(1, 120), height=st.integers(1, 30))
def test_a_frame_fits_and_prints_whatever_happens(events: list[Event], width: int, height: int) -> None:
    text = shown(events, Task("p", "f", (AssertTest("assert f()"),)), width=width, height=height).plain
    rows = text.split("\n")
    assert len(rows) <= height
    assert all(cell_len(row) <= width for row in rows)
    assert all(char.isprintable() for row in rows for char in row)
