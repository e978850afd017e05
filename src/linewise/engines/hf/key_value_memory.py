"""Memory of models whose state is keys and values of attention: any prefix of a state is a state.

Pieces of prefixes are kept in a tree, every token once. For a pass they are laid out in a padded batch, which stays
as it is for as long as the same rows go on together: a decoding step then moves nothing. Each row's cells lie side by
side, padding in front, so what a model makes of distances between cells (sliding windows, ALiBi) holds as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import torch

from linewise.engines.base import LogProbs
from linewise.engines.batching.prefix_store import common_prefix
from linewise.engines.hf.forward import Forward
from linewise.engines.hf.key_values import BatchCache, KeyValues, Layout
from linewise.engines.hf.piece_tree import PieceNode, PieceTree
from linewise.engines.hf.rows import Row

_BATCHES = 4
"""Batches kept as they are; others are taken apart into the tree."""

_ROOM = 64
"""Steps that a new batch has room for."""


@dataclass(eq=False, slots=True)
class _Lane:
    """A row's place in a batch: its tokens there, the cells in front of them, the node that holds their beginning.

    ``row`` is absent once it was released. The node is pinned for as long as the lane is there.
    """

    tokens: list[int]
    pad: int
    node: PieceNode[KeyValues]
    row: Row | None


@dataclass(eq=False, slots=True)
class _Batch:
    """``even``: all lanes in use end in the last cell, so the next tokens can be written behind it."""

    lanes: list[_Lane]
    cache: BatchCache
    even: bool = True
    used: int = 0

    def adoptable(self, lane: _Lane) -> bool:
        """Whether a row can go on behind this lane, which nobody uses."""
        return self.even and lane.row is None and lane.pad + len(lane.tokens) == self.cache.width

    @property
    def cells(self) -> int:
        return len(self.lanes) * self.cache.room

    @property
    def idle(self) -> bool:
        return all(lane.row is None for lane in self.lanes)

    def fits(self, rows: set[Row], steps: int) -> bool:
        """Whether it holds these rows and no others, has room for so many steps, and is not mostly idle.

        Samples end one after the other: with no idle lanes, the others would be laid out anew each time.
        """
        room = self.even and self.cache.width + steps <= self.cache.room
        return room and 2 * len(rows) >= len(self.lanes) and {lane.row for lane in self.lanes} - {None} == rows


@dataclass(eq=False, slots=True)
class _Place:
    """Where a row is: in a lane of a batch, or else at a node of the tree, which it pins."""

    node: PieceNode[KeyValues]
    batch: _Batch | None = None
    lane: _Lane | None = None


class KeyValueMemory:
    """See ``Memory``. At most ``capacity`` tokens in the tree and twice as many cells in batches."""

    shares = True

    def __init__(self, forward: Forward, layout: Layout, capacity: int) -> None:
        self._forward, self._layout, self._capacity = forward, layout, capacity
        self._clock = count(1)
        self._tree: PieceTree[KeyValues] = PieceTree(capacity)
        self._batches: list[_Batch] = []
        self._rows: set[Row] = set()

    @property
    def held(self) -> int:
        """See ``Memory``."""
        return self._tree.used + sum(batch.cells for batch in self._batches)

    def together(self, row: Row, rows: Sequence[Row]) -> list[Row]:
        """See ``Memory``."""
        del row
        return list(rows)

    def chunk(self, row: Row, most: int) -> int:
        """See ``Memory``."""
        del row
        return most

    def forget(self) -> None:
        """See ``Memory``."""
        self._tree = PieceTree(self._capacity)
        self._batches = []
        for row in self._rows:
            row.place, row.done = None, 0

    def attach(self, rows: Sequence[Row]) -> None:
        """See ``Memory``. A lane that ends where the row goes on is taken as it is; else the tree gives the state."""
        for row in rows:
            self._rows.add(row)
            known = row.tokens[: len(row.tokens) - row.wanted]
            node = self._tree.find(known)
            lanes = [
                (common_prefix(lane.tokens, known), lane, batch) for batch in self._batches for lane in batch.lanes
            ]
            shared, lane, batch = max(lanes, key=lambda entry: entry[0], default=(0, None, None))
            if lane is None or batch is None or shared <= node.length:
                self._put(row, node)
            elif shared == len(lane.tokens) and batch.adoptable(lane):
                lane.row, row.place, row.done = row, _Place(lane.node, batch, lane), shared
            else:
                self._save(batch, lane)
                self._put(row, self._tree.find(known))

    def release(self, rows: Sequence[Row]) -> None:
        """See ``Memory``."""
        for row in rows:
            self._rows.discard(row)
            place, row.place = row.place, None
            if place is not None and place.lane is not None:
                place.lane.row = None
            elif place is not None:
                place.node.pins -= 1

    def compute(self, rows: Sequence[Row], steps: Sequence[int]) -> None:
        """See ``Memory``. Shorter rows are padded behind; such a batch is taken apart before its next pass."""
        batch = self._batch_of(rows, max(steps))
        batch.used = next(self._clock)
        batch.even = min(steps) == max(steps)
        places = {lane.row: at for at, lane in enumerate(batch.lanes) if lane.row is not None}
        wanted = [(row, column) for row, step in zip(rows, steps, strict=True) for column in row.wanted_in(step)]
        parts: list[list[int]] = [[] for _ in batch.lanes]
        for row, step in zip(rows, steps, strict=True):
            parts[places[row]] = row.tokens[row.done : row.done + step]
        found = self._run(batch, parts, [(places[row], column) for row, column in wanted])
        for row, step in zip(rows, steps, strict=True):
            batch.lanes[places[row]].tokens += parts[places[row]]
            row.done += step
        for (row, _), log_probs in zip(wanted, found, strict=True):
            row.found.append(log_probs)

    def _run(self, batch: _Batch, parts: list[list[int]], wanted: list[tuple[int, int]]) -> list[LogProbs]:
        """One pass over ``batch``, with the next tokens of every lane; an idle one has none and is all padding.

        A row's own tokens stand side by side; padding before and behind them is masked.
        """
        width, steps, device = batch.cache.width, max(map(len, parts)), self._forward.device
        tokens = torch.tensor([part + [0] * (steps - len(part)) for part in parts], device=device)
        starts = torch.tensor(
            [[len(lane.tokens) if part else 0] for lane, part in zip(batch.lanes, parts, strict=True)]
        )
        lengths = torch.tensor([[max(1, len(part))] for part in parts], device=device)
        positions = starts.to(device) + torch.minimum(torch.arange(steps, device=device), lengths - 1)
        mask = None
        if any(lane.pad for lane in batch.lanes) or any(len(part) < steps for part in parts):
            cells = torch.arange(width + steps, device=device)
            pads = torch.tensor([[lane.pad] for lane in batch.lanes], device=device)
            mask = ((cells >= pads) & (cells < width + lengths)).long()
        found, _ = self._forward(tokens, positions=positions, mask=mask, cache=batch.cache.cache, wanted=wanted)
        batch.cache.width = width + steps
        return found

    def _batch_of(self, rows: Sequence[Row], steps: int) -> _Batch:
        """The batch whose lanes are these rows: one that is there, or a new one."""
        batch: _Batch | None = rows[0].place.batch
        if batch is not None and batch.fits(set(rows), steps):
            return batch
        for other in list(self._batches):
            if any(row.place.batch is other for row in rows):
                self._take_apart(other)
        return self._new_batch(rows, steps)

    def _new_batch(self, rows: Sequence[Row], steps: int) -> _Batch:
        width = max(row.done for row in rows)
        most = 2 * self._capacity // len(rows) - width
        room = width + max(steps, min(most, max(_ROOM, *(row.rest for row in rows))))
        while self._batches and (len(self._batches) >= _BATCHES or self._cells + len(rows) * room > 2 * self._capacity):
            self._take_apart(min(self._batches, key=lambda batch: (not batch.idle, batch.used)))
        pads = [width - row.done for row in rows]
        nodes: list[PieceNode[KeyValues]] = [row.place.node for row in rows]
        pieces = [[node.payload for node in last.path() if node.payload is not None] for last in nodes]
        lanes = [
            _Lane(row.tokens[: row.done], pad, node, row) for row, pad, node in zip(rows, pads, nodes, strict=True)
        ]
        batch = _Batch(lanes, BatchCache(self._layout, pieces, width, room=room))
        for row, lane in zip(rows, lanes, strict=True):
            row.place = _Place(lane.node, batch, lane)
        self._batches.append(batch)
        return batch

    @property
    def _cells(self) -> int:
        return sum(batch.cells for batch in self._batches)

    def _take_apart(self, batch: _Batch) -> None:
        """Save what the batch holds in the tree; its rows stand at the tree's nodes afterwards.

        The rows come first: what nobody uses may have to make room for them.
        """
        for lane in sorted(batch.lanes, key=lambda lane: lane.row is None):
            self._save(batch, lane)
        for lane in batch.lanes:
            if lane.row is None:
                lane.node.pins -= 1
            else:
                lane.row.place, lane.row.done = _Place(lane.node), lane.node.length
        self._batches.remove(batch)

    def _save(self, batch: _Batch, lane: _Lane) -> None:
        """Copy what only the lane holds to the tree, where there is room; else it has to be computed again one day."""
        self._move(lane, self._tree.find(lane.tokens))  # others may have brought some of it there meanwhile
        start, end = lane.node.length, len(lane.tokens)
        if start == end or not self._make_room(end - start, keep=lane):
            return
        piece = batch.cache.cut(batch.lanes.index(lane), lane.pad + start, lane.pad + end)
        self._move(lane, self._tree.insert(lane.node, lane.tokens[start:], piece))

    def _make_room(self, tokens: int, *, keep: _Lane) -> bool:
        """By eviction from the tree; where lanes that nobody uses pin too much of it, by emptying these, but ``keep``.

        So there is always room for rows in use, which fit into the tree together.
        """
        while not self._tree.make_room(tokens):
            unused = [
                (batch.used, lane)
                for batch in self._batches
                for lane in batch.lanes
                if lane.row is None and lane is not keep and lane.node is not self._tree.root
            ]
            if not unused:
                return False
            _, lane = min(unused, key=lambda entry: entry[0])
            lane.tokens = []
            self._move(lane, self._tree.root)
        return True

    def _move(self, lane: _Lane, node: PieceNode[KeyValues]) -> None:
        lane.node.pins -= 1
        node.pins += 1
        lane.node = node
        if lane.row is not None:
            lane.row.place.node = node

    def _put(self, row: Row, node: PieceNode[KeyValues]) -> None:
        node.pins += 1
        row.place, row.done = _Place(node), node.length
