"""A model that is a rule, with a memory that checks how it is used: what every sequence holds, cell by cell."""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from linewise.engines.base import LogProbs
from linewise.engines.batching.prefix_store import CacheFull
from linewise.engines.batching.scheduler import Position
from linewise.engines.sampling import log_softmax

VOCABULARY = 6


def rule(tokens: Sequence[int]) -> LogProbs:
    """The distribution after ``tokens``: any numbers, but always the same."""
    rng = np.random.default_rng([7, *tokens])
    return log_softmax(rng.normal(size=VOCABULARY).astype(np.float32))


class FakeModel:
    """``Memory`` and ``Model``. A cell is a number that is given once; a copy shares the cells of its source."""

    def __init__(self, *, capacity: int = 1 << 20, whole_only: bool = False) -> None:
        self.sequences: dict[int, list[tuple[int, int]]] = {}
        self.passes: list[list[Position]] = []
        self.errors: list[Exception | None] = []  # of the passes to come, the next one last; None: it goes well
        self.at_pass: Callable[[], None] = lambda: None
        self.gate = threading.Event()
        self.gate.set()
        self._capacity, self._whole_only = capacity, whole_only
        self._next = 0

    def copy(self, source: int, target: int, length: int) -> None:
        held = self.sequences.get(source, [])  # shorter than ``length`` where the rest is in the batch to come
        assert not self._whole_only or length == len(held), "this memory cannot be rewound"
        assert not self.sequences.get(target), "a sequence is free before it is copied to"
        self.sequences[target] = held[:length]

    def cut(self, sequence: int, length: int) -> None:
        assert length == 0 or not self._whole_only, "this memory cannot be rewound"
        self.sequences[sequence] = self.sequences.get(sequence, [])[:length]

    def compute(self, batch: Sequence[Position]) -> dict[int, LogProbs]:
        self.gate.wait()
        self.passes.append(list(batch))
        self.at_pass()
        if self.errors and (error := self.errors.pop()):
            raise error
        found = {}
        for index, position in enumerate(batch):
            tokens = self._write(position)
            if position.wanted:
                found[index] = rule(tokens)
        if self.used > self._capacity:
            raise CacheFull
        return found

    def _write(self, position: Position) -> list[int]:
        assert position.sequences
        self._next += 1
        for sequence in position.sequences:
            held = self.sequences.setdefault(sequence, [])
            assert len(held) == position.place, "positions of a sequence follow each other"
            held.append((self._next, position.token))
        texts = [self.tokens(sequence) for sequence in position.sequences]
        assert all(text == texts[0] for text in texts), "what shares a cell is the same prefix"
        return texts[0]

    def tokens(self, sequence: int) -> list[int]:
        return [token for _, token in self.sequences.get(sequence, [])]

    @property
    def used(self) -> int:
        return len({cell for held in self.sequences.values() for cell, _ in held})
