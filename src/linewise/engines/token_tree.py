"""Drafts as a tree: token sequences merged along their common prefixes."""

from collections.abc import Iterable, Sequence


class TokenTree:
    """Nodes are numbered from 0, the root, which stands for the empty sequence; a child's number is above its parent's.

    ``tokens``: the token that leads to each node (-1 for the root); ``parents``: its parent (-1 for the root);
    ``children``: by token, the nodes that go on from it.
    """

    def __init__(self, sequences: Iterable[Sequence[int]] = ()) -> None:
        """The tree of ``sequences``, in their order."""
        self.tokens = [-1]
        self.parents = [-1]
        self.children: list[dict[int, int]] = [{}]
        for sequence in sequences:
            self.add(sequence)

    def add(self, sequence: Sequence[int]) -> list[int]:
        """Add a sequence; returns the nodes along it, the root first."""
        path = [0]
        for token in sequence:
            path.append(self._child(path[-1], token))
        return path

    def path(self, node: int) -> list[int]:
        """The tokens from the root to ``node``."""
        found: list[int] = []
        while node > 0:
            found.append(self.tokens[node])
            node = self.parents[node]
        return found[::-1]

    @property
    def height(self) -> int:
        """Tokens on its longest path."""
        depths = [0]
        for parent in self.parents[1:]:
            depths.append(depths[parent] + 1)
        return max(depths)

    def __len__(self) -> int:
        """Nodes, the root among them."""
        return len(self.tokens)

    def _child(self, node: int, token: int) -> int:
        children = self.children[node]
        if token not in children:
            children[token] = len(self.tokens)
            self.tokens.append(token)
            self.parents.append(node)
            self.children.append({})
        return children[token]
