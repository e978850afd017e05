"""Which token prefixes an engine holds, and what they occupy. Knows no model: it moves state through ``Memory``.

A ``Node`` stands for a prefix. ``PrefixTree`` is the store for models whose state can be cut anywhere (attention),
``WholePrefixes`` the one for models whose state can only be taken as it is (recurrent ones).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from linewise.engines.base import LogProbs

_KNOWN = 64
"""Idle distributions that are kept: 39 MB for a vocabulary of 152k."""

_IDLE_CELLS = 2048
_IDLE_PASSES = 16
"""Every held cell slows attention down. Beyond so many idle ones those go that so many passes did not touch."""

_TIDY_PASSES = 8


class Memory(Protocol):
    """The model's state, by sequence number."""

    def copy(self, source: int, target: int, length: int) -> None:
        """Let ``target``, which is empty, hold the first ``length`` positions of ``source``; nothing is computed."""
        ...

    def cut(self, sequence: int, length: int) -> None:
        """Free what ``sequence`` holds beyond its first ``length`` positions."""
        ...


@dataclass(eq=False, slots=True)
class Node:
    """A prefix of ``end`` tokens: those of its parent's prefix and then ``tokens``.

    ``sequence``: the sequence whose state ends here, if one does. ``pins``: users of the node; only without any it
    may be dropped. ``pending``: the last of ``tokens`` are not computed yet. ``log_probs``: the distribution after
    the prefix, while it is known.
    """

    tokens: list[int] = field(default_factory=list)
    end: int = 0
    parent: "Node | None" = None
    children: dict[int, "Node"] = field(default_factory=dict)
    sequence: int | None = None
    pins: int = 0
    pending: bool = False
    last_used: int = 0
    log_probs: LogProbs | None = None


class CacheFull(Exception):
    """All that could be dropped is in use."""


class PrefixStore(ABC):
    """Prefixes within ``capacity`` cells and ``sequences`` sequences; least recently used ones are the first to go.

    Not thread-safe. ``shares``: whether prefixes share what they have in common.
    """

    shares: bool

    def __init__(self, memory: Memory, *, capacity: int, sequences: int) -> None:
        self.memory = memory
        self.root = Node()
        self.used = 0
        self._capacity = capacity
        self._free = list(range(sequences))[::-1]
        self._leaves: dict[int, Node] = {}
        self._pinned: dict[Node, None] = {}
        self._known: dict[Node, None] = {}
        self._clock = 0

    @abstractmethod
    def walk(self, node: Node, tokens: Sequence[int]) -> Node:
        """The longest kept prefix that begins with ``node``'s and goes on along ``tokens``; at least ``node``.

        It may end at a pending node, but never inside one.
        """

    @abstractmethod
    def grow(self, node: Node, tokens: Sequence[int]) -> Node:
        """The node for ``node``'s prefix and ``tokens``, which the caller is about to compute; it is pending.

        The caller has ``node`` pinned, and ``walk`` finds nothing there. Raises ``CacheFull``, having changed nothing.
        """

    @abstractmethod
    def sequences_of(self, node: Node) -> list[int]:
        """The sequences that hold the last token of ``node``."""

    @abstractmethod
    def drop(self, node: Node) -> None:
        """Forget a node that nobody uses and that no other node depends on."""

    @abstractmethod
    def path(self, node: Node) -> list[int]:
        """All tokens of ``node``'s prefix."""

    @abstractmethod
    def borrow(self, node: Node) -> int:
        """A sequence that holds all but the last token of ``node``'s prefix, to be given back with ``give_back``."""

    def give_back(self, sequence: int) -> None:
        """End what ``borrow`` began."""
        self.used -= 1
        self._release(sequence)

    @property
    def idle(self) -> Iterator[Node]:
        """What may be dropped next, in no order."""
        return (node for node in self._leaves.values() if not node.pins)

    def pin(self, node: Node) -> Node:
        """Keep ``node`` until it is unpinned as often; returns it."""
        node.pins += 1
        self._pinned[node] = None
        return node

    def unpin(self, node: Node) -> None:
        """One user less."""
        node.pins -= 1
        node.last_used = self._clock
        if not node.pins:
            del self._pinned[node]

    def know(self, node: Node, log_probs: LogProbs) -> None:
        """Keep the distribution after ``node``; of idle nodes only the latest ones stay known."""
        node.log_probs = log_probs
        self._known.pop(node, None)
        self._known[node] = None
        for old in [node for node in self._known if not node.pins][:-_KNOWN]:
            self.unknow(old)

    def unknow(self, node: Node) -> None:
        """Forget the distribution after ``node``."""
        node.log_probs = None
        self._known.pop(node, None)

    def reserve(self, cells: int) -> None:
        """Make room for ``cells`` more cells; raises ``CacheFull``."""
        while self.used + cells > self._capacity:
            self._evict()

    def tick(self) -> None:
        """A forward pass is done; now and then what is idle for long goes."""
        self._clock += 1
        if self._clock % _TIDY_PASSES == 0:
            self._tidy()

    def clear(self) -> None:
        """Forget everything; no node may be in use."""
        while idle := list(self.idle):
            for node in idle:
                self.drop(node)

    def _extend(self, node: Node, tokens: Sequence[int]) -> Node:
        """``node`` itself, longer by ``tokens``, which are pending."""
        self.unknow(node)
        node.tokens += tokens
        node.end += len(tokens)
        node.pending = True
        self.used += len(tokens)
        return node

    def _tidy(self) -> None:
        allowed = self._cells_in_use() + _IDLE_CELLS
        while self.used > allowed:
            oldest = min(self.idle, key=lambda node: node.last_used, default=None)
            if oldest is None or oldest.last_used >= self._clock - _IDLE_PASSES:
                return
            self.drop(oldest)

    def _cells_in_use(self) -> int:
        seen: set[int] = set()
        cells = 0
        for pinned in self._pinned:
            node: Node | None = pinned
            while node is not None and node.parent is not None and id(node) not in seen:
                seen.add(id(node))
                cells += node.end - node.parent.end
                node = node.parent
        return cells

    def _release(self, sequence: int) -> None:
        self.memory.cut(sequence, 0)
        self._free.append(sequence)

    def _take_sequence(self) -> int:
        while not self._free:
            self._evict()
        return self._free.pop()

    def _evict(self) -> None:
        oldest = min(self.idle, key=lambda node: node.last_used, default=None)
        if oldest is None:
            raise CacheFull
        self.drop(oldest)


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
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
