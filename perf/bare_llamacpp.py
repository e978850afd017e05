"""What llama.cpp computed for an engine, computed again by nothing but ``llama_decode``; see engine_throughput.py."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import watched_decode

from linewise.engines.base import Engine
from linewise.engines.batching.scheduler import Position
from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.engines.llamacpp.native import Native
from linewise.engines.options import LlamaCppOptions

Batch = list[Position]


class LlamaCpp:
    """A GGUF file. A pass is its batch of positions."""

    def __init__(self, path: Path, threads: int | None) -> None:
        self._path = path
        self._options = LlamaCppOptions(threads=threads) if threads else LlamaCppOptions()

    @property
    def threads(self) -> int:
        """CPU threads."""
        return self._options.threads

    @contextmanager
    def watched(self, seen: Callable[[Batch, float, float], None]) -> Iterator[Engine]:
        """An engine; ``seen`` is told of every pass: when it began and when it ended."""
        with (
            LlamaCppEngine(self._path, options=self._options) as engine,
            watched_decode(lambda batch, start, end: seen(_positions(batch), start, end)),
        ):
            yield engine

    def tokens(self, batch: Batch) -> int:
        """Tokens that a pass of decoding generates."""
        return len(batch)

    def reads(self, batch: Batch, agents: int) -> bool:
        """Whether a prompt is read in it."""
        return len(batch) > agents

    def bare(self, batches: Sequence[Batch], first: int) -> float:
        """Seconds of ``llama_decode`` alone for the batches from ``first`` on, after all earlier ones."""
        native = Native(self._path, self._options, sequences=256)
        seconds: list[float] = []
        try:
            for batch in batches[:first]:
                native.compute(batch)
            with watched_decode(lambda batch, start, end: seconds.append(end - start)):
                for batch in batches[first:]:
                    native.compute(batch)
            return sum(seconds)
        finally:
            native.close()


def _positions(batch: Any) -> Batch:
    return [
        Position(
            batch.token[index],
            batch.pos[index],
            [batch.seq_id[index][number] for number in range(batch.n_seq_id[index])],
            bool(batch.logits[index]),
        )
        for index in range(batch.n_tokens)
    ]
