"""Where the signal stands: at the end of the prompt, or as comments behind the code so far."""

from collections.abc import Sequence
from typing import Any

import pytest
from tasks import of_type, options, run_decode

from linewise.engines.base import DistPair, Pair, Visit
from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.engines.token_tree import TokenTree
from linewise.events import SignalBuilt, TokenChosen
from linewise.execution.base import Sandbox
from linewise.guidance.answer import RESPONSE_PREFIX
from linewise.guidance.guided_line import Contexts
from linewise.guidance.program import parses
from linewise.guidance.prompting import messages
from linewise.guidance.signal_text import as_comments
from linewise.meter import Meter
from linewise.schema import AssertTest, Task

ADD = Task("Write a function that adds two numbers.", "add", (AssertTest("assert add(1, 2) == 3"),))


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("", "# one\n#\n# two\n"),
        ("def f(x):\n    ", "def f(x):\n    # one\n    #\n    # two\n    "),
        ("def f(x):\n", "def f(x):\n# one\n#\n# two\n"),
        ("def f(", "def f(\n# one\n#\n# two\ndef f("),
        ("if x:\n  y = (", "if x:\n  y = (\n  # one\n  #\n  # two\n  y = ("),
    ],
)
def test_comments_stand_behind_the_code_so_far_and_begin_its_line_anew(code: str, shown: str) -> None:
    assert code + as_comments("one\n\ntwo", code.rpartition("\n")[2]) == shown


def test_comments_leave_the_code_as_it_is() -> None:
    code = "def f(x):\n    y = x\n    "
    assert parses(code + as_comments('print("""\n)\n```', "    ") + "return y\n")


def test_contexts_go_on_from_where_the_signal_stands() -> None:
    assert Contexts([1, 2]).after([7, 8]) == Pair([1, 2, 7, 8], None)
    assert Contexts([1, 2], [1, 9, 2]).after([7, 8]) == Pair([1, 2, 7, 8], [1, 9, 2, 7, 8])
    assert Contexts([1, 2], [1, 2, 7, 9], since=1).after([7, 8]) == Pair([1, 2, 7, 8], [1, 2, 7, 9, 8])


class Listening:
    """An engine whose guided prefixes are written down."""

    def __init__(self, engine: LlamaCppEngine) -> None:
        self._engine = engine
        self.guided: list[list[int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def next_dists(self, pairs: Sequence[Pair], *, meter: Meter) -> list[DistPair]:
        self.guided += [list(pair.guided) for pair in pairs if pair.guided is not None]
        return self._engine.next_dists(pairs, meter=meter)

    def score(self, pair: Pair, drafts: TokenTree, visit: Visit, *, meter: Meter) -> None:
        assert pair.guided is not None
        self.guided.append(list(pair.guided))
        self._engine.score(pair, drafts, visit, meter=meter)


@pytest.mark.parametrize("drafts", [False, True])
def test_inline_the_guided_context_is_the_plain_one_with_comments_in_it(
    smollm2: LlamaCppEngine, sandbox: Sandbox, drafts: bool
) -> None:
    engine = Listening(smollm2)
    signal = {"placement": "inline", "trace": "minimal"}
    chosen = options(prompt="brief", start="block", max_tokens=40, signal=signal, drafts=drafts, loop_rule=0)
    decoded, events = run_decode(engine, sandbox, chosen, task=ADD)
    assert any(event.guided for event in of_type(events, TokenChosen))
    texts = [smollm2.decode(guided) for guided in engine.guided]
    plain = smollm2.prompt(messages(ADD, chosen), RESPONSE_PREFIX)
    assert all(guided[: len(plain)] == plain for guided in engine.guided)
    signals = [event.text for event in of_type(events, SignalBuilt)]
    assert signals
    assert any("# ## What running the code shows" in text for text in texts)
    bare = ["\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#")) for text in texts]
    assert decoded.code.split("\n")[0] in bare[-1]
    assert not any(line.lstrip().startswith("#") for line in decoded.code.split("\n"))
