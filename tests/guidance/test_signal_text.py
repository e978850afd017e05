"""The dynamic signal: every text that the guided context may hold."""

import pytest
from golden import assert_golden
from hypothesis import given
from hypothesis import strategies as st

from linewise.execution.base import Limits, Program, Sandbox
from linewise.guidance.options import SignalOptions
from linewise.guidance.signal_text import Evidence, Signal, build_signal
from linewise.guidance.trace_text import shorten, summarise_loops, trace_lines
from linewise.meter import Meter
from linewise.schema import (
    AssertTest,
    Failure,
    Outcome,
    ProbeTest,
    Status,
    StdioTest,
    Step,
    Task,
    Trace,
    TraceStyle,
    Variable,
)

LIMITS = Limits(cpu_seconds=1, wall_seconds=5, value_chars=60, trace_events=300)

COUNT = """\
def count(words):
    total = 0
    for word in words:
        if word:
            total = total + length(word)
    return total

def length(word):
    return len(word)"""
BROKEN = "def count(words):\n    total = 0\n    for word in words:\n        total = total + word\n    return total"
UNFINISHED = "def count(words):\n    total = 0"
COUNTING = Task(
    "Count the letters.",
    "count",
    (
        AssertTest("assert count(['a', 'bc', '', 'd', 'e', 'fgh']) == 8"),
        AssertTest("assert count([]) == 0"),
        AssertTest("assert set(count(w) for w in (['a'], ['b'])) == {1}"),
        ProbeTest("count('xy')"),
    ),
)
HOSTILE = Task(
    "Odd values.",
    "f",
    (AssertTest("assert f('```\\n\\x1b[31m</s>') == 'a\\n```python\\nb'"), AssertTest("assert f('x' * 10**5) == 1")),
)
ECHO = """\
class Odd:
    def __repr__(self):
        return 'one\\ntwo\\n```\\nthree\\r\\x00'

def f(text):
    odd = Odd()
    if len(text) > 99:
        raise ValueError(text + '\\n```\\nsecond line\\r\\x00')
    return text"""
ADDING = Task("Add.", "solve", (StdioTest("1 2\n", "3\n"), StdioTest("x" * 500, "y\n" * 500)), kind="program")
ADDED = "def solve():\n    a, b = input().split()\n    print(a, b)"

STYLES = {
    "paper": SignalOptions(),
    "minimal": SignalOptions(trace=TraceStyle.MINIMAL),
    "delta": SignalOptions(trace=TraceStyle.DELTA, verdicts=True, failing_only=True),
    "verdicts": SignalOptions(trace=TraceStyle.MINIMAL, verdicts=True),
    "loops": SignalOptions(loop_summaries=True, value_chars=20),
    "loops-delta": SignalOptions(trace=TraceStyle.DELTA, loop_summaries=True),
    "one-program": SignalOptions(trace=TraceStyle.MINIMAL, verdicts=True, max_programs=1),
}


def words(text: str) -> int:
    return len(text.split())


def evidence(sandbox: Sandbox, task: Task, options: SignalOptions, *sources: str, partial: str = "") -> list[Evidence]:
    found = []
    for source in ([partial] if partial else []) + list(sources):
        outcomes = sandbox.run(Program.of(task, source), task.tests, LIMITS, trace=options.trace, meter=Meter())
        found.append(Evidence(source, tuple(outcomes), candidate=source != partial))
    return found


def built(shown: list[Evidence], task: Task, options: SignalOptions, room: int = 10**6) -> Signal | None:
    return build_signal(shown, task.tests, options, count_tokens=words, room=room)


@pytest.mark.parametrize("style", STYLES)
def test_signal(sandbox: Sandbox, style: str) -> None:
    options = STYLES[style]
    signal = built(evidence(sandbox, COUNTING, options, COUNT, BROKEN, UNFINISHED), COUNTING, options)
    assert signal is not None
    assert signal.cut_traces == 0
    assert signal.tokens == words(signal.text)
    assert_golden(f"signals/{style}.txt", signal.text)


@pytest.mark.parametrize("style", ["paper", "verdicts"])
def test_signal_of_hostile_values(sandbox: Sandbox, style: str) -> None:
    options = STYLES[style]
    signal = built(evidence(sandbox, HOSTILE, options, ECHO), HOSTILE, options)
    assert signal is not None
    assert len(signal.text) < 6000
    assert signal.text.replace("\n", "").isprintable()
    assert_golden(f"signals/hostile.{style}.txt", signal.text)


@pytest.mark.parametrize("style", ["paper", "verdicts"])
def test_signal_of_standard_input_and_output(sandbox: Sandbox, style: str) -> None:
    options = STYLES[style]
    signal = built(evidence(sandbox, ADDING, options, ADDED), ADDING, options)
    assert signal is not None
    assert_golden(f"signals/program.{style}.txt", signal.text)


def test_signal_of_the_code_so_far_beside_candidates(sandbox: Sandbox) -> None:
    options = SignalOptions(trace=TraceStyle.MINIMAL, partial=True)
    shown = evidence(sandbox, COUNTING, options, BROKEN, COUNT, partial=UNFINISHED)
    signal = built(shown, COUNTING, options)
    assert signal is not None
    assert_golden("signals/partial.txt", signal.text)


@pytest.mark.parametrize("room", [90, 100, 160, 300])
def test_a_budget_cuts_the_longest_traces_and_counts_them(sandbox: Sandbox, room: int) -> None:
    options = STYLES["paper"]
    shown = evidence(sandbox, COUNTING, options, COUNT, BROKEN)
    signal, whole = built(shown, COUNTING, options, room), built(shown, COUNTING, options)
    assert signal is not None
    assert whole is not None
    assert signal.tokens == words(signal.text) <= room < whole.tokens
    assert signal.cut_traces > 0
    assert_golden(f"signals/budget.{room}.txt", f"{signal.text}\n\n[{signal.cut_traces} traces cut]")


def test_the_options_budget_and_the_room_both_hold(sandbox: Sandbox) -> None:
    options = STYLES["paper"].model_copy(update={"max_tokens": 120})
    shown = evidence(sandbox, COUNTING, options, COUNT, BROKEN)
    for room, most in ((10**6, 120), (90, 90)):
        signal = built(shown, COUNTING, options, room)
        assert signal is not None
        assert signal.text
        assert signal.tokens <= most


def test_what_does_not_fit_at_all_is_counted(sandbox: Sandbox) -> None:
    shown = evidence(sandbox, COUNTING, SignalOptions(), COUNT)
    assert built(shown, COUNTING, SignalOptions(), 3) == Signal("", 0, cut_traces=4)
    assert built(shown, COUNTING, SignalOptions(), -100) == Signal("", 0, cut_traces=4)


@pytest.mark.parametrize("room", [75, 150])
def test_where_no_source_fits_what_the_runs_showed_is_left(sandbox: Sandbox, room: int) -> None:
    """A program may be longer than the budget; decoding would go on unguided, and nobody would know."""
    options = STYLES["delta"].model_copy(update={"max_tokens": room})
    long = BROKEN.replace("    total = 0\n", "    total = 0\n" + "    # a line\n" * 40)
    signal = built(evidence(sandbox, COUNTING, options, long, COUNT + "\n# a line" * 40), COUNTING, options)
    assert signal is not None
    assert 0 < signal.tokens <= room
    assert "FAILS" in signal.text
    assert "# a line\n" not in signal.text
    assert_golden(f"signals/no_source.{room}.txt", f"{signal.text}\n\n[{signal.cut_traces} traces cut]")


@pytest.mark.parametrize("verdicts", [False, True])
def test_a_test_that_is_longer_than_the_budget_is_cut_before_a_source_is_left_out(
    sandbox: Sandbox, *, verdicts: bool
) -> None:
    long = Task("Count.", "count", (AssertTest(f"assert count([{', '.join('7' * 300)}]) == 5"),))
    options = STYLES["delta"].model_copy(update={"max_tokens": 150, "verdicts": verdicts, "value_chars": 60})
    signal = built(evidence(sandbox, long, options, BROKEN), long, options)
    assert signal is not None
    assert 0 < signal.tokens <= 150
    assert BROKEN in signal.text
    assert "..." in signal.text
    assert ("FAILS" in signal.text) is verdicts


def test_where_a_source_fits_it_is_shown(sandbox: Sandbox) -> None:
    """Traces and other programs are left out before it."""
    options = STYLES["delta"].model_copy(update={"max_tokens": 150})
    signal = built(evidence(sandbox, COUNTING, options, BROKEN, COUNT), COUNTING, options)
    assert signal is not None
    assert BROKEN in signal.text


def test_where_there_is_nothing_to_show_there_is_no_signal() -> None:
    assert built([], COUNTING, SignalOptions()) is None
    broken = Outcome(Status.INFRASTRUCTURE, error="sandbox")
    assert built([Evidence(COUNT, (broken,) * 4)], COUNTING, SignalOptions()) is None


def test_a_budget_needs_few_counts() -> None:
    """Every count is a pass over all of the text."""
    step = Step("line", 2, 0, "count", (Variable("total", "int", "0"),))
    outcome = Outcome(Status.FAILED, Failure.WRONG, invocation="count([])", trace=Trace((step,) * 1000))
    counted: list[int] = []

    def count(text: str) -> int:
        counted.append(len(text))
        return words(text)

    shown = [Evidence(f"{COUNT}\n{number}", (outcome,) * 4) for number in range(3)]
    signal = build_signal(shown, COUNTING.tests, SignalOptions(), count_tokens=count, room=700)
    assert signal is not None
    assert signal.cut_traces == 12
    assert sum(counted) < 2 * counted[0]


@given(st.text(), st.integers(8, 50))
def test_shorten_keeps_the_bound_and_the_line(text: str, limit: int) -> None:
    found = shorten(text, limit)
    assert len(found) <= limit
    assert found.isprintable()
    if text.isprintable() and len(text) <= limit:
        assert found == text


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2)), max_size=40))
def test_loop_summaries_keep_first_and_last_visits_and_account_for_all(shape: list[tuple[int, int]]) -> None:
    steps = [Step("line", line, depth, "f") for line, depth in shape]
    kept, gaps = summarise_loops(steps)
    assert len(kept) + sum(gaps.values()) == len(steps)
    assert kept[:1] == steps[:1]
    assert kept[-1:] == steps[-1:]
    assert all(0 < index < len(kept) and count > 1 for index, count in gaps.items())


def test_loop_summaries_reach_into_what_a_loop_calls() -> None:
    """A hundred rounds with a call each are as long as three."""
    one_round = [Step("line", 3, 0, "f"), Step("call", 6, 1, "g"), Step("line", 7, 1, "g"), Step("return", 7, 1, "g")]
    start, end = [Step("call", 1, 0, "f"), Step("line", 2, 0, "f")], [Step("return", 4, 0, "f")]
    kept, gaps = summarise_loops([*start, *one_round * 100, *end])
    assert kept == [*start, *one_round, *one_round, *end]
    assert list(gaps.values()) == [98 * len(one_round)]


def test_loop_summaries_of_deep_recursion() -> None:
    steps = [Step("call", 1, depth, "f") for depth in range(3000)] + [
        Step("return", 2, depth, "f") for depth in reversed(range(3000))
    ]
    assert summarise_loops(steps)[0] == steps


def test_nothing_was_traced() -> None:
    assert trace_lines(None, ["x"], SignalOptions()) == []
    assert trace_lines(Trace(()), ["x"], SignalOptions()) == []


def test_a_cut_recording_says_so() -> None:
    assert trace_lines(Trace((), cut=True), [], SignalOptions()) == ["... (the recording ends here)"]


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome(Status.PASSED), "passes"),
        (Outcome(Status.FAILED, Failure.WRONG), "FAILS"),
        (Outcome(Status.FAILED, Failure.WRONG, "f()", value="1", expected="2"), "FAILS, got 1, expected 2"),
        (Outcome(Status.FAILED, Failure.WRONG, "f()", value="1"), "FAILS, got 1"),
        (Outcome(Status.FAILED, Failure.WRONG, "f(g())", value="1"), "FAILS, f(g()) gave 1"),
        (Outcome(Status.FAILED, Failure.TIMEOUT), "FAILS, it does not end"),
        (
            Outcome(Status.FAILED, Failure.EXCEPTION, error="KeyError: 1", error_line=3),
            "FAILS with KeyError: 1 in line 3",
        ),
        (Outcome(Status.FAILED, Failure.EXCEPTION, error="E: a\nb"), "FAILS with E: a\\nb"),
        (Outcome(Status.FAILED, Failure.MEMORY), "FAILS with memory"),
    ],
)
def test_verdicts(outcome: Outcome, verdict: str) -> None:
    task = Task("", "f", (AssertTest("assert f() == 2"),))
    signal = built([Evidence("def f(): pass", (outcome,))], task, SignalOptions(verdicts=True))
    assert signal is not None
    assert signal.text.endswith(f"`assert f() == 2`: {verdict}")
