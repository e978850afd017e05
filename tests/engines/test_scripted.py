"""The script of a ScriptedEngine."""

from pathlib import Path

import numpy as np
import pytest

from linewise.engines.base import Message, Pair, Stop
from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.errors import InputError
from linewise.meter import Meter

STOP = Stop(50)


def greedy(engine: ScriptedEngine, request: str, written: str = "") -> str:
    prefix = [*engine.prompt([Message("user", request)], "```python\n"), *engine.encode(written)]
    return engine.sample(prefix, n=1, stop=STOP, temperature=0, top_p=1, seed=0, meter=Meter())[0].text


def test_what_the_prompt_holds_decides() -> None:
    engine = ScriptedEngine([Reply(text="plain"), Reply(text="other", weight=5, when="signal")])
    assert greedy(engine, "a request") == "plain"
    assert greedy(engine, "a request\n\nsignal") == "other"
    assert greedy(engine, "a request", written="signal") == "", "what is written is no part of the prompt"


def test_a_reply_goes_on_where_the_answer_stands() -> None:
    engine = ScriptedEngine([Reply(text="abcd", weight=2), Reply(text="abxy")])
    assert greedy(engine, "", "ab") == "cd"
    assert greedy(engine, "", "abx") == "y"
    assert greedy(engine, "", "abcd") == ""
    assert greedy(engine, "", "zz") == "", "an answer that no reply begins with ends"


def test_weights_are_odds() -> None:
    engine = ScriptedEngine([Reply(text="a", weight=3), Reply(text="b")])
    (found,) = engine.next_dists([Pair(engine.prompt([], ""), None)], meter=Meter())
    assert found.plain is not None
    np.testing.assert_allclose(np.exp(found.plain[[ord("a"), ord("b")]]), [0.75, 0.25], rtol=1e-5)


def test_load(tmp_path: Path) -> None:
    path = tmp_path / "script.toml"
    path.write_text("[[replies]]\ntext = 'x = 1'\nweight = 2\nwhen = 'go'\n", "utf-8")
    assert greedy(ScriptedEngine.load(path), "go") == "x = 1"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"replies = []", "replies"),
        (b"[[replies]]\ntext = 1", "replies.0.text"),
        (b"[[replies]]\ntext = 'a'\nweight = 0", "replies.0.weight"),
        (b"[[replies]]\ntext = 'a'\nmore = 0", "replies.0.more"),
        (b"not toml", "cannot be read"),
        (b"\xff", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_script_is_one_clear_line(tmp_path: Path, text: bytes | None, complaint: str) -> None:
    path = tmp_path / "script.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(InputError, match=complaint) as caught:
        ScriptedEngine.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
