"""A model as a function: tokens and cache in, log-probabilities out. Only the public interface of transformers."""

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from linewise.engines.base import LogProbs


class ModelPass(NamedTuple):
    """One pass: ``rows`` of ``columns`` new tokens behind ``cached`` cells, from second ``start`` to second ``end``.

    ``wanted``: how many distributions were; they are on the CPU by its end.
    """

    rows: int
    columns: int
    cached: int
    masked: bool
    wanted: int
    start: float
    end: float


class Forward:
    """One pass of a causal language model. What its ``forward`` takes is read from its signature, once."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._takes = set(inspect.signature(model.forward).parameters)
        self._cache = "cache" if "cache" in self._takes else "past_key_values"
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.seen: Callable[[ModelPass], None] | None = None

    def close(self) -> None:
        """Free the model; the object is of no use afterwards."""
        self._model = None
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def __call__(
        self,
        tokens: torch.Tensor,
        *,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
        cache: Any,
        wanted: Sequence[tuple[int, int]],
    ) -> tuple[list[LogProbs], Any]:
        """Log-probabilities at the ``wanted`` (row, column) places of ``tokens``, and the cache behind them.

        ``tokens``, ``positions``: ``[rows, columns]``; ``mask``: ``[rows, cells]``, 0 where a cell is padding.
        ``seen``, where somebody watches, is told of the pass.
        """
        seen, start = self.seen, time.perf_counter()
        cached = 0 if seen is None else _length(cache)
        result = self._pass(tokens, positions, mask, cache, wanted)
        if seen is not None:
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            rows, columns = tokens.shape
            seen(ModelPass(rows, columns, cached, mask is not None, len(wanted), start, time.perf_counter()))
        return result

    @torch.inference_mode()
    def _pass(
        self,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
        cache: Any,
        wanted: Sequence[tuple[int, int]],
    ) -> tuple[list[LogProbs], Any]:
        columns = sorted({column for _, column in wanted}) or [tokens.shape[1] - 1]
        given: dict[str, Any] = {"attention_mask": mask, "position_ids": positions, "use_cache": True}
        if "logits_to_keep" in self._takes:
            given["logits_to_keep"] = torch.tensor(columns, device=self.device)
        given = {key: value for key, value in given.items() if key in self._takes}
        output = self._model(tokens, **given, **({self._cache: cache} if cache is not None else {}))
        kept = columns if "logits_to_keep" in self._takes else range(tokens.shape[1])
        found = _log_probs(output.logits, [(row, kept.index(column)) for row, column in wanted])
        return found, getattr(output, self._cache, None)


def _length(cache: Any) -> int:
    """Cells of a cache; 0 where it counts none."""
    length = getattr(cache, "get_seq_length", None)
    return 0 if length is None else int(length())


def _log_probs(logits: torch.Tensor, places: Sequence[tuple[int, int]]) -> list[LogProbs]:
    """The log-softmax, in float32, of these rows and columns: one transfer for all, then each on its own.

    On its own, so that keeping one distribution does not keep those of the whole batch.
    """
    if not places:
        return []
    rows, columns = (torch.tensor(part, device=logits.device) for part in zip(*places, strict=True))
    block = logits[rows, columns].float().log_softmax(dim=-1).cpu().numpy()
    found: list[LogProbs] = [np.array(line, dtype=np.float32) for line in block]
    for line in found:
        line.setflags(write=False)  # callers get what the engine keeps
    return found
