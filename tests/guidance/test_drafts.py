"""Drafts: the same tokens in fewer passes; what is drafted, what survives."""

import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tasks import DOUBLE, RIGHT, SHOWN, SQUARE, of_type, options, run_decode, scripted

from linewise.engines.base import DistPair, LogProbs, Pair, Sampled
from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.engines.scripted import ScriptedEngine
from linewise.events import CandidatesSampled, Event, ProgramTraced, TokenChosen
from linewise.execution.base import Sandbox
from linewise.guidance.drafts import draft, kept_per_candidate, survivors
from linewise.meter import Meter
from linewise.schema import AssertTest, Task

NOISE = 0.7
"""As in test_two_contexts: how far batches of other shapes move a score of the small model, in nats."""

LONG = "def double(x):\n    y = x\n    y = y + x\n    z = y\n    return z\n"
ENGINES = {
    "one wrong line": scripted((SQUARE, 3), (RIGHT, 1), (RIGHT, 100, SHOWN)),
    "candidates all wrong": scripted((SQUARE, 1), (LONG, 100, SHOWN)),
    "candidates all right": scripted((LONG, 1)),
    "many": scripted((SQUARE, 2), (RIGHT, 2), (LONG, 1), (LONG, 3, SHOWN)),
}


class Counting(ScriptedEngine):
    """Counts the calls that choose tokens."""

    steps = 0

    def next_dists(self, pairs: Sequence[Pair], *, meter: Meter) -> list[DistPair]:
        self.steps += 1
        return super().next_dists(pairs, meter=meter)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("changes", [{}, {"refresh": 3}, {"gamma": 0}, {"gamma": 3, "horizon": 9}, {"start": "block"}])
def test_drafts_change_no_event(engine: ScriptedEngine, changes: dict[str, object], sandbox: Sandbox) -> None:
    runs = [run_decode(engine, sandbox, options(**changes, drafts=drafts)) for drafts in (False, True)]
    assert runs[0][0] == runs[1][0]
    assert timeless(runs[0][1]) == timeless(runs[1][1])
    assert of_type(runs[0][1], TokenChosen)


def timeless(events: Sequence[Event]) -> list[Event]:
    return [
        replace(event, outcomes=tuple(replace(outcome, seconds=0) for outcome in event.outcomes))
        if isinstance(event, ProgramTraced)
        else event
        for event in events
    ]


def test_what_candidates_foresaw_takes_no_step(sandbox: Sandbox) -> None:
    """Of a program that all candidates agree on, only its end is chosen step by step."""
    steps = []
    for drafts in (False, True):
        engine = Counting(ENGINES["candidates all right"]._replies)
        run_decode(engine, sandbox, options(drafts=drafts, start="block", loop_rule=0))
        steps.append(engine.steps)
    assert steps[0] > len(LONG)
    assert steps[1] <= 2


def test_on_a_real_model_tokens_part_only_within_the_noise(smollm2: LlamaCppEngine, sandbox: Sandbox) -> None:
    task = Task("Write a function that adds two numbers.", "add", (AssertTest("assert add(1, 2) == 3"),))
    chosen = {"prompt": "brief", "start": "block", "max_tokens": 60, "num_candidates": 3, "horizon": 2, "loop_rule": 0}
    runs = []
    for drafts in (False, True):
        smollm2.forget()
        _, events = run_decode(smollm2, sandbox, options(**chosen, drafts=drafts), task=task)
        runs.append(of_type(events, TokenChosen))
    parted = next((pair for pair in zip(*runs, strict=False) if pair[0].token != pair[1].token), None)
    if parted is None:
        assert len(runs[0]) == len(runs[1])
    else:  # the lead has moved from the one's to the other's
        assert sum(event.margin or 0 for event in parted) <= NOISE
    assert sum(event.guided for event in runs[1]) > 10


def dist(number: int) -> LogProbs:
    return np.full(4, number, dtype=np.float32)


def sampled(text: str, kept: int, finish: str = "stop") -> Sampled:
    tokens = tuple(text.encode())
    return Sampled(tokens, text, finish, tuple(dist(place) for place in range(kept)))


def decode_bytes(tokens: Sequence[int]) -> str:
    return bytes(tokens).decode()


@pytest.mark.parametrize(
    ("sample", "lines", "head", "drafted"),
    [
        (("ab\ncd\n", 6, "stop"), 1, "", "ab"),
        (("ab\ncd\n", 6, "stop"), 2, "", "ab\ncd"),
        (("\n\nab\ncd\n", 8, "stop"), 1, "", "\n\nab"),
        (("\nab\n", 4, "stop"), 1, "x = 1", ""),
        (("ab\ncd\n", 4, "stop"), 2, "", "ab\n"),
        (("ab\ncd\n", 0, "stop"), 2, "", ""),
        (("ab", 3, "end"), 2, "", "ab"),
        (("ab", 2, "length"), 2, "", "a"),
    ],
)
def test_drafts_end_before_the_token_that_ends_their_lines(
    sample: tuple[str, int, str], lines: int, head: str, drafted: str
) -> None:
    """That token is chosen by the distribution before it; and where none was kept, nothing can be chosen."""
    drafts = draft([sampled(*sample)], head=head, lines=lines, decode=decode_bytes)
    last = len(drafts.tree) - 1
    assert decode_bytes(drafts.tree.path(last)) == drafted
    assert sorted(drafts.plain) == list(range(len(drafts.tree)) if sample[1] else [])
    assert all(drafts.plain[node][0] == len(drafts.tree.path(node)) for node in drafts.plain)


def test_candidates_share_their_beginnings() -> None:
    drafts = draft([sampled("abc", 4, "end"), sampled("abd", 4, "end")], head="", lines=1, decode=decode_bytes)
    assert len(drafts.tree) == 5


def test_survivors_are_the_rests_of_what_was_written() -> None:
    candidates = [sampled("ab\ncd\n", 5), sampled("ab\nef\n", 2), sampled("xb\ncd\n", 5), sampled("ab\n", 3)]
    found = survivors([*candidates, candidates[0]], list(b"ab\n"), "ab\n")
    assert [(item.text, len(item.dists)) for item in found] == [("cd\n", 2), ("ef\n", 0)]
    assert [item.tokens for item in found] == [tuple(b"cd\n"), tuple(b"ef\n")]
    assert found[0].dists[0][0] == 3


def test_with_reuse_survivors_fewer_candidates_are_sampled(sandbox: Sandbox) -> None:
    """All candidates begin with the line that is written, so what is left of them are the next line's candidates."""
    engine = ENGINES["candidates all right"]
    spent = []
    for reuse in (False, True):
        meter = Meter()
        _, events = run_decode(
            engine, sandbox, options(reuse_survivors=reuse, horizon=9, loop_rule=0), task=DOUBLE, meter=meter
        )
        spent.append(meter.ledger().computed or 0)
        lines = [event.candidates for event in of_type(events, CandidatesSampled)]
        rest = LONG.split("\n", 1)[1]
        assert all(candidate == rest for candidate in lines[1])
    assert spent[1] < spent[0]


class Watching(ScriptedEngine):
    """Notes how many distributions of earlier candidates are still held whenever new ones are sampled."""

    def __init__(self, engine: ScriptedEngine) -> None:
        super().__init__(engine._replies)
        self.given: list[weakref.ref[LogProbs]] = []
        self.held: list[int] = []

    def sample(self, prefix: Sequence[int], **settings: Any) -> list[Sampled]:
        self.held.append(sum(known() is not None for known in self.given))
        found = super().sample(prefix, **settings)
        self.given += [weakref.ref(known) for item in found for known in item.dists]
        return found


@pytest.mark.parametrize("reuse", [False, True])
def test_the_last_lines_distributions_go_before_new_ones_come(sandbox: Sandbox, reuse: bool) -> None:
    """With survivors some stay, those of what is left of a candidate, which stand among the new ones."""
    engine = Watching(ENGINES["many"])
    run_decode(engine, sandbox, options(reuse_survivors=reuse, horizon=9, num_candidates=6, loop_rule=0))
    assert len(engine.held) > 2
    assert len(engine.given) > 20
    assert (max(engine.held) > 0) == reuse


def test_the_bound_of_what_is_kept() -> None:
    assert kept_per_candidate(8, 152_000) * 8 * 152_000 * 4 <= 256 << 20
    assert kept_per_candidate(8, 152_000) >= 50
