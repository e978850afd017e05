"""The prefix cache against a model of the engine's memory: which sequence holds which cells."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from linewise.engines.prefix_cache import CacheFull, PrefixCache, Slot, common_prefix

DIST = np.zeros(3, dtype=np.float32)
TOKENS = st.lists(st.integers(0, 2), min_size=1, max_size=8)


class FakeMemory:
    """Cells by sequence. A cell is a number that is given once; a copy shares the cells of its source."""

    def __init__(self) -> None:
        self.cells: dict[int, list[int]] = {}
        self.whole_only = False
        self._next = 0

    def copy(self, source: int, target: int, length: int) -> None:
        held = self.cells.get(source, [])
        assert length <= len(held)
        assert not self.whole_only or length == len(held), "this memory cannot be rewound"
        assert not self.cells.get(target), "a sequence is free before it is copied to"
        self.cells[target] = held[:length]

    def remove(self, sequence: int) -> None:
        self.cells.pop(sequence, None)

    def write(self, sequence: int, count: int) -> None:
        self.cells.setdefault(sequence, []).extend(range(self._next, self._next + count))
        self._next += count

    @property
    def used(self) -> int:
        return len({cell for held in self.cells.values() for cell in held})


def compute(cache: PrefixCache, memory: FakeMemory, slot: Slot, tokens: Sequence[int]) -> None:
    """What an engine does with the tokens that a slot still lacks."""
    cache.reserve(len(tokens))
    memory.write(slot.sequence, len(tokens))
    cache.append(slot, list(tokens))
    slot.log_probs = DIST


class CacheMachine(RuleBasedStateMachine):
    """Calls as engines make them, in any order, with up to a few slots busy at once."""

    busy = Bundle("busy")

    @initialize(rewind=st.booleans(), idle=st.integers(0, 4))
    def start(self, rewind: bool, idle: int) -> None:
        self.memory = FakeMemory()
        self.memory.whole_only = not rewind
        self.rewind, self.idle = rewind, idle
        self.cache = PrefixCache(self.memory, capacity=24, sequences=6, idle=idle, rewind=rewind)
        self.held: list[tuple[Slot, list[int]]] = []

    def longest_reusable(self, wanted: list[int]) -> int:
        """By the definition: a kept prefix, whole where rewinding is impossible, that leaves a distribution to read."""
        lengths = [0]
        for slot in self.cache._slots:
            shared = common_prefix(slot.tokens, wanted)
            for length in range(shared + 1):
                whole = length == len(slot.tokens)
                ready = length < len(wanted) or (whole and slot.log_probs is not None)
                if ready and (whole or self.rewind):
                    lengths.append(length)
        return max(lengths)

    @rule(target=busy, tokens=TOKENS, computed=st.integers(0, 8))
    def acquire(self, tokens: list[int], computed: int) -> object:
        longest = self.longest_reusable(tokens)
        try:
            slot = self.cache.acquire(tokens)
        except CacheFull:
            assert len(self.held) >= 5, "at most the idle source of a fork is beyond reach"
            return multiple()
        assert slot.tokens == tokens[: len(slot.tokens)]
        assert len(slot.tokens) == longest
        assert slot.tokens != tokens or slot.log_probs is not None, "what needs no computing has its distribution"
        assert all(slot is not other for other, _ in self.held), "a busy slot is lent once"
        self._extend(slot, tokens[len(slot.tokens) :][:computed])
        self.held.append((slot, list(slot.tokens)))
        return slot

    @rule(target=busy, source=busy)
    def fork(self, source: Slot) -> object:
        try:
            slot = self.cache.fork(source)
        except CacheFull:
            return multiple()
        assert slot.tokens == source.tokens
        assert self.memory.cells.get(slot.sequence, []) == self.memory.cells.get(source.sequence, [])
        self.held.append((slot, list(slot.tokens)))
        return slot

    @rule(slot=busy, tokens=TOKENS)
    def extend(self, slot: Slot, tokens: list[int]) -> None:
        self._extend(slot, tokens)
        self.held = [(other, list(other.tokens)) for other, _ in self.held]

    @rule(slot=consumes(busy))
    def release(self, slot: Slot) -> None:
        self.held = [(other, tokens) for other, tokens in self.held if other is not slot]
        self.cache.release(slot)

    def _extend(self, slot: Slot, tokens: list[int]) -> None:
        before = self.cache.used
        try:
            compute(self.cache, self.memory, slot, tokens)
        except CacheFull:
            assert len(self.held) >= self.cache.slots - 1, "whatever is idle goes before the cache is full"
            assert before + len(tokens) > 24

    @invariant()
    def used_is_what_is_held(self) -> None:
        assert self.cache.used == self.memory.used
        assert self.cache.used <= 24

    @invariant()
    def busy_slots_stay(self) -> None:
        for slot, tokens in self.held:
            assert slot.busy
            assert slot.tokens == tokens
            assert len(self.memory.cells.get(slot.sequence, [])) == len(tokens)

    @invariant()
    def idle_slots_are_bounded(self) -> None:
        assert self.cache.slots - len(self.held) <= self.idle


CacheMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestPrefixCache = CacheMachine.TestCase


@pytest.fixture
def memory() -> FakeMemory:
    return FakeMemory()


def kept(cache: PrefixCache, memory: FakeMemory, tokens: list[int]) -> None:
    slot = cache.acquire(tokens)
    compute(cache, memory, slot, tokens[len(slot.tokens) :])
    cache.release(slot)


def test_the_least_recently_used_prefix_goes_first(memory: FakeMemory) -> None:
    cache = PrefixCache(memory, capacity=9, sequences=8, idle=8, rewind=True)
    for tokens in ([1, 1, 1], [2, 2, 2], [3, 3, 3]):
        kept(cache, memory, tokens)
    cache.release(cache.acquire([1, 1, 1]))
    kept(cache, memory, [4, 4, 4])
    assert [len(cache.acquire([token] * 3).tokens) for token in (1, 2, 3, 4)] == [3, 0, 3, 3]


def test_a_known_prefix_is_asked_for_again_without_its_last_token(memory: FakeMemory) -> None:
    """Its distribution is gone once the slot was extended, so one token has to be computed again."""
    cache = PrefixCache(memory, capacity=20, sequences=8, idle=8, rewind=True)
    kept(cache, memory, [1, 2, 3, 4])
    slot = cache.acquire([1, 2, 3])
    assert (slot.tokens, slot.log_probs) == ([1, 2], None)


def test_without_rewinding_only_whole_prefixes_are_reused(memory: FakeMemory) -> None:
    cache = PrefixCache(memory, capacity=20, sequences=8, idle=8, rewind=False)
    kept(cache, memory, [1, 2, 3])
    assert cache.acquire([1, 2, 9]).tokens == []
    assert cache.acquire([1, 2, 3, 9]).tokens == [1, 2, 3]


def test_a_full_cache_says_so_and_stays_usable(memory: FakeMemory) -> None:
    cache = PrefixCache(memory, capacity=4, sequences=8, idle=8, rewind=True)
    busy = cache.acquire([1, 2, 3])
    compute(cache, memory, busy, [1, 2, 3])
    with pytest.raises(CacheFull):
        cache.reserve(2)
    cache.release(busy)
    cache.reserve(2)
    assert cache.used == 0


@pytest.mark.parametrize(
    ("left", "right", "length"),
    [([], [], 0), ([1], [], 0), ([1, 2], [1, 2, 3], 2), ([1, 2, 3], [1, 2, 4], 2), ([1, 9, 3], [1, 2, 3], 1)],
)
def test_common_prefix(left: list[int], right: list[int], length: int) -> None:
    assert common_prefix(left, right) == common_prefix(right, left) == length
