"""Which nodes of a tree of drafts are due to be visited, and which rows reach them.

Each leaf below a due node is a row: its path behind the prefix, in a padded batch. A mask over a single row, which
holds every node once, would compute less; but only some models take such a mask, and those with a state, a sliding
window or distances between cells would read it wrongly without saying so.
"""

from dataclasses import dataclass, field

from linewise.engines.base import DistPair, Visit
from linewise.engines.token_tree import TokenTree

Nodes = list[int]


@dataclass(slots=True)
class Drafting:
    """A visit of ``drafts`` under way; ``due`` are the nodes that ``visit`` asked for and has not seen."""

    drafts: TokenTree
    visit: Visit
    due: set[int] = field(default_factory=set)

    def show(self, node: int, dists: DistPair) -> None:
        """Visit a node."""
        self.due.discard(node)
        self.due |= set(self.visit(node, dists))

    def show_due(self, found: dict[int, DistPair]) -> None:
        """Visit those of the nodes in ``found`` that are due or become due by it, parents first."""
        for node in sorted(found):
            if node in self.due:
                self.show(node, found[node])

    def paths(self) -> list[Nodes]:
        """The nodes on the way to every leaf below a due node, without the root."""
        below = [False] * len(self.drafts)
        for node in range(1, len(self.drafts)):
            below[node] = node in self.due or below[self.drafts.parents[node]]
        return [self._path(node) for node in range(len(below)) if below[node] and not self.drafts.children[node]]

    def leads_on(self, path: Nodes, depth: int) -> bool:
        """Whether a due node lies on ``path`` behind its first ``depth`` nodes."""
        return any(node in self.due for node in path[depth:])

    def tokens(self, nodes: Nodes) -> list[int]:
        """The tokens that lead to these nodes."""
        return [self.drafts.tokens[node] for node in nodes]

    def _path(self, node: int) -> Nodes:
        nodes = []
        while node > 0:
            nodes.append(node)
            node = self.drafts.parents[node]
        return nodes[::-1]
