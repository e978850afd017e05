"""``perf/guided_decode.py`` fails where it should: its comparison of two ways, and its refusal of another file."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from linewise.engines.base import DistPair, Pair, Stop
from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.meter import Meter

PERF = Path(__file__).parents[2] / "perf"


@pytest.fixture(scope="module")
def program() -> ModuleType:
    sys.path.insert(0, str(PERF))
    spec = importlib.util.spec_from_file_location("guided_decode", PERF / "guided_decode.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    sys.path.remove(str(PERF))
    return module


def row(tokens: str, margins: list[float], **changes: Any) -> dict[str, Any]:
    """A row as it is read from the file."""
    made = {"tokens": list(tokens), "margins": margins, "end": 1.0, "signals": [(1, 77)], "timeouts": [], **changes}
    found: dict[str, Any] = json.loads(json.dumps(made))
    return found


BASE = ("abc", [2.0, 0.2, 3.0])


@pytest.mark.parametrize(
    ("other", "compared", "failed", "words"),
    [
        (row("abc", [2.1, 0.1, 3.0]), 3, False, ""),
        (row("axc", [2.0, 0.09, 3.0]), 2, False, "within the noise"),
        (row("axc", [2.0, 0.2, 3.0]), 2, True, "token 1, leads 0.2 and 0.2: beyond the noise"),
        (row("ab", [2.0, 0.2], end=0.1), 3, True, "ends at token 2, leads 3.0 and 0.1: beyond the noise"),
        (row("abcd", [2.0, 0.2, 3.0, 0.1]), 3, True, "ends at token 3, leads 1.0 and 0.1"),
        (row("abcd", [2.0, 0.2, 3.0, 0.1], end=None), 3, True, "ends at token 3, leads 1.0 and 0.1"),
        (row("ab", [2.0, 0.2], end=None), 3, True, "without an end token"),
        (row("abc", BASE[1], signals=[(1, 78)]), 1, True, "other signals at token 1"),
        (row("abc", BASE[1], signals=[(1, 77), (2, 5)]), 2, True, "other signals at token 2"),
        (row("abc", BASE[1], signals=[(1, 78)], timeouts=[2]), 1, True, "other signals at token 1"),
        (row("abc", BASE[1], signals=[(1, 78)], timeouts=[1]), 1, False, "time limit"),
    ],
)
def test_where_two_ways_part(
    program: ModuleType, other: dict[str, Any], compared: int, *, failed: bool, words: str
) -> None:
    base = row(*BASE, timeouts=other["timeouts"])
    found = program.compare(base, other, 0.3)
    assert (found.compared, found.failed) == (compared, failed)
    assert words in found.parted
    assert bool(words) == bool(found.parted)


def test_the_moves_of_leads_are_told(program: ModuleType) -> None:
    assert program.compare(row(*BASE), row("abc", [2.1, 0.15, 3.0]), 0.3).moved == pytest.approx(0.1)


def test_a_file_measured_otherwise_is_refused(program: ModuleType, tmp_path: Path) -> None:
    header = {"model": "one", "threads": 1, "max_tokens": 96}
    rows = [{"noise": 0.2, **header}]
    program._check_header(tmp_path, rows, header)
    program._check_header(tmp_path, [], header)
    with pytest.raises(SystemExit, match=r"measured otherwise \(threads: there 1, here 2\); name another --out"):
        program._check_header(tmp_path, rows, {**header, "threads": 2})
    with pytest.raises(SystemExit, match="earlier form"):
        program._check_header(tmp_path, [{"noise": 0.2, "threads": 1}], header)


class Logged(ScriptedEngine):
    """Notes every call."""

    def __init__(self) -> None:
        super().__init__([Reply(text="ab\n"), Reply(text="cd\n")])
        self.log: list[str] = []

    def forget(self) -> None:
        self.log.append("forget")

    def next_dists(self, pairs: Any, *, meter: Meter) -> list[DistPair]:
        self.log.append(f"ask {[tuple(len(side or ()) for side in pair) for pair in pairs]}")
        return super().next_dists(pairs, meter=meter)


def test_reread_reads_both_contexts_anew(program: ModuleType) -> None:
    engine = Logged()
    watched = program.Watched(engine, reread=True)
    (found,) = watched.next_dists([Pair([65] * 3, [65] * 5)], meter=Meter())
    assert found.plain is not None
    assert found.guided is not None
    assert engine.log == ["forget", "ask [(3, 0)]", "forget", "ask [(5, 0)]"]
    assert watched.steps == 1


def test_candidates_are_replayed_and_paid_for(program: ModuleType) -> None:
    """Another seed would draw others; the recorded ones come back, with distributions, at the price of a sample."""
    engine = ScriptedEngine([Reply(text="ab\n"), Reply(text="cd\n")])
    settings: dict[str, Any] = {"n": 6, "stop": Stop(8), "top_p": 1.0}
    prefix = engine.prompt([], "")
    first = program.Watched(engine, reread=False)
    drawn = first.sample(prefix, **settings, temperature=1.0, seed=1, keep_dists=9, meter=Meter())
    meters = Meter(), Meter()
    own = engine.sample(prefix, **settings, temperature=1.0, seed=2, keep_dists=9, meter=meters[0])
    assert [item.tokens for item in own] != [item.tokens for item in drawn]
    second = program.Watched(engine, reread=False, replayed=json.loads(json.dumps(first.drawn)))
    found = second.sample(prefix, **settings, temperature=1.0, seed=2, keep_dists=9, meter=meters[1])
    assert [(item.tokens, item.text, item.finish) for item in found] == [
        (item.tokens, item.text, item.finish) for item in drawn
    ]
    assert [len(item.dists) for item in found] == [len(item.dists) for item in drawn]
    assert all(
        (a == b).all() for one, two in zip(found, drawn, strict=True) for a, b in zip(one.dists, two.dists, strict=True)
    )
    assert meters[0].ledger().computed == meters[1].ledger().computed
    other = second.sample([*prefix, 97], **settings, temperature=1.0, seed=2, keep_dists=9, meter=Meter())
    assert {item.text for item in other} == {"b\n"}, "behind another prefix its own candidates"


def test_the_table_names_every_task(program: ModuleType) -> None:
    figures: dict[str, Any] = {
        "seconds": 1.0,
        "model_seconds": 0.5,
        "computed": 9,
        "cached": 1,
        "passes": 4,
        "committed": 2,
    }
    figures |= {"guided": 2, "steps": 2, "end": None, "signal_tokens": [7], "cut_signals": 0}
    rows = [
        {"noise": 0.2},
        *(
            {"task": task, "way": way, "trace": "full", **figures, "end": 1.0 if task == "a" else None}
            for task, way in (("b", "steps"), ("a", "steps"), ("c", "steps"), ("a", "drafts"), ("b", "drafts"))
        ),
    ]
    text = program._table(rows, "full", program.WAYS)
    assert text.startswith("full traces; tasks: a, b; left out, drafts lacks c\n")
    assert text.count("| 2 |") >= 2
    assert program._table(rows, "full", ["steps"]).startswith("full traces; tasks: a, b, c\n")
    assert program._table(rows, "minimal", ["steps"]) == "minimal traces: nothing measured"
