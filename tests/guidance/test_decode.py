"""The loop, with known replies instead of a model and the real sandbox."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tasks import DOUBLE, RIGHT, SHOWN, SQUARE, of_type, options, run_decode, scripted

from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.errors import BudgetSpent, Cancelled, ContextOverflow
from linewise.events import CandidatesSampled, LineCommitted, ProgramTraced, SignalBuilt, TokenChosen, text_after
from linewise.execution.base import Limits, Program, Sandbox
from linewise.guidance.options import SignalOptions
from linewise.meter import Meter
from linewise.schema import Origin, Outcome, StdioTest, Task, VisibleTest

CORRECTED = scripted((SQUARE, 3), (RIGHT, 1), (RIGHT, 100, SHOWN))
"""Greedy squares; once the signal is in the prompt it knows better."""


def test_the_signal_changes_the_answer(sandbox: Sandbox) -> None:
    decoded, events = run_decode(CORRECTED, sandbox, options())
    assert (decoded.code, decoded.origin) == (RIGHT, Origin.GUIDED)
    changed = [event for event in of_type(events, TokenChosen) if event.changed]
    assert [event.text for event in changed] == ["+"]
    assert of_type(events, SignalBuilt)
    assert SHOWN in of_type(events, SignalBuilt)[0].text


def test_gamma_0_is_the_greedy_answer_and_reads_no_signal(sandbox: Sandbox) -> None:
    decoded, events = run_decode(CORRECTED, sandbox, options(gamma=0))
    assert decoded.code == SQUARE
    assert of_type(events, CandidatesSampled)
    assert not of_type(events, SignalBuilt)
    assert not any(event.guided or event.changed for event in of_type(events, TokenChosen))


@pytest.mark.parametrize(("gamma", "code"), [(0.1, SQUARE), (1, RIGHT), (3, RIGHT)])
def test_gamma_weighs_the_signal(sandbox: Sandbox, gamma: float, code: str) -> None:
    """At `*` against `+` the plain odds are 3 : 1; with the signal 104 : 3 the other way."""
    assert run_decode(CORRECTED, sandbox, options(gamma=gamma))[0].code == code


def test_candidates_come_from_the_plain_context(sandbox: Sandbox) -> None:
    engine = scripted((SQUARE, 1), ("def double(z):\n    return z\n", 1000, SHOWN))
    _, events = run_decode(engine, sandbox, options())
    sampled = [text for event in of_type(events, CandidatesSampled) for text in event.candidates]
    assert sampled
    assert not any("z" in text for text in sampled)


def test_every_line_is_sampled_traced_shown_and_committed_in_this_order(sandbox: Sandbox) -> None:
    _, events = run_decode(CORRECTED, sandbox, options(loop_rule=0))
    for line, last in enumerate(of_type(events, LineCommitted)):
        assert last.line == line
        kinds = [event.type for event in events if getattr(event, "line", None) == line]
        traced = kinds.count("ProgramTraced")
        assert kinds == ["CandidatesSampled", *["ProgramTraced"] * traced, "SignalBuilt", "LineCommitted"]
    assert len(of_type(events, LineCommitted)) == 4


def test_replay_from_tokens_and_lines(sandbox: Sandbox) -> None:
    for chosen in (options(), options(gamma=0), options(start="block"), options(loop_rule=2)):
        decoded, events = run_decode(CORRECTED, sandbox, chosen)
        text = ""
        for event in events:
            if isinstance(event, LineCommitted):
                assert event.code == text
            text = text_after(text, event)
        assert of_type(events, LineCommitted)
        assert text == decoded.code


@pytest.mark.parametrize(("start", "plain"), [("def", "def double("), ("block", "")])
def test_where_guidance_starts(sandbox: Sandbox, start: str, plain: str) -> None:
    _, events = run_decode(CORRECTED, sandbox, options(start=start))
    tokens = of_type(events, TokenChosen)
    assert "".join(event.text for event in tokens if not event.guided) == plain
    assert events[0].type == ("TokenChosen" if plain else "CandidatesSampled")


def test_guidance_starts_at_the_entry_point_and_not_at_a_helper(sandbox: Sandbox) -> None:
    engine = scripted(("def double_helper(x):\n    return x\n\n\n" + RIGHT, 1))
    _, events = run_decode(engine, sandbox, options())
    plain = "".join(event.text for event in of_type(events, TokenChosen) if not event.guided)
    assert plain.endswith("\ndef double(")


def test_without_tests_nothing_is_sampled_or_run(sandbox: Sandbox) -> None:
    task = Task("Double it.", "double")
    meter = Meter()
    decoded, events = run_decode(CORRECTED, sandbox, options(), task=task, meter=meter)
    assert decoded.code == SQUARE
    assert {event.type for event in events} == {"TokenChosen", "LineCommitted"}
    assert meter.ledger().sandbox_runs == 0


class Recording:
    """A sandbox that notes the limits that it is given."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.cpu_seconds: set[float] = set()

    def run(self, program: Program, tests: Sequence[VisibleTest], limits: Limits, **more: Any) -> list[Outcome]:
        self.cpu_seconds.add(limits.cpu_seconds)
        return self._sandbox.run(program, tests, limits, **more)


@pytest.mark.parametrize(("own", "given"), [(0.75, 0.75), (60, 5)])
def test_candidates_have_a_limit_of_time_of_their_own(sandbox: Sandbox, own: float, given: float) -> None:
    """It is never above that of answers, which is 5 s here."""
    recording = Recording(sandbox)
    run_decode(CORRECTED, recording, options(cpu_seconds=own))
    assert recording.cpu_seconds == {given}


def test_early_exit_takes_the_first_program_that_passes(sandbox: Sandbox) -> None:
    engine = scripted((SQUARE, 1.1), (RIGHT, 1))
    decoded, events = run_decode(engine, sandbox, options(early_exit=True, num_candidates=12, horizon=5))
    assert (decoded.code, decoded.origin) == (RIGHT, Origin.CANDIDATE)
    assert isinstance(events[-1], ProgramTraced)
    assert all(outcome.passed for outcome in events[-1].outcomes)
    assert not of_type(events, LineCommitted)


def test_early_exit_keeps_the_text_of_a_complete_candidate(sandbox: Sandbox) -> None:
    commented = 'def double(x):\n    """Twice."""\n    return x + x  # sum\n'
    decoded, _ = run_decode(scripted((commented, 1)), sandbox, options(early_exit=True, horizon=5))
    assert decoded.code == commented


def test_early_exit_off_writes_on(sandbox: Sandbox) -> None:
    decoded, _ = run_decode(scripted((RIGHT, 1)), sandbox, options(horizon=5))
    assert decoded.origin is Origin.GUIDED


@pytest.mark.parametrize(("refresh", "lines"), [(1, [0, 1, 2, 3]), (2, [0, 2]), (3, [0, 3]), (4, [0])])
def test_refresh_every_k_lines(sandbox: Sandbox, refresh: int, lines: list[int]) -> None:
    """Behind the third and last line it is still open whether the answer ends there."""
    _, events = run_decode(scripted((RIGHT, 1)), sandbox, options(refresh=refresh, horizon=1, loop_rule=0))
    assert [event.line for event in of_type(events, CandidatesSampled)] == lines


def test_comments_and_docstrings_refresh_no_signal(sandbox: Sandbox) -> None:
    commented = 'def double(x):\n    """Twice.\n\n    Really.\n    """\n    # a sum\n    y = x + x\n    return y\n'
    _, events = run_decode(scripted((commented, 1)), sandbox, options(horizon=1, loop_rule=0))
    heads = [_code_before(events, event).rpartition("\n")[0] for event in of_type(events, CandidatesSampled)]
    assert [head.rpartition("\n")[2] for head in heads] == ["", "def double(x):", "    y = x + x", "    return y"]


def _code_before(events: list, wanted: object) -> str:
    text = ""
    for event in events:
        if event is wanted:
            break
        text = text_after(text, event)
    return text


def test_an_open_bracket_is_shown_again_once_it_is_closed(sandbox: Sandbox) -> None:
    spread = "def double(x):\n    y = sum(\n        [x,\n        x]\n    )\n    return y\n"
    decoded, events = run_decode(scripted((spread, 1)), sandbox, options(horizon=1, loop_rule=0))
    assert decoded.code == spread
    heads = [_code_before(events, event).rpartition("\n")[0] for event in of_type(events, CandidatesSampled)]
    assert [head.rpartition("\n")[2] for head in heads] == ["", "def double(x):", "    )", "    return y"]


def test_the_loop_rule_takes_what_all_agree_on(sandbox: Sandbox) -> None:
    lines = "".join(f"    y = x + {number}\n" for number in range(8))
    engine = scripted((f"def double(x):\n{lines}    return y\n", 1))
    _, with_rule = run_decode(engine, sandbox, options(loop_rule=3, horizon=20))
    decoded, without = run_decode(engine, sandbox, options(loop_rule=0, horizon=20))
    assert len(of_type(with_rule, LineCommitted)) == 3
    assert len(of_type(without, LineCommitted)) == 11, "ten lines, and the decision to end"
    assert of_type(with_rule, LineCommitted)[-1].code == decoded.code


def test_the_loop_rule_wants_a_program_of_every_candidate(sandbox: Sandbox) -> None:
    """One of two texts is no program, so what is left is not what all agree on."""
    engine = scripted((RIGHT, 1), ("def double(x):\n    y = = x\n" * 20, 0.9))
    _, events = run_decode(engine, sandbox, options(loop_rule=1, horizon=20, num_candidates=8))
    first = next(event for event in events if isinstance(event, CandidatesSampled))
    assert any("= =" in text for text in first.candidates)
    assert len(of_type(events, LineCommitted)) > 1


def test_what_was_guided_once_is_guided_though_the_last_signal_is_empty(sandbox: Sandbox) -> None:
    class Wordy(ScriptedEngine):
        """Signals that show the last line count for so many tokens that they do not fit."""

        def encode(self, text: str) -> list[int]:
            many = 60 if SHOWN in text and "return y" in text else 1
            return super().encode(text) * many

    engine = Wordy([Reply(text=SQUARE, weight=3), Reply(text=RIGHT), Reply(text=RIGHT, weight=100, when=SHOWN)])
    signal = SignalOptions(verdicts=True, max_tokens=2000)
    decoded, events = run_decode(engine, sandbox, options(loop_rule=0, horizon=1, signal=signal, max_tokens=400))
    texts = [event.text for event in of_type(events, SignalBuilt)]
    assert texts[0]
    assert texts[-1] == ""
    assert any(event.guided for event in of_type(events, TokenChosen))
    assert decoded.origin is Origin.GUIDED


def test_the_loop_rule_wants_guided_decoding_to_agree(sandbox: Sandbox) -> None:
    """Candidates agree on the square, the guided context does not."""
    engine = scripted((SQUARE, 1), (RIGHT, 1e6, SHOWN))
    decoded, _ = run_decode(engine, sandbox, options(loop_rule=1, horizon=20))
    assert decoded.code == RIGHT


def test_the_loop_rule_wants_a_complete_program(sandbox: Sandbox) -> None:
    _, events = run_decode(scripted((RIGHT, 1)), sandbox, options(loop_rule=1, horizon=1, num_candidates=2))
    assert len(of_type(events, LineCommitted)) == 3


@pytest.mark.parametrize("most", [1, 11, 12, 20, 33])
def test_at_most_so_many_tokens(sandbox: Sandbox, most: int) -> None:
    decoded, events = run_decode(scripted((RIGHT, 1)), sandbox, options(max_tokens=most))
    assert len(of_type(events, TokenChosen)) == most
    assert decoded.code.rstrip("\n") == RIGHT[:most].rstrip()


def test_an_answer_ends_at_the_fence(sandbox: Sandbox) -> None:
    decoded, events = run_decode(scripted((RIGHT + "```\nThat is all. " * 9, 1)), sandbox, options())
    assert decoded.code == RIGHT
    assert of_type(events, LineCommitted)[-1].code == RIGHT + "```"


def test_an_answer_ends_before_a_call(sandbox: Sandbox) -> None:
    engine = scripted((RIGHT + "\nprint(double(2))\nmore()\n", 1))
    assert run_decode(engine, sandbox, options())[0].code == RIGHT


def test_an_empty_answer(sandbox: Sandbox) -> None:
    for text in ("```", "\n\n```", "# nothing\n```"):
        for start in ("def", "block"):
            assert run_decode(scripted((text, 1)), sandbox, options(start=start))[0].code == ""


def test_candidates_of_lines_and_attempts_share_no_random_numbers(sandbox: Sandbox) -> None:
    tails = [(f"def double(x):\n    y = {a}\n    return {b}\n", 1.0) for a in range(4) for b in range(4)]
    engine = scripted(*tails)

    def drawn(seed: int) -> list[tuple[str, ...]]:
        _, events = run_decode(engine, sandbox, options(horizon=1, num_candidates=6, gamma=0), seed=seed)
        return [event.candidates for event in of_type(events, CandidatesSampled)]

    first = drawn(0)
    assert drawn(0) == first
    digits = [[text.strip()[-1:] for text in candidates] for candidates in first[1:]]
    assert digits[0] != digits[1], "two lines with the same odds draw differently"
    assert drawn(7_919)[1:] != first[1:]


def test_the_same_program_is_run_once(sandbox: Sandbox) -> None:
    meter = Meter()
    _, events = run_decode(scripted((RIGHT, 1)), sandbox, options(horizon=20), meter=meter)
    programs = {event.program for event in of_type(events, ProgramTraced)}
    assert len(programs) == 1
    assert meter.ledger().sandbox_runs == len(DOUBLE.tests)


def test_equal_candidates_are_one_program(sandbox: Sandbox) -> None:
    engine = scripted((RIGHT, 1), (RIGHT.replace("x + x", "x + x  # sum"), 1))
    _, events = run_decode(engine, sandbox, options(num_candidates=8, horizon=5))
    assert of_type(events, ProgramTraced)[0].candidates == tuple(range(8))


def test_partial_execution_shows_the_code_so_far(sandbox: Sandbox) -> None:
    signal = SignalOptions(partial=True, candidates=False)
    _, events = run_decode(scripted((RIGHT, 1)), sandbox, options(signal=signal, loop_rule=0))
    texts = [event.text for event in of_type(events, SignalBuilt)]
    assert texts[0] == "", "there is no code to run yet"
    assert all("Your code so far" in text and "Continuation" not in text for text in texts[1:])


def test_a_program_task(sandbox: Sandbox) -> None:
    task = Task("Add.", "solve", (StdioTest("1 2\n", "3\n"),), kind="program")
    wrong, right = (f"def solve():\n    a, b = map(int, input().split())\n    print(a {sign} b)\n" for sign in "-+")
    engine = scripted((wrong, 3), (right, 1), (right, 100, SHOWN))
    decoded, events = run_decode(engine, sandbox, options(), task=task)
    assert decoded.code == right
    assert "expected output '3\\n'" in of_type(events, SignalBuilt)[0].text


def test_a_spent_budget_and_a_cancel_pass_through(sandbox: Sandbox) -> None:
    with pytest.raises(BudgetSpent):
        run_decode(CORRECTED, sandbox, options(), meter=Meter(max_tokens_computed=150))
    meter = Meter()
    meter.cancel()
    with pytest.raises(Cancelled):
        run_decode(CORRECTED, sandbox, options(), meter=meter)


def test_no_room_for_a_signal_is_an_error_that_names_the_option(sandbox: Sandbox) -> None:
    class Narrow(ScriptedEngine):
        capabilities = replace(ScriptedEngine.capabilities, context=3000)

    engine = Narrow([Reply(text=RIGHT)])
    with pytest.raises(ContextOverflow, match=r"no room for a signal in a context of 3000 tokens; raise it with --ctx"):
        run_decode(engine, sandbox, options(max_tokens=1000))
    assert run_decode(engine, sandbox, options(max_tokens=1000, gamma=0))[0].code == RIGHT
