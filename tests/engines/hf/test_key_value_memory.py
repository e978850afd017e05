"""Keys and values under rows of all kinds, with a model that says which tokens it sees: no weights, exact answers."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
from token_model import LAYOUT, TokenModel

from linewise.engines.batching.prefix_store import common_prefix
from linewise.engines.hf.key_value_memory import KeyValueMemory
from linewise.engines.hf.piece_tree import PieceNode
from linewise.engines.hf.rows import Row, next_pass, serve

CHUNK = 16

TEXTS = [[at % (2 + text) for at in range(text, 200)] for text in range(4)]
"""Rows are beginnings of these, so they often begin alike."""

BEGINNINGS = st.tuples(st.integers(0, len(TEXTS) - 1), st.integers(1, 11), st.integers(0, 3))
ROUNDS = st.lists(
    st.tuples(
        st.lists(
            BEGINNINGS, max_size=3
        ),  # rows that begin: their text, how many twentieths of the capacity, a last token
        st.integers(0, 4),  # rows that go on from where the first one is
        st.integers(0, 255),  # which rows are computed
        st.integers(0, 255),  # which of these end
    ),
    max_size=20,
)


def distinct(rows: Sequence[Row]) -> int:
    """Tokens of these rows, common beginnings counted once."""
    ordered = sorted(row.tokens for row in rows)
    return sum(map(len, ordered)) - sum(common_prefix(one, other) for one, other in pairwise(ordered))


def compute(memory: KeyValueMemory, rows: list[Row], capacity: int) -> None:
    """As the scheduler does it; every row has to get there."""
    passes = 0
    memory.attach([row for row in rows if row.place is None])
    while due := [row for row in rows if row.rest]:
        sizes = {row: min(row.rest, CHUNK) for row in due}
        chosen, steps = next_pass(due, sizes, chunk=CHUNK, cells=capacity)
        memory.compute(chosen, steps)
        serve(chosen)
        passes += 1
        assert passes <= 3 * sum(len(row.tokens) for row in rows), "no row gets any further"
        assert memory._tree.used <= capacity
        assert memory.held <= 3 * capacity


def nodes(memory: KeyValueMemory) -> list[PieceNode]:
    found = [memory._tree.root]
    for node in found:
        found += node.children.values()
    return found


def assert_consistent(memory: KeyValueMemory) -> None:
    """What the tree counts is what it holds, and each node has a pin for every lane and every row that is there."""
    there = nodes(memory)
    assert memory._tree.used == sum(len(node.tokens) for node in there)
    pinned = [lane.node for batch in memory._batches for lane in batch.lanes]
    pinned += [row.place.node for row in memory._rows if row.place is not None and row.place.lane is None]
    assert set(map(id, pinned)) <= set(map(id, there))
    pins = Counter(map(id, pinned))
    pins[id(memory._tree.root)] += 1
    assert all(node.pins == pins[id(node)] for node in there)


ALIKE = [([(2, 7, 3)], 2, 106, 0), ([(1, 9, 2)], 2, 255, 255)]
"""Rows that begin alike are computed side by side, so each has what the others are about to bring into the tree."""

IDLE = [
    *(([(2, 3, 0)], 0, 255, 0), ([(1, 1, 2)], 1, 255, 203), ([(3, 10, 1)], 2, 255, 51)),
    *(([(1, 10, 3), (1, 7, 0)], 1, 255, 172), ([(2, 11, 2), (1, 1, 3)], 2, 255, 47), ([(1, 9, 0)], 0, 136, 0)),
    *(([(2, 5, 0)], 0, 228, 255), ([], 0, 255, 0)),
]
"""A row begins as a lane does that nobody uses, and there is no room to save that lane."""


@settings(max_examples=60, deadline=None)
@example(ALIKE, 40)
@example(IDLE, 200)
@given(ROUNDS, st.sampled_from([40, 200]))
def test_rows_begin_fork_go_on_and_end(rounds: list, capacity: int) -> None:
    """In a memory that the rows under way just fit into, and that others have to leave for them."""
    memory = KeyValueMemory(TokenModel(), LAYOUT, capacity)
    under_way: list[Row] = []
    for beginnings, forks, computed, ended in rounds:
        rows = [Row([*TEXTS[text][: part * capacity // 20], last]) for text, part, last in beginnings]
        rows += [Row([*row.tokens, fork]) for row in under_way[:1] for fork in range(forks)]
        for row in under_way:
            row.go_on([ended % 5])
        for row in rows:
            if distinct([*under_way, row]) <= capacity:
                under_way.append(row)
        while distinct(under_way) > capacity:
            memory.release([under_way.pop(0)])
        chosen = [row for at, row in enumerate(under_way) if computed >> at % 8 & 1]
        compute(memory, chosen, capacity)
        for row in chosen:
            assert [found.tolist() for found in row.found] == [row.tokens]
        gone = [row for at, row in enumerate(chosen) if ended >> at % 8 & 1]
        memory.release(gone)
        under_way = [row for row in under_way if row not in gone]
        assert_consistent(memory)
