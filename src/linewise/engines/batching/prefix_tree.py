"""A radix tree of prefixes, for models whose state can be cut and shared at any token."""

from collections.abc import Sequence

from linewise.engines.batching.prefix_store import Node, PrefixStore, common_prefix


class PrefixTree(PrefixStore):
    """Every leaf has a sequence, and a token's cell belongs to the sequences of all leaves below it.

    So each known token has one cell, a fork copies nothing, and dropping a leaf frees what no other leaf needs.
    """

    shares = True

    def walk(self, node: Node, tokens: Sequence[int]) -> Node:
        """See ``PrefixStore``. A run of tokens that is known in part is split there."""
        done = 0
        while done < len(tokens):
            child = node.children.get(tokens[done])
            if child is None:
                break
            same = common_prefix(child.tokens, tokens[done : done + len(child.tokens)])
            if same < len(child.tokens):
                return node if child.pending else self._split(child, same)
            node, done = child, done + same
        return node

    def grow(self, node: Node, tokens: Sequence[int]) -> Node:
        """See ``PrefixStore``."""
        self.reserve(len(tokens))
        if node.sequence is not None and node.pins == 1 and node is not self.root and not node.pending:
            return self._extend(node, tokens)  # its only user goes on: a longer run instead of one more node
        child = Node(list(tokens), node.end + len(tokens), node, pending=True, last_used=self._clock)
        child.sequence = self._sequence_for_child(node)
        self._leaves[child.sequence] = child
        node.children[tokens[0]] = child
        self.used += len(tokens)
        return child

    def sequences_of(self, node: Node) -> list[int]:
        """See ``PrefixStore``."""
        found: list[int] = []
        below = [node]
        for step in below:
            if step.sequence is not None:
                found.append(step.sequence)
            below += step.children.values()
        return found

    def drop(self, node: Node) -> None:
        """See ``PrefixStore``. Where it was its parent's only child, the parent is a leaf again."""
        sequence, parent = node.sequence, node.parent
        assert not node.pins, "only an idle leaf can be dropped"
        assert sequence is not None
        assert parent is not None
        del parent.children[node.tokens[0]], self._leaves[sequence]
        self.unknow(node)
        self.used -= len(node.tokens)
        if parent is self.root or parent.children:
            self._release(sequence)
            return
        self.memory.cut(sequence, parent.end)
        parent.sequence = sequence
        parent.last_used = max(parent.last_used, node.last_used)
        self._leaves[sequence] = parent

    def path(self, node: Node) -> list[int]:
        """See ``PrefixStore``."""
        runs: list[list[int]] = []
        step: Node | None = node
        while step is not None:
            runs.append(step.tokens)
            step = step.parent
        return [token for run in reversed(runs) for token in run]

    def borrow(self, node: Node) -> int:
        """See ``PrefixStore``."""
        self.pin(node)  # or a full cache might drop it
        try:
            self.reserve(1)
            sequence = self._take_sequence()
        finally:
            self.unpin(node)
        self.memory.copy(self.sequences_of(node)[0], sequence, node.end - 1)
        self.used += 1
        return sequence

    def _sequence_for_child(self, node: Node) -> int:
        while node.sequence is None and not self._free:
            self._evict()  # which may make a leaf of ``node``
        if node.sequence is not None:  # a leaf hands its sequence on
            sequence, node.sequence = node.sequence, None
            return sequence
        sequence = self._take_sequence()
        if node is not self.root:
            self.memory.copy(self.sequences_of(node)[0], sequence, node.end)
        return sequence

    def _split(self, node: Node, length: int) -> Node:
        """A new node for the first ``length`` tokens of ``node``'s run, above it."""
        parent = node.parent
        assert parent is not None
        upper = Node(node.tokens[:length], parent.end + length, parent, last_used=node.last_used)
        upper.children[node.tokens[length]] = node
        parent.children[upper.tokens[0]] = upper
        node.parent, node.tokens = upper, node.tokens[length:]
        return upper
