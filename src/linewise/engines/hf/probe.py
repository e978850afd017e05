"""Which memory fits a model. Its cache is tried, not looked up by the model's name.

A sequence is computed in one pass without a cache; a memory fits where it gives the same distributions in pieces and
beside another row. So a model that a library version handles wrongly falls back to a memory that asks less of it.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch

from linewise.engines.base import LogProbs
from linewise.engines.hf.forward import Forward
from linewise.engines.hf.key_value_memory import KeyValueMemory
from linewise.engines.hf.key_values import Layout
from linewise.engines.hf.memory import Memory
from linewise.engines.hf.rows import Row
from linewise.engines.hf.state_memory import StateMemory
from linewise.errors import EngineError

_CLOSE = 0.2
"""How far apart distributions may be, as a share of how far neighbours in the sequence are apart: rounding gives some
hundredths in bfloat16, a state that was lost about one.
"""


def choose_memory(forward: Forward, *, capacity: int) -> tuple[Memory, int]:
    """The memory for a model, and the length of its distributions. Raises ``EngineError`` where none fits."""
    tokens = [(7 * at * at + 3 * at + 5) % 97 for at in range(24)]
    expected, cache = _whole(forward, tokens)
    _check_numbers(expected, forward.dtype)
    for memory in _memories(forward, cache, capacity):
        if _fits(memory, tokens, expected):
            memory.forget()
            return memory, len(expected[0])
    raise EngineError("this model keeps no cache that it goes on from as if it had read everything at once")


def _check_numbers(found: list[LogProbs], dtype: torch.dtype) -> None:
    """Raise where there is a NaN: what a model computes in float16 may grow beyond its largest number."""
    if any(np.isnan(log_probs).any() for log_probs in found):
        mend = "its files may be damaged" if dtype == torch.float32 else "set engine.dtype, for instance to float32"
        raise EngineError(f"in {str(dtype).removeprefix('torch.')} this model's distributions are no numbers: {mend}")


def _memories(forward: Forward, cache: object, capacity: int) -> Iterator[Memory]:
    layout = Layout.of(cache)
    if layout is not None:
        yield KeyValueMemory(forward, layout, capacity)
    if cache is not None:
        yield StateMemory(forward, capacity, chunked=True)
        yield StateMemory(forward, capacity, chunked=False)


def _whole(forward: Forward, tokens: list[int]) -> tuple[list[LogProbs], object]:
    positions = torch.arange(len(tokens), device=forward.device)[None]
    wanted = [(0, at) for at in range(len(tokens))]
    ids = torch.tensor([tokens], device=forward.device)
    return forward(ids, positions=positions, mask=None, cache=None, wanted=wanted)


def _fits(memory: Memory, tokens: list[int], expected: list[LogProbs]) -> bool:
    """Pieces of 7 and 9 and single tokens, forked after the first piece, beside a longer row where rows go together."""
    try:
        found = list(_in_pieces(memory, tokens))
    except Exception:  # whatever a model raises at what it cannot do: it does not fit
        memory.forget()
        return False
    scale = np.mean([_distance(one, other) for one, other in pairwise(expected)])
    return all(_distance(log_probs, expected[at]) <= _CLOSE * scale for at, log_probs in found)


def _in_pieces(memory: Memory, tokens: list[int]) -> Iterator[tuple[int, LogProbs]]:
    base = Row(tokens[:7])
    _compute(memory, [base])
    yield 6, base.found[0]
    memory.release([base])
    rows = [Row(tokens[:9], wanted=2), Row(tokens[:16], wanted=9)]
    _compute(memory, rows)
    for end in (17, 18):
        yield from ((len(row.tokens) - row.wanted + at, found) for row in rows for at, found in enumerate(row.found))
        for row in rows:
            row.go_on(tokens[len(row.tokens) : len(row.tokens) + end - 16])
        _compute(memory, rows)
    memory.release(rows)


def _compute(memory: Memory, rows: list[Row]) -> None:
    memory.attach([row for row in rows if row.place is None])
    while due := [row for row in rows if row.rest]:
        together = memory.together(due[0], due)
        steps = [min(row.rest, memory.chunk(row, 64)) for row in together]
        memory.compute(together, steps)


def _distance(one: LogProbs, other: LogProbs) -> float:
    """The total variation between two distributions."""
    return float(np.abs(np.exp(one) - np.exp(other)).sum() / 2)
