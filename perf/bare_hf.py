"""What transformers computed for an engine, computed again by the model's forward alone; see engine_throughput.py.

The passes have the same shapes: as many rows, new tokens, cells behind them and distributions, with a mask where there
was one. A cache is laid out anew, outside of what is timed, where a pass does not go on from the one before.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from linewise.engines.base import Engine
from linewise.engines.hf import HfEngine, HfOptions
from linewise.engines.hf.forward import Forward, ModelPass
from linewise.engines.hf.key_values import BatchCache, Layout
from linewise.engines.hf.loading import load

_ROOM = 64


class Transformers:
    """A model of ``hf/...`` whose state is keys and values."""

    def __init__(self, uri: str, threads: int | None) -> None:
        self._uri = uri
        self._options = HfOptions(threads=threads) if threads else HfOptions()

    @property
    def threads(self) -> int:
        """CPU threads."""
        return self._options.threads

    @contextmanager
    def watched(self, seen: Callable[[ModelPass, float, float], None]) -> Iterator[Engine]:
        """An engine; ``seen`` is told of every pass: when it began and when it ended."""
        with (
            HfEngine(self._uri, options=self._options) as engine,
            engine.watched(lambda done: seen(done, done.start, done.end)),
        ):
            yield engine

    def tokens(self, done: ModelPass) -> int:
        """Tokens that a pass of decoding generates."""
        return done.wanted

    def reads(self, done: ModelPass, agents: int) -> bool:
        """Whether a prompt is read in it."""
        del agents
        return done.columns > 1

    def bare(self, passes: Sequence[ModelPass], first: int) -> float:
        """Seconds of forward passes like those from ``first`` on."""
        forward = load(self._uri, self._options).forward
        layout = _layout(forward)
        cache: BatchCache | None = None
        seconds, before = 0.0, None
        for done in passes[first:]:
            if cache is None or (done.rows, done.cached) != before or done.cached + done.columns > cache.room:
                cache = BatchCache(layout, [[]] * done.rows, done.cached, room=done.cached + done.columns + _ROOM)
            seconds += _seconds(forward, done, cache)
            cache.width = done.cached + done.columns
            before = done.rows, cache.width
        forward.close()
        return seconds


def _layout(forward: Forward) -> Layout:
    tokens = torch.ones((1, 2), dtype=torch.long, device=forward.device)
    positions = torch.arange(2, device=forward.device)[None]
    _, cache = forward(tokens, positions=positions, mask=None, cache=None, wanted=[])
    layout = Layout.of(cache)
    if layout is None:
        raise SystemExit("the bare loop knows models alone whose state is keys and values")
    return layout


def _seconds(forward: Forward, done: ModelPass, cache: BatchCache) -> float:
    device, cells = forward.device, done.cached + done.columns
    tokens = torch.ones((done.rows, done.columns), dtype=torch.long, device=device)
    positions = torch.arange(done.cached, cells, device=device).expand(done.rows, -1)
    mask = torch.ones((done.rows, cells), dtype=torch.long, device=device) if done.masked else None
    wanted = [(number % done.rows, done.columns - 1 - number // done.rows) for number in range(done.wanted)]
    start = time.perf_counter()
    forward(tokens, positions=positions, mask=mask, cache=cache.cache, wanted=wanted)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start
