"""What calls share, how much of the memory they ask for, and how an engine ends."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import transformers
from tiny_models import save_model, save_stateful
from token_model import LAYOUT, TokenModel

from linewise.engines.base import DistPair, Pair, Stop
from linewise.engines.hf import HfEngine, HfOptions
from linewise.engines.hf.forward import ModelPass
from linewise.engines.hf.key_value_memory import KeyValueMemory
from linewise.engines.hf.row_scheduler import RowScheduler
from linewise.engines.hf.rows import Row
from linewise.engines.token_tree import TokenTree
from linewise.errors import ContextOverflow, EngineError
from linewise.meter import Meter

OPTIONS = HfOptions(ctx=512, threads=1, device="cpu", dtype="float32")
AGENTS = 5


def together(engine: HfEngine, calls: list[Callable[[], object]], seen: Callable[[ModelPass], None]) -> None:
    """Calls that all wait while the model is busy with another one, and begin after it; their passes are ``seen``."""
    busy, go = threading.Event(), threading.Event()

    def hold(done: ModelPass) -> None:
        busy.set()
        go.wait(60)

    first = threading.Thread(target=lambda: engine.next_dists([Pair([1], None)], meter=Meter()))
    threads = [threading.Thread(target=call) for call in calls]
    with engine.watched(hold):
        first.start()
        assert busy.wait(60)
        for thread in threads:
            thread.start()
        while len(engine._scheduler._waiting) < len(calls):
            threading.Event().wait(0.001)
    with engine.watched(seen):
        go.set()
        for thread in [first, *threads]:
            thread.join(60)


@pytest.mark.parametrize("save", [save_model, save_stateful])
def test_samples_of_several_calls_are_under_way_together(save: Callable[[Path], Path], tmp_path: Path) -> None:
    """Each needs room for its own tokens and no more: five of 20 + 60 in a context of 512."""
    passes: list[ModelPass] = []
    under_way: list[int] = []
    lengths: list[int] = []
    with HfEngine(f"hf/{save(tmp_path)}", options=OPTIONS) as engine:

        def seen(done: ModelPass) -> None:
            passes.append(done)
            under_way.append(len(engine._scheduler._active))

        def agent(number: int) -> None:
            prefix = [70 + number] * 20
            stop = Stop(60)
            (found,) = engine.sample(prefix, n=1, stop=stop, temperature=1, top_p=1, seed=number, meter=Meter())
            lengths.append(len(found.tokens))

        together(engine, [lambda number=number: agent(number) for number in range(AGENTS)], seen)
    assert len(lengths) == AGENTS
    assert max(under_way) >= AGENTS
    if save is save_model:  # states go through the model one by one
        assert sum(lengths) > 2.5 * max(lengths), "the control: one after the other would take as many passes"
        assert len(passes) < 2 * max(lengths)


def test_drafts_that_do_not_fit_together_go_one_after_the_other(tmp_path: Path) -> None:
    """300 tokens and three drafts of 100 in a context of 512, in both contexts the half of it."""
    drafts = TokenTree([[first] * 100 for first in (70, 71, 72)])
    order: list[int] = []

    def visit(node: int, dists: DistPair) -> list[int]:
        order.append(node)
        return list(drafts.children[node].values())

    with HfEngine(f"hf/{save_model(tmp_path)}", options=OPTIONS) as engine:
        for pair in (Pair([5] * 300, None), Pair([5] * 200, [*[5] * 190, *[6] * 20])):
            order.clear()
            engine.score(pair, drafts, visit, meter=Meter())
            assert sorted(order) == list(range(len(drafts)))
        with pytest.raises(ContextOverflow, match=r"together 520 tokens.*512.*--ctx"):
            engine.score(Pair([5] * 160, [6] * 160), drafts, visit, meter=Meter())


class Broken(KeyValueMemory):
    """It fails where nobody expects it to."""

    def release(self, rows: list[Row]) -> None:
        if rows:
            raise ZeroDivisionError("no such thing")


def test_a_defect_ends_all_calls_and_says_so() -> None:
    """None of them waits for ever, nor do those that come later."""
    scheduler = RowScheduler(Broken(TokenModel(), LAYOUT, 100), chunk=16, capacity=100)
    row, inside, errors = Row([1, 2, 3]), threading.Event(), []

    def other() -> None:
        try:
            with scheduler.call(Meter(), 100):
                pass
        except EngineError as error:
            errors.append(str(error))

    waiting = threading.Thread(target=other)
    with scheduler.call(Meter(), 50) as call:
        scheduler.compute(call, [row])
        waiting.start()
        while not scheduler._waiting:
            inside.wait(0.001)
        scheduler.drop(call, [row])
        with pytest.raises(EngineError, match="this engine broke: ZeroDivisionError: no such thing"):
            scheduler.compute(call, [Row([4, 5])])
    waiting.join(30)
    assert errors == ["this engine broke: ZeroDivisionError: no such thing"]
    for ask in (scheduler.held, scheduler.forget, other):
        if ask is other:
            other()
        else:
            with pytest.raises(EngineError, match="broke"):
                ask()
    assert len(errors) == 2
    scheduler.close()


def test_a_closed_engine_keeps_no_states(tmp_path: Path) -> None:
    with HfEngine(f"hf/{save_model(tmp_path)}", options=OPTIONS) as engine:
        engine.next_dists([Pair([1, 2, 3], None)], meter=Meter())
        memory = engine._scheduler._memory
        assert memory.held > 0
    assert memory.held == 0


def test_a_template_that_cannot_be_read_leaves_no_thread(tmp_path: Path) -> None:
    folder = save_model(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = "{% for %}"
    tokenizer.save_pretrained(folder)
    before = engine_threads()
    with pytest.raises(EngineError, match="template"):
        HfEngine(f"hf/{folder}", options=OPTIONS)
    assert engine_threads() == before


def engine_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "linewise-hf"}
