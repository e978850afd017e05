"""Both memories under random rows: right distributions, bounds kept, nothing left pinned."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tiny_models import save_model, save_stateful

from linewise.engines.hf.forward import Forward
from linewise.engines.hf.key_value_memory import KeyValueMemory
from linewise.engines.hf.key_values import Layout
from linewise.engines.hf.memory import Memory
from linewise.engines.hf.rows import Row, next_pass, serve
from linewise.engines.hf.state_memory import StateMemory

CAPACITY = 200
CHUNK = 16

Make = Callable[[Forward, object], Memory]


def key_values(forward: Forward, cache: object) -> Memory:
    layout = Layout.of(cache)
    assert layout is not None
    return KeyValueMemory(forward, layout, CAPACITY)


def states(forward: Forward, cache: object) -> Memory:
    del cache
    return StateMemory(forward, CAPACITY, chunked=True)


def states_step_by_step(forward: Forward, cache: object) -> Memory:
    del cache
    return StateMemory(forward, CAPACITY, chunked=False)


class World:
    """A memory, and what a model without any says."""

    def __init__(self, folder: Path, make: Make) -> None:
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.forward = Forward(model)
        _, cache = self._whole([1, 2, 3])
        self.memory = make(self.forward, cache)
        self.most_held = 0

    def _whole(self, tokens: list[int]) -> tuple[np.ndarray, object]:
        positions = torch.arange(len(tokens))[None]
        last = [(0, len(tokens) - 1)]
        found, cache = self.forward(torch.tensor([tokens]), positions=positions, mask=None, cache=None, wanted=last)
        return found[0], cache

    def compute(self, rows: list[Row]) -> None:
        """As the scheduler does it."""
        self.memory.attach([row for row in rows if row.place is None])
        while due := [row for row in rows if row.rest]:
            self.memory.attach([row for row in due if row.place is None])
            first = min(due, key=lambda row: row.served)
            together = self.memory.together(first, due)
            sizes = {row: min(row.rest, self.memory.chunk(row, CHUNK)) for row in together}
            chosen, steps = next_pass(together, sizes, chunk=CHUNK, cells=CAPACITY)
            self.memory.compute(chosen, steps)
            serve(chosen)
            self.most_held = max(self.most_held, self.memory.held)

    def assert_right(self, row: Row) -> None:
        assert len(row.found) == row.wanted
        for at, found in enumerate(row.found):
            expected, _ = self._whole(row.tokens[: len(row.tokens) - row.wanted + at + 1])
            np.testing.assert_allclose(np.exp(found), np.exp(expected), atol=2e-4)


SUBJECTS: dict[str, tuple[Callable[[Path], Path], Make]] = {
    "keys and values": (save_model, key_values),
    "states": (save_stateful, states),
    "states of keys and values": (save_model, states),
    "states, step by step": (save_stateful, states_step_by_step),
}


@pytest.fixture(scope="module", params=SUBJECTS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    save, make = SUBJECTS[request.param]
    return World(save(tmp_path_factory.mktemp("model")), make)


def random_tokens(rng: random.Random) -> list[int]:
    """Sequences that often begin alike."""
    text = [rng.randrange(2) for _ in range(rng.randrange(1, 5))]
    return [*(text * 20)[: rng.randrange(1, 40)], rng.randrange(4)]


@pytest.mark.parametrize("seed", range(4))
def test_random_rows(world: World, seed: int) -> None:
    """Rows begin, go on, fork and end in any order, among others of other lengths, in a memory that is too small."""
    rng, memory = random.Random(seed), world.memory
    memory.forget()
    under_way: list[Row] = []
    for _ in range(25):
        fresh = [Row(tokens := random_tokens(rng), wanted=rng.randrange(1, min(4, len(tokens)) + 1)) for _ in range(2)]
        forked = [Row([*row.tokens, rng.randrange(9)]) for row in under_way[:1] for _ in range(rng.randrange(3))]
        for row in under_way:
            more = [rng.randrange(9) for _ in range(rng.choice((0, 1, 1, 3)))]
            row.go_on(more, wanted=len(more))
        under_way += [*fresh, *forked]
        world.compute(under_way)
        world.assert_right(rng.choice(under_way))
        ended = [row for row in under_way if rng.random() < 0.5 or len(row.tokens) > 60]
        memory.release(ended)
        under_way = [row for row in under_way if row not in ended]
        if rng.random() < 0.05:
            memory.forget()
    memory.release(under_way)
    assert memory.held <= (3 if memory.shares else 2) * CAPACITY
    if isinstance(memory, KeyValueMemory):
        assert_nothing_is_pinned(memory)


def assert_nothing_is_pinned(memory: KeyValueMemory) -> None:
    """Apart from the lanes of idle batches, which pin the nodes that hold their beginnings."""
    for batch in list(memory._batches):
        assert batch.idle
        memory._take_apart(batch)
    due = list(memory._tree.root.children.values())
    for node in due:
        assert node.pins == 0
        due += node.children.values()
    assert memory._tree.used == sum(len(node.tokens) for node in due) <= CAPACITY


def test_a_step_of_the_same_rows_moves_nothing(tmp_path: Path) -> None:
    """The batch is kept as it is: no new one is laid out while rows decode side by side, nor when a few of them end."""
    world = World(save_model(tmp_path), key_values)
    memory = world.memory
    assert isinstance(memory, KeyValueMemory)
    base = Row([1] * 8)
    world.compute([base])
    rows = [Row([*base.tokens, number]) for number in range(6)]
    world.compute(rows)
    (batch,) = [batch for batch in memory._batches if not batch.idle and len(batch.lanes) == 6]
    for step in range(10):
        if step == 5:
            memory.release(rows[:2])
            rows = rows[2:]
        for row in rows:
            row.go_on([step])
        world.compute(rows)
        assert all(row.place.batch is batch for row in rows)
        world.assert_right(rows[0])
