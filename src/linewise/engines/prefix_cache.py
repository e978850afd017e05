"""Which token prefixes an engine holds, and what they occupy. Knows no model: it moves state through ``Memory``.

A slot is one sequence of the model's state. A fork shares the cells of its source, so a cell is free again once
the last slot that holds it is gone. Idle slots are kept, least recently used first to go.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from linewise.engines.base import LogProbs


class Memory(Protocol):
    """The model's state, by sequence number."""

    def copy(self, source: int, target: int, length: int) -> None:
        """Let ``target`` hold the first ``length`` positions of ``source``; nothing is computed."""
        ...

    def remove(self, sequence: int) -> None:
        """Free ``sequence``."""
        ...


@dataclass(eq=False, slots=True)
class Slot:
    """A sequence: its tokens, the cell of each, and the log-probabilities after the last one where known."""

    sequence: int
    tokens: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    log_probs: LogProbs | None = None
    busy: bool = True
    last_used: int = 0


class CacheFull(Exception):
    """Every slot that could be freed is in use."""


class PrefixCache:
    """Maps token prefixes to slots. Not thread-safe: the engine holds its lock.

    ``capacity``: cells in all; ``sequences``: slots in all; ``idle``: slots kept without being in use;
    ``rewind``: whether a fork may take a part of a slot (else only all of it).
    """

    def __init__(self, memory: Memory, *, capacity: int, sequences: int, idle: int, rewind: bool) -> None:
        self._memory, self._capacity, self._idle, self._rewind = memory, capacity, idle, rewind
        self._free = list(range(sequences))[::-1]
        self._slots: list[Slot] = []
        self._holders: dict[int, int] = {}
        self._next_cell = 0
        self._clock = 0

    @property
    def used(self) -> int:
        """Cells in use."""
        return len(self._holders)

    @property
    def slots(self) -> int:
        """Slots in use or idle."""
        return len(self._slots)

    def acquire(self, tokens: Sequence[int]) -> Slot:
        """A busy slot whose tokens are the longest reusable prefix of ``tokens``.

        Its ``log_probs`` are known exactly when nothing has to be computed any more.
        """
        wanted = list(tokens)
        source, length = self._best(wanted)
        if source is None:
            return self._new()
        if length < len(source.tokens) or source.busy:
            return self._part(source, length)
        source.busy = True
        return source

    def fork(self, source: Slot) -> Slot:
        """A busy slot with all that ``source`` holds."""
        return self._part(source, len(source.tokens))

    def reserve(self, cells: int) -> None:
        """Make room for ``cells`` more, by eviction; raises ``CacheFull``."""
        while self.used + cells > self._capacity:
            self._evict()

    def append(self, slot: Slot, tokens: Sequence[int]) -> None:
        """Note that ``tokens`` were computed at the end of ``slot``."""
        cells = range(self._next_cell, self._next_cell + len(tokens))
        self._next_cell = cells.stop
        self._holders.update(dict.fromkeys(cells, 1))
        slot.tokens += tokens
        slot.cells += cells
        slot.log_probs = None

    def release(self, slot: Slot) -> None:
        """``slot`` is no longer in use; it is kept for later, within the bound."""
        slot.busy = False
        self._clock += 1
        slot.last_used = self._clock
        while sum(not other.busy for other in self._slots) > self._idle:
            self._evict()

    def drop(self, slot: Slot) -> None:
        """Forget ``slot``."""
        self._slots.remove(slot)
        self._free.append(slot.sequence)
        self._memory.remove(slot.sequence)
        for cell in slot.cells:
            self._holders[cell] -= 1
            if not self._holders[cell]:
                del self._holders[cell]

    def _best(self, wanted: list[int]) -> tuple[Slot | None, int]:
        found = [(self._reusable(slot, wanted), not slot.busy, slot.sequence, slot) for slot in self._slots]
        length, _, _, slot = max(found, default=(0, False, 0, None), key=lambda entry: entry[:3])
        return (slot, length) if length else (None, 0)

    def _reusable(self, slot: Slot, wanted: list[int]) -> int:
        length = common_prefix(slot.tokens, wanted)
        whole = length == len(slot.tokens)
        if length == len(wanted) and not (whole and slot.log_probs is not None):
            length -= 1  # The last token has to be computed again for its distribution.
            whole = False
        return length if whole or self._rewind else 0

    def _part(self, source: Slot, length: int) -> Slot:
        busy, source.busy = source.busy, True  # or a full cache might evict the source
        try:
            slot = self._new()
        finally:
            source.busy = busy
        self._memory.copy(source.sequence, slot.sequence, length)
        slot.tokens, slot.cells = source.tokens[:length], source.cells[:length]
        slot.log_probs = source.log_probs if length == len(source.tokens) else None
        for cell in slot.cells:
            self._holders[cell] += 1
        return slot

    def _new(self) -> Slot:
        if not self._free:
            self._evict()
        slot = Slot(self._free.pop())
        self._slots.append(slot)
        return slot

    def _evict(self) -> None:
        idle = [slot for slot in self._slots if not slot.busy]
        if not idle:
            raise CacheFull
        self.drop(min(idle, key=lambda slot: slot.last_used))


def common_prefix(left: list[int], right: list[int]) -> int:
    """The length of the longest common prefix, by halving: comparing slices is far faster than comparing items."""
    low, high = 0, min(len(left), len(right))
    if left[:high] == right[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
