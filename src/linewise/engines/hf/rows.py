"""Rows: token sequences that are on their way through the model, and which of them go together next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from linewise.engines.base import LogProbs

_serial = count()

PADDING = 16
"""A row joins others in a pass though it has fewer tokens to compute, up to so many or half of theirs."""


@dataclass(eq=False, slots=True)
class Row:
    """``tokens`` to be put through the model, ``done`` of which it has seen.

    ``found`` collects the log-probabilities after each of the last ``wanted`` tokens, in their order. ``place`` is
    where the memory keeps the row's state, ``None`` where it has to look for one; ``served``: the pass that last moved
    it; ``reused``: how many of its tokens the memory held when it began.
    """

    tokens: list[int]
    wanted: int = 1
    done: int = 0
    found: list[LogProbs] = field(default_factory=list)
    place: Any = None
    reused: int | None = None
    served: int = field(default_factory=lambda: next(_serial))

    @property
    def rest(self) -> int:
        """Tokens that are still to be computed."""
        return len(self.tokens) - self.done

    def go_on(self, tokens: Iterable[int], wanted: int = 1) -> None:
        """More tokens behind those that are computed; forgets what was found before them."""
        self.tokens += tokens
        self.wanted = wanted
        self.found = []

    def wanted_in(self, steps: int) -> range:
        """Of the next ``steps`` positions, counted from 0, those whose distributions are still asked for."""
        return range(len(self.tokens) - self.wanted + len(self.found) - self.done, steps)


def serve(rows: Iterable[Row]) -> None:
    """Note that a pass moved these rows."""
    number = next(_serial)
    for row in rows:
        row.served = number


def next_pass(rows: Sequence[Row], sizes: Mapping[Row, int], *, chunk: int, cells: int) -> tuple[list[Row], list[int]]:
    """The rows that go through the model together next, and how many tokens of each: ``sizes``.

    First comes the row that has waited longest, so neither long prefills nor many short steps keep others out. Others
    join while a batch as wide as its widest row has at most ``chunk`` new positions and ``cells`` positions in all, and
    while little of it is padding. At least one row goes.
    """
    queue = sorted(rows, key=lambda row: row.served)
    first = sizes[queue[0]]
    chosen: list[Row] = []
    longest = width = 0
    for row in queue:
        steps, cell = max(longest, sizes[row]), max(width, row.done + sizes[row])
        count = len(chosen) + 1
        if count == 1 or (steps * count <= chunk and cell * count <= cells and _alike(sizes[row], first)):
            chosen.append(row)
            longest, width = steps, cell
    return chosen, [sizes[row] for row in chosen]


def _alike(one: int, other: int) -> bool:
    low, high = sorted((one, other))
    return 2 * low >= high or high - low <= PADDING
