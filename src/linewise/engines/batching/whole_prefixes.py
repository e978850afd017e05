"""A flat list of prefixes, for models whose state cannot be cut: it is used whole, or computed again."""

from collections.abc import Sequence

from linewise.engines.batching.prefix_store import CacheFull, Node, PrefixStore


class WholePrefixes(PrefixStore):
    """Every node holds its whole prefix and has a sequence of its own; forks are copies."""

    shares = False

    def walk(self, node: Node, tokens: Sequence[int]) -> Node:
        """See ``PrefixStore``. Of a prefix that is kept as a whole its distribution has to be known too."""
        if node is not self.root:
            return node
        found = [known for known in self._leaves.values() if self._serves(known, list(tokens))]
        return max(found, key=lambda known: known.end, default=node)

    def grow(self, node: Node, tokens: Sequence[int]) -> Node:
        """See ``PrefixStore``."""
        alone = node is not self.root and node.pins == 1 and not node.pending
        self.reserve(len(tokens) + (0 if alone else node.end))
        return self._extend(node if alone else self._copy(node), tokens)

    def sequences_of(self, node: Node) -> list[int]:
        """See ``PrefixStore``."""
        assert node.sequence is not None
        return [node.sequence]

    def drop(self, node: Node) -> None:
        """See ``PrefixStore``."""
        assert not node.pins, "only an idle prefix can be dropped"
        assert node.sequence is not None
        del self._leaves[node.sequence]
        self.unknow(node)
        self.used -= node.end
        self._release(node.sequence)

    def path(self, node: Node) -> list[int]:
        """See ``PrefixStore``."""
        return list(node.tokens)

    def borrow(self, node: Node) -> int:
        """Impossible here; ``walk`` returns no node whose last token would have to be computed again."""
        raise CacheFull

    def _serves(self, node: Node, tokens: list[int]) -> bool:
        if node.pending or node.tokens != tokens[: node.end]:
            return False
        return node.end < len(tokens) or node.log_probs is not None

    def _copy(self, node: Node) -> Node:
        sequence = self._take_sequence()
        if node.sequence is not None:
            self.memory.copy(node.sequence, sequence, node.end)
        copy = Node(list(node.tokens), node.end, self.root, sequence=sequence, last_used=self._clock)
        self._leaves[sequence] = copy
        self.used += node.end
        return copy
