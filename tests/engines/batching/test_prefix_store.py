"""Both stores of prefixes against a memory that checks them, used as the scheduler uses them, in any order."""

import pytest
from fake_model import FakeModel, rule
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple
from hypothesis.stateful import rule as step

from linewise.engines.batching.prefix_store import CacheFull, Node, PrefixStore, common_prefix
from linewise.engines.batching.prefix_tree import PrefixTree
from linewise.engines.batching.scheduler import Position
from linewise.engines.batching.whole_prefixes import WholePrefixes

TOKENS = st.lists(st.integers(0, 2), min_size=1, max_size=8)
CAPACITY, SEQUENCES = 24, 6


def compute(store: PrefixStore, model: FakeModel, node: Node, tokens: list[int]) -> None:
    """What the scheduler does with a node that was grown by ``tokens``."""
    start = node.end - len(tokens)
    batch = [
        Position(token, start + offset, store.sequences_of(node), wanted=offset == len(tokens) - 1)
        for offset, token in enumerate(tokens)
    ]
    found = model.compute(batch)
    node.pending = False
    store.know(node, found[len(batch) - 1])
    store.tick()


class StoreMachine(RuleBasedStateMachine):
    held = Bundle("held")

    @initialize(shares=st.booleans())
    def start(self, shares: bool) -> None:
        self.model = FakeModel(capacity=CAPACITY, whole_only=not shares)
        kind = PrefixTree if shares else WholePrefixes
        self.store: PrefixStore = kind(self.model, capacity=CAPACITY, sequences=SEQUENCES)
        self.paths: list[tuple[Node, list[int]]] = []

    @step(target=held, tokens=TOKENS, computed=st.integers(1, 8))
    def open(self, tokens: list[int], computed: int) -> object:
        """Pin what is kept of a prefix and compute some of what is missing."""
        node = self.store.pin(self.store.walk(self.store.root, tokens))
        assert self.store.path(node) == tokens[: node.end]
        return self._grown(node, tokens[node.end :][:computed])

    @step(target=held, source=held, tokens=TOKENS)
    def fork(self, source: Node, tokens: list[int]) -> object:
        """Another user goes on from the same place."""
        path = self.store.path(source)
        node = self.store.pin(self.store.walk(source, tokens))
        return self._grown(node, tokens[node.end - len(path) :])

    @step(node=consumes(held))
    def close(self, node: Node) -> None:
        index = next(index for index, (other, _) in enumerate(self.paths) if other is node)
        del self.paths[index]
        self.store.unpin(node)

    @step(node=held)
    def read_the_last_token_again(self, node: Node) -> None:
        if not self.store.shares or node is self.store.root:
            return
        try:
            sequence = self.store.borrow(node)
        except CacheFull:
            return
        assert self.model.tokens(sequence) == self.store.path(node)[:-1]
        self.store.give_back(sequence)

    def _grown(self, node: Node, tokens: list[int]) -> object:
        if tokens:
            try:
                grown = self.store.grow(node, tokens)
            except CacheFull:
                assert len(self.paths) + 1 >= 2, "what is idle goes before a store is full"
                self.store.unpin(node)
                return multiple()
            self.store.pin(grown)
            self.store.unpin(node)
            compute(self.store, self.model, grown, tokens)
            node = grown
        self.paths.append((node, self.store.path(node)))
        return node

    @invariant()
    def used_is_what_is_held(self) -> None:
        if self.store.shares:
            assert self.store.used == self.model.used
        assert self.model.used <= self.store.used <= CAPACITY

    @invariant()
    def pinned_prefixes_stay(self) -> None:
        for node, path in self.paths:
            assert self.store.path(node) == path
            assert node.end == len(path)
            for sequence in self.store.sequences_of(node) if path else []:
                assert self.model.tokens(sequence)[: len(path)] == path

    @invariant()
    def what_is_known_is_right(self) -> None:
        for node, path in self.paths:
            if node.log_probs is not None:
                assert (node.log_probs == rule(path)).all()

    def teardown(self) -> None:
        for node, _ in self.paths:
            self.store.unpin(node)
        self.store.clear()
        assert (self.store.used, self.model.used) == (0, 0)


StoreMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestPrefixStores = StoreMachine.TestCase


def kept(store: PrefixStore, model: FakeModel, tokens: list[int]) -> None:
    node = store.pin(store.walk(store.root, tokens))
    rest = tokens[node.end :]
    if rest:
        grown = store.pin(store.grow(node, rest))
        store.unpin(node)
        compute(store, model, grown, rest)
        node = grown
    store.unpin(node)


def test_the_least_recently_used_prefix_goes_first() -> None:
    model = FakeModel()
    store = PrefixTree(model, capacity=9, sequences=8)
    for tokens in ([1, 1, 1], [2, 2, 2], [3, 3, 3]):
        kept(store, model, tokens)
    store.tick()
    kept(store, model, [1, 1, 1])
    store.tick()
    kept(store, model, [4, 4, 4])
    assert [store.walk(store.root, [token] * 3).end for token in (1, 2, 3, 4)] == [3, 0, 3, 3]


def test_a_tree_shares_beginnings_and_a_list_of_whole_prefixes_does_not() -> None:
    used = []
    for kind in (PrefixTree, WholePrefixes):
        model = FakeModel(whole_only=kind is WholePrefixes)
        store = kind(model, capacity=40, sequences=8)
        kept(store, model, [1, 2, 3, 4])
        kept(store, model, [1, 2, 5, 6])
        used.append(store.used)
    assert used == [6, 8]


def test_prefixes_that_nobody_touches_go_in_time_and_those_in_use_stay() -> None:
    """Of 3 x 1500 idle tokens so many stay that 2048 are not passed, however large the store is."""
    model = FakeModel()
    store = PrefixTree(model, capacity=1 << 14, sequences=8)
    used = store.pin(store.root)
    for first in (1, 2, 3):
        kept(store, model, [first] * 1500)
    node = store.pin(store.walk(store.root, [1] * 1500))
    for _ in range(100):
        store.tick()
    assert [store.walk(store.root, [first] * 1500).end for first in (1, 2, 3)] == [1500, 0, 1500]
    store.unpin(node)
    store.unpin(used)


def test_without_sharing_a_whole_prefix_needs_its_distribution() -> None:
    model = FakeModel(whole_only=True)
    store = WholePrefixes(model, capacity=40, sequences=8)
    kept(store, model, [1, 2, 3])
    assert store.walk(store.root, [1, 2, 9]).end == 0
    known = store.walk(store.root, [1, 2, 3])
    assert known.end == 3
    store.unknow(known)
    assert store.walk(store.root, [1, 2, 3]).end == 0
    assert store.walk(store.root, [1, 2, 3, 4]).end == 3


@pytest.mark.parametrize("kind", [PrefixTree, WholePrefixes])
def test_a_full_store_says_so_and_stays_usable(kind: type[PrefixStore]) -> None:
    model = FakeModel()
    store = kind(model, capacity=4, sequences=8)
    root = store.pin(store.root)
    node = store.pin(store.grow(root, [1, 2, 3]))
    compute(store, model, node, [1, 2, 3])
    with pytest.raises(CacheFull):
        store.grow(root, [2, 2])
    store.unpin(node)
    assert store.grow(root, [2, 2]).end == 2


@pytest.mark.parametrize(
    ("left", "right", "length"),
    [([], [], 0), ([1], [], 0), ([1, 2], [1, 2, 3], 2), ([1, 2, 3], [1, 2, 4], 2), ([1, 9, 3], [1, 2, 3], 1)],
)
def test_common_prefix(left: list[int], right: list[int], length: int) -> None:
    assert common_prefix(left, right) == common_prefix(right, left) == length
