"""The tree of prefixes, with lists of tokens for what it holds."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from linewise.engines.hf.piece_tree import PieceNode, PieceTree

CAPACITY = 24
sequences = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), max_size=25)


@dataclass(frozen=True)
class Piece:
    """Stands for the state of its tokens; knows at which place it stands."""

    tokens: tuple[int, ...]
    start: int

    def split(self, at: int) -> tuple["Piece", "Piece"]:
        return Piece(self.tokens[:at], self.start), Piece(self.tokens[at:], self.start + at)


def held(node: PieceNode[Piece]) -> list[int]:
    """The tokens of all pieces on the way to ``node``, each of which has to stand where the last one ended."""
    tokens: list[int] = []
    for one in node.path():
        assert one.payload is not None
        assert one.payload.start == len(tokens)
        assert list(one.payload.tokens) == one.tokens
        tokens += one.payload.tokens
    assert len(tokens) == node.length
    return tokens


def nodes(tree: PieceTree[Piece]) -> list[PieceNode[Piece]]:
    found = [tree.root]
    for node in found:
        found += node.children.values()
    return found[1:]


def add(tree: PieceTree[Piece], tokens: list[int]) -> PieceNode[Piece] | None:
    """Hold ``tokens`` as an engine does: find what is there, keep it, make room, insert the rest."""
    node = tree.find(tokens)
    rest = tokens[node.length :]
    node.pins += 1
    try:
        return tree.insert(node, rest, Piece(tuple(rest), node.length)) if tree.make_room(len(rest)) else None
    finally:
        node.pins -= 1


@given(sequences)
def test_what_is_found_is_the_longest_prefix_that_is_held(wanted: list[list[int]]) -> None:
    tree: PieceTree[Piece] = PieceTree(10_000)
    for tokens in wanted:
        assert add(tree, tokens) is not None
    for tokens in wanted:
        assert held(tree.find(tokens)) == tokens
        longer = tree.find([*tokens, 7])
        assert held(longer) == tokens
        assert held(tree.find(tokens[:-1])) == tokens[:-1]
    distinct = {tuple(tokens[:end]) for tokens in wanted for end in range(1, len(tokens) + 1)}
    assert tree.used == len(distinct) == sum(len(node.tokens) for node in nodes(tree))


@given(sequences)
def test_it_never_holds_more_than_its_capacity(wanted: list[list[int]]) -> None:
    tree: PieceTree[Piece] = PieceTree(CAPACITY)
    for tokens in wanted:
        add(tree, tokens)
        assert tree.used == sum(len(node.tokens) for node in nodes(tree)) <= CAPACITY
        for node in nodes(tree):
            held(node)


@given(sequences, st.lists(st.integers(0, 2), min_size=1, max_size=12))
def test_what_is_pinned_stays(wanted: list[list[int]], kept: list[int]) -> None:
    tree: PieceTree[Piece] = PieceTree(CAPACITY)
    pinned = add(tree, kept)
    assert pinned is not None
    pinned.pins += 1
    for tokens in wanted:
        add(tree, tokens)
        assert held(pinned) == kept
        assert held(tree.find(kept)) == kept


def test_the_least_recently_used_goes_first() -> None:
    tree: PieceTree[Piece] = PieceTree(CAPACITY)
    for first in range(3):
        add(tree, [first] * 8)
    tree.find([0] * 8)
    add(tree, [9] * 8)
    assert [held(tree.find([first] * 8)) != [] for first in (0, 1, 2, 9)] == [True, False, True, True]


def test_no_room_beside_what_is_pinned() -> None:
    tree: PieceTree[Piece] = PieceTree(CAPACITY)
    node = add(tree, [1] * 20)
    assert node is not None
    node.pins += 1
    assert not tree.make_room(5)
    assert tree.make_room(4)
    node.pins -= 1
    assert tree.make_room(24)
