"""Which token prefixes are held, as a radix tree. Knows no model: what it holds is opaque to it.

Every token of a common prefix is held once. A fork shares all nodes up to the place where it branches off; where that
lies inside a node, the node is split, which copies no more than that node. Leaves are evicted least recently used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, Protocol, Self, TypeVar

from linewise.engines.batching.prefix_store import common_prefix


class Payload(Protocol):
    """What a node holds for its tokens."""

    def split(self, at: int) -> tuple[Self, Self]:
        """The parts for the first ``at`` tokens and for the others; neither keeps the other's memory."""
        ...


P = TypeVar("P", bound=Payload)


@dataclass(eq=False, slots=True)
class PieceNode(Generic[P]):
    """Some tokens behind those of ``parent``; ``length`` counts all from the root, ``pins`` who needs it to stay."""

    tokens: list[int]
    payload: P | None
    parent: "PieceNode[P] | None"
    length: int
    children: dict[int, "PieceNode[P]"] = field(default_factory=dict)
    pins: int = 0
    last_used: int = 0

    def path(self) -> list["PieceNode[P]"]:
        """The nodes from below the root to this one."""
        nodes: list[PieceNode[P]] = []
        node = self
        while node.parent is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]


class PieceTree(Generic[P]):
    """At most ``capacity`` tokens. Not thread-safe."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self.root: PieceNode[P] = PieceNode([], None, None, 0, pins=1)
        self._clock = count(1)

    def find(self, tokens: Sequence[int]) -> PieceNode[P]:
        """The deepest node whose path is a prefix of ``tokens``; a node is split where they leave it inside."""
        return self._descend(self.root, list(tokens))

    def insert(self, node: PieceNode[P], tokens: Sequence[int], payload: P) -> PieceNode[P]:
        """Hold ``tokens`` with ``payload`` behind ``node``, as far as they are not held already; the last node.

        The caller has made room.
        """
        rest = list(tokens)
        found = self._descend(node, rest)
        known = found.length - node.length
        if known == len(rest):
            return found
        if known:
            _, payload = payload.split(known)
        child = PieceNode(rest[known:], payload, found, node.length + len(rest))
        found.children[rest[known]] = child
        self.used += len(child.tokens)
        self._touch(child)
        return child

    def make_room(self, tokens: int) -> bool:
        """Evict until ``tokens`` more fit; false where what is pinned leaves no room for them."""
        while self.used + tokens > self.capacity:
            idle = [node for node in self._leaves() if not node.pins]
            if not idle:
                return False
            self._drop(min(idle, key=lambda node: node.last_used))
        return True

    def _descend(self, node: PieceNode[P], tokens: list[int]) -> PieceNode[P]:
        start = node.length
        while (child := node.children.get(_at(tokens, node.length - start))) is not None:
            shared = common_prefix(child.tokens, tokens[node.length - start : child.length - start])
            node = child if shared == len(child.tokens) else self._split(child, shared)
            if node is not child:
                break
        self._touch(node)
        return node

    def _split(self, node: PieceNode[P], at: int) -> PieceNode[P]:
        """Put the first ``at`` tokens of ``node`` into a new parent; ``node`` keeps its identity and the others."""
        assert node.parent is not None
        assert node.payload is not None
        head, node.payload = node.payload.split(at)
        upper = PieceNode(node.tokens[:at], head, node.parent, node.length - len(node.tokens) + at)
        upper.last_used = node.last_used
        node.parent.children[upper.tokens[0]] = upper
        node.tokens, node.parent = node.tokens[at:], upper
        upper.children[node.tokens[0]] = node
        return upper

    def _drop(self, node: PieceNode[P]) -> None:
        assert node.parent is not None
        del node.parent.children[node.tokens[0]]
        node.payload = None
        self.used -= len(node.tokens)

    def _touch(self, node: PieceNode[P]) -> None:
        now = next(self._clock)
        for one in node.path():
            one.last_used = now

    def _leaves(self) -> Iterator[PieceNode[P]]:
        due = list(self.root.children.values())
        while due:
            node = due.pop()
            due += node.children.values()
            if not node.children:
                yield node


def _at(tokens: list[int], place: int) -> int:
    """The token at ``place``; -1, which is no token, behind the last one."""
    return tokens[place] if place < len(tokens) else -1
