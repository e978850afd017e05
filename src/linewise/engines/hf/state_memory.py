"""Memory of models whose state cannot be cut (recurrent, convolutional, hybrid): a state is one whole cache.

It serves a prefix only where its own tokens are the beginning of it, all of them. The cache is the model's own and
stays closed: it is copied whole, its rows are chosen by ``reorder_cache``, and it grows in place. So samples of one
prefix go through the model together, while prefixes of other lengths go one by one.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch

from linewise.engines.hf.forward import Forward
from linewise.engines.hf.rows import Row


@dataclass(eq=False, slots=True)
class _State:
    """The cache of some rows, ``length`` tokens of each; ``rows[i]`` is absent once it was released."""

    cache: Any
    tokens: list[list[int]]
    rows: list[Row | None]
    used: int = 0

    @property
    def length(self) -> int:
        return len(self.tokens[0])

    @property
    def size(self) -> int:
        return len(self.tokens) * self.length

    @property
    def idle(self) -> bool:
        return not any(self.rows)

    def keep(self, places: Sequence[int], device: torch.device) -> None:
        """Keep these rows of the cache, in this order; a row may be named more than once."""
        if list(places) != list(range(len(self.tokens))):
            if self.cache is not None:
                self.cache.reorder_cache(torch.tensor(places, device=device))
            self.tokens = [list(self.tokens[place]) for place in places]
            self.rows = [self.rows[place] for place in places]


class StateMemory:
    """See ``Memory``. At most twice ``capacity`` tokens: those of a call, and what they were copied from.

    ``chunked``: the model goes on from a state with several tokens at once; else with one at a time, and a prefix
    without a state is computed in one pass, whatever its length.
    """

    shares = False

    def __init__(self, forward: Forward, capacity: int, *, chunked: bool) -> None:
        self._forward, self._capacity, self._chunked = forward, capacity, chunked
        self._clock = count(1)
        self._states: list[_State] = []

    @property
    def held(self) -> int:
        """See ``Memory``."""
        return sum(state.size for state in self._states)

    def together(self, row: Row, rows: Sequence[Row]) -> list[Row]:
        """See ``Memory``."""
        return [other for other in rows if other.place is row.place]

    def chunk(self, row: Row, most: int) -> int:
        """See ``Memory``."""
        if self._chunked:
            return max(1, most // len(row.place.rows))
        return 1 if row.done else row.rest

    def forget(self) -> None:
        """See ``Memory``."""
        for row in (row for state in self._states for row in state.rows if row is not None):
            row.place, row.done = None, 0
        self._states = []

    def attach(self, rows: Sequence[Row]) -> None:
        """See ``Memory``. Rows that begin alike and go on equally far share a copy; one alone takes the state."""
        groups: dict[tuple[int, int, int], list[Row]] = {}
        sources: dict[int, tuple[_State, int]] = {}
        for row in rows:
            state, place = self._best(row)
            key = (id(state), place, row.rest if state is None else len(row.tokens) - state.length)
            groups.setdefault(key if state is not None else (id(row), 0, 0), []).append(row)
            if state is not None:
                sources[id(row)] = state, place
        claims = [(state, place) for state, place in sources.values()]
        for group in groups.values():
            state, place = sources.get(id(group[0]), (None, 0))
            if state is None:
                self._add(_State(None, [[]], [None]), group)
            elif state.idle and len(group) == 1 and sum(claim[0] is state for claim in claims) == 1:
                state.keep([place], self._forward.device)
                self._bind(state, group)
            else:
                self._add(self._copy(state, place, len(group)), group)

    def release(self, rows: Sequence[Row]) -> None:
        """See ``Memory``."""
        for row in rows:
            state, row.place = row.place, None
            if state is not None:
                state.rows = [None if other is row else other for other in state.rows]
        self._evict(2 * self._capacity)

    def compute(self, rows: Sequence[Row], steps: Sequence[int]) -> None:
        """See ``Memory``. The rows are of one state; what else it held is given up, and rows in it begin anew."""
        state: _State = rows[0].place
        device = self._forward.device
        for row in state.rows:
            if row is not None and row not in rows:
                row.place, row.done = None, 0
        state.keep([state.rows.index(row) for row in rows], device)
        state.used = next(self._clock)
        parts = [row.tokens[row.done : row.done + steps[0]] for row in rows]
        positions = torch.arange(rows[0].done, rows[0].done + steps[0], device=device).expand(len(rows), -1)
        wanted = [(at, column) for at, row in enumerate(rows) for column in row.wanted_in(steps[0])]
        tokens = torch.tensor(parts, device=device)
        found, state.cache = self._forward(tokens, positions=positions, mask=None, cache=state.cache, wanted=wanted)
        for place, (row, part) in enumerate(zip(rows, parts, strict=True)):
            state.tokens[place] += part
            row.done += len(part)
        for (at, _), log_probs in zip(wanted, found, strict=True):
            rows[at].found.append(log_probs)

    def _best(self, row: Row) -> tuple[_State | None, int]:
        """The longest state that is a beginning of what the row has to have behind it, and its place in its cache."""
        known = row.tokens[: len(row.tokens) - row.wanted]
        found = [
            (state.length, state, place)
            for state in self._states
            for place, tokens in enumerate(state.tokens)
            if tokens and tokens == known[: len(tokens)]
        ]
        _, state, place = max(found, key=lambda entry: entry[0], default=(0, None, 0))
        return state, place

    def _copy(self, state: _State, place: int, times: int) -> _State:
        made = _State(copy.deepcopy(state.cache), [list(tokens) for tokens in state.tokens], [None] * len(state.tokens))
        made.keep([place] * times, self._forward.device)
        return made

    def _add(self, state: _State, rows: list[Row]) -> None:
        self._evict(2 * self._capacity - sum(len(row.tokens) for row in rows))
        self._states.append(state)
        self._bind(state, rows)

    def _bind(self, state: _State, rows: list[Row]) -> None:
        state.rows = list(rows)
        state.used = next(self._clock)
        for row in rows:
            row.place, row.done = state, state.length

    def _evict(self, most: int) -> None:
        """Drop idle states, least recently used first, until at most ``most`` tokens are held."""
        for state in sorted((state for state in self._states if state.idle), key=lambda state: state.used):
            if self.held <= most:
                return
            self._states.remove(state)
