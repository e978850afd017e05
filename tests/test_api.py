"""linewise from Python: the same as from the command line, without a process of its own."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import linewise
from linewise import AssertTest, Task, solve
from linewise.api import solve_with
from linewise.config import load_settings
from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.errors import InputError
from linewise.events import AttemptStarted, Event, Finished
from linewise.execution.base import Sandbox
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter
from linewise.runs.replay import replay
from linewise.schema import Origin

RIGHT = "def f(x):\n    return x + 1\n"
WRONG = "def f(x):\n    return x - 1\n"
TASK = Task("Add one.", "f", (AssertTest("assert f(1) == 2"),))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with BubblewrapSandbox(workers=1) as opened:
        yield opened


def engine(*replies: str) -> ScriptedEngine:
    return ScriptedEngine([Reply(text=f"{reply}```") for reply in replies])


def test_what_is_given_is_used_and_stays_open(sandbox: Sandbox) -> None:
    for seed in range(2):
        solution = solve(TASK, engine=engine(RIGHT), sandbox=sandbox, seed=seed)
        assert (solution.code, solution.passed, solution.seed) == (RIGHT, True, seed)
        assert (solution.origin, solution.model) == (Origin.DIRECT, "scripted")


def test_what_is_not_given_is_made_from_the_settings(folder: Path) -> None:
    (folder / "script.toml").write_text(f"[[replies]]\ntext = '''\n{RIGHT}```'''\n")
    (folder / "linewise.toml").write_text("seed = 9\n")
    solution = solve(TASK, model="scripted/script.toml", strategy="direct")
    assert (solution.code, solution.agent, solution.seed) == (RIGHT, "direct", 9)


def test_every_event_is_seen_in_order(sandbox: Sandbox) -> None:
    events: list[Event] = []
    solution = solve(TASK, preset="paper", engine=engine(WRONG), sandbox=sandbox, on_event=events.append)
    assert isinstance(events[0], AttemptStarted)
    assert isinstance(events[-1], Finished)
    assert events[-1].solution is solution
    assert replay(events) == solution.code == WRONG
    assert solution.passed is False


def test_a_spent_budget_is_a_solution(sandbox: Sandbox) -> None:
    solution = solve(TASK, engine=engine(WRONG), sandbox=sandbox, max_tokens_computed=40)
    assert (solution.code, solution.passed) == (WRONG, False)
    assert solution.reason == "the limit of 40 computed tokens is reached"


def test_options_by_dotted_key(sandbox: Sandbox) -> None:
    options = {"guidance.gamma": 1.5, "guidance.horizon": 6, "eg_cfg.attempts": 1}
    solution = solve(TASK, preset="paper", options=options, engine=engine(WRONG), sandbox=sandbox)
    assert solution.agent == "ns3t0.75d6k1_lci_ln@g1.5"


def test_the_clock_begins_once_engine_and_sandbox_are_open(sandbox: Sandbox) -> None:
    meter = Meter(max_seconds=0.5)
    time.sleep(0.6)  # as long as a model may take to load
    solution = solve_with(
        TASK, load_settings({"strategy": "direct"}), meter=meter, engine=engine(RIGHT), sandbox=sandbox
    )
    assert solution.passed
    assert solution.ledger.seconds["total"] < 60


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(
        InputError, match=r"^option guidance\.gama: there is no such key; did you mean guidance\.gamma\?$"
    ):
        solve(TASK, options={"guidance.gama": 1})


def test_names() -> None:
    nouns = {"AssertTest", "LinewiseError", "ProbeTest", "Solution", "StdioTest", "Task"}
    assert set(linewise.__all__) == {*nouns, "solve"}
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        linewise.nonsense  # noqa: B018 - asking for it is the test
