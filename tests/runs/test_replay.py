"""The events of a run, without ``Finished``, rebuild its code: every strategy, any budget, through JSON."""

from collections.abc import Iterator

import pytest

from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.events import AttemptStarted, Event, Finished, LineCommitted, TokenChosen, from_json, to_json
from linewise.execution.base import Limits
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.guidance.options import GuidanceOptions
from linewise.meter import Meter
from linewise.runs.replay import replay
from linewise.schema import AssertTest, Solution, Task
from linewise.strategies import BestOfNOptions, EgCfgOptions, build

TASK = Task("Double a number.", "double", (AssertTest("assert double(2) == 4"), AssertTest("assert double(3) == 6")))
WRONG = "def double(x):\n    return x * x\n```"
RIGHT = "import math\n\ndef double(x):\n    # ∑ of two\n    y = x\n    return x + y\n\nprint(double(1))\n"
REPLIES = {
    "solved": (Reply(text=WRONG, weight=3), Reply(text=RIGHT, weight=2)),
    "unsolved": (Reply(text=WRONG, weight=3), Reply(text="def double(x):\n    while x:\n        x = x.y\n```")),
    "no code": (Reply(text="```"),),
}
OPTIONS = {
    "plain": GuidanceOptions(),
    "early": GuidanceOptions(early_exit=True, start="block", horizon=100, refresh=3, num_candidates=5),
    "stepwise": GuidanceOptions(early_exit=True, start="block", horizon=100, refresh=3, drafts=False),
    "agreed": GuidanceOptions(loop_rule=1, horizon=100, temperature=0),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[BubblewrapSandbox]:
    with BubblewrapSandbox(workers=2) as opened:
        yield opened


def run(
    sandbox: BubblewrapSandbox, strategy: str, replies: str, options: str, budget: int | None = None
) -> list[Event]:
    built = build(
        strategy,
        guidance=OPTIONS[options],
        best_of_n=BestOfNOptions(n=3),
        eg_cfg=EgCfgOptions(direct_first=options == "early", attempts=2),
        limits=Limits(),
    )
    engine = ScriptedEngine(REPLIES[replies])
    return list(built.solve(TASK, engine, sandbox, seed=1, meter=Meter(max_tokens_computed=budget)))


def split(events: list[Event]) -> tuple[list[Event], Solution]:
    *before, last = events
    assert isinstance(last, Finished)
    assert not any(isinstance(event, Finished) for event in before)
    return before, last.solution


@pytest.mark.parametrize("replies", REPLIES)
@pytest.mark.parametrize(
    ("strategy", "options"),
    [("direct", "plain"), ("best-of-n", "plain"), *(("eg-cfg", options) for options in OPTIONS)],
)
def test_a_whole_run_replays_into_its_solution(
    sandbox: BubblewrapSandbox, strategy: str, options: str, replies: str
) -> None:
    events = run(sandbox, strategy, replies, options)
    assert [from_json(to_json(event)) for event in events] == events
    before, solution = split(events)
    assert replay(before) == solution.code
    assert replay(events) == solution.code


def test_a_run_whose_budget_is_spent_anywhere_replays_too(sandbox: BubblewrapSandbox) -> None:
    last_words = set()
    for budget in range(1, 1200, 61):
        for options in ("early", "stepwise"):
            events = run(sandbox, "eg-cfg", "unsolved", options, budget)
            before, solution = split(events)
            assert replay(from_json(to_json(event)) for event in before) == solution.code
            last_words.add(ended_on(events))
    # Some budgets ended in the middle of a line, some as an attempt began: both leave another text than the code.
    assert {TokenChosen, AttemptStarted} <= last_words


def ended_on(events: list[Event]) -> type:
    if isinstance(events[-2], LineCommitted):
        return type(events[-3])
    return type(events[-2])


def test_an_attempt_begins_from_nothing_and_other_events_say_nothing() -> None:
    first = [
        AttemptStarted(attempt=0, strategy="direct"),
        TokenChosen(token=1, text="x = "),
        TokenChosen(token=2, text="1"),
    ]
    assert replay(first) == "x = 1"
    assert replay([*first, LineCommitted(line=0, code="y = 2\n")]) == "y = 2\n"
    assert replay([*first, AttemptStarted(attempt=1, strategy="eg-cfg")]) == ""
    assert replay([]) == ""
