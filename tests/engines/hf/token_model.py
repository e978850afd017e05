"""A model whose keys are the tokens themselves: what it says after a token is which tokens it sees there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from linewise.engines.hf.key_values import Layout

LAYOUT = Layout(planes=((1, 1), (1, 1)), groups=((0, 1),), dtype=torch.float32, device=torch.device("cpu"))


class TokenModel:
    """In place of ``Forward``. Its answers stand for distributions: memories look into none."""

    device = torch.device("cpu")

    def __call__(
        self,
        tokens: torch.Tensor,
        *,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
        cache: Any,
        wanted: Sequence[tuple[int, int]],
    ) -> tuple[list[np.ndarray], Any]:
        new = tokens[:, None, :, None].float()
        ((cells, _),) = [layer.update(new, new) for layer in cache.layers]
        start = cells.shape[2] - tokens.shape[1]
        seen = torch.ones(cells.shape[0], cells.shape[2]) if mask is None else mask
        found = []
        for row, column in wanted:
            end = start + column + 1
            found.append(cells[row, 0, :end, 0][seen[row, :end] == 1].numpy().copy())
            assert positions[row, column] == len(found[-1]) - 1
        return found, cache
