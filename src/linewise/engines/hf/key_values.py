"""Keys and values of attention: kept per piece of a prefix, laid out side by side for a batch.

Layers of one shape share one tensor, so that moving a piece takes one copy and not one for every layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import Cache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

Shape = tuple[int, int]
"""Heads and dimension of one layer's keys or values."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``planes``: the shapes of keys, values, keys, ... of all layers; ``groups``: the planes of each shape."""

    planes: tuple[Shape, ...]
    groups: tuple[tuple[int, ...], ...]
    dtype: torch.dtype
    device: torch.device

    @classmethod
    def of(cls, cache: Any) -> "Layout | None":
        """The layout of a cache that a model has filled; ``None`` where it holds anything but keys and values.

        Sliding windows count as such: their masks cut what their layers need not forget.
        """
        layers = getattr(cache, "layers", [])
        if not layers or any(type(layer) not in (DynamicLayer, DynamicSlidingWindowLayer) for layer in layers):
            return None
        tensors = [tensor for layer in layers for tensor in (layer.keys, layer.values)]
        if any(tensor is None or tensor.dim() != 4 for tensor in tensors):
            return None
        planes = tuple((tensor.shape[1], tensor.shape[3]) for tensor in tensors)
        groups = tuple(
            tuple(plane for plane, other in enumerate(planes) if other == shape) for shape in dict.fromkeys(planes)
        )
        return cls(planes, groups, tensors[0].dtype, tensors[0].device)

    def empty(self, rows: int, cells: int) -> list[torch.Tensor]:
        """Zeros ``[planes, rows, heads, cells, dimension]`` for every group: padding must hold no infinity."""
        return [
            torch.zeros(
                (len(group), rows, self.planes[group[0]][0], cells, self.planes[group[0]][1]),
                dtype=self.dtype,
                device=self.device,
            )
            for group in self.groups
        ]


@dataclass(frozen=True, slots=True)
class KeyValues:
    """Keys and values of some tokens, ``[planes, heads, tokens, dimension]`` for every group."""

    tensors: tuple[torch.Tensor, ...]

    def __len__(self) -> int:
        """Tokens."""
        return int(self.tensors[0].shape[2])

    def split(self, at: int) -> tuple["KeyValues", "KeyValues"]:
        """See ``piece_tree.Payload``."""
        heads = tuple(tensor[:, :, :at].clone() for tensor in self.tensors)
        tails = tuple(tensor[:, :, at:].clone() for tensor in self.tensors)
        return KeyValues(heads), KeyValues(tails)


class _RoomyLayer(DynamicLayer):  # type: ignore[misc] # the library's types are not read
    """A layer with room for what comes: new keys and values are written behind the old ones, nothing is moved."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, width: int) -> None:
        super().__init__()
        self._room = keys, values
        self._show(width)
        self.is_initialized = True

    def _show(self, width: int) -> None:
        self.keys, self.values = (tensor[:, :, :width] for tensor in self._room)
        self._width = width

    def get_seq_length(self) -> int:
        return self._width

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        start, end = self._width, self._width + key_states.shape[-2]
        for tensor, new in zip(self._room, (key_states, value_states), strict=True):
            tensor[:, :, start:end] = new
        self._show(end)
        return self.keys, self.values


class BatchCache:
    """The keys and values of several rows, ``width`` cells of each in use and ``room`` cells in all."""

    def __init__(self, layout: Layout, pieces: Sequence[Sequence[KeyValues]], width: int, *, room: int) -> None:
        """``pieces``: what each row holds already, put at the end of its first ``width`` cells."""
        self.width, self.room = width, room
        self._tensors = layout.empty(len(pieces), room)
        for row, parts in enumerate(pieces):
            self._put(row, parts, width - sum(map(len, parts)))
        planes = {
            plane: (group, place) for group, among in enumerate(layout.groups) for place, plane in enumerate(among)
        }
        views = [self._tensors[planes[plane][0]][planes[plane][1]] for plane in range(len(planes))]
        layers = [_RoomyLayer(keys, values, width) for keys, values in zip(views[::2], views[1::2], strict=True)]
        self.cache = Cache(layers=layers)

    def _put(self, row: int, parts: Sequence[KeyValues], start: int) -> None:
        for part in parts:
            for tensor, own in zip(self._tensors, part.tensors, strict=True):
                tensor[:, row, :, start : start + len(part)] = own
            start += len(part)

    def cut(self, row: int, start: int, end: int) -> KeyValues:
        """A copy of the keys and values in cells ``start`` to ``end`` of a row."""
        return KeyValues(tuple(tensor[:, row, :, start:end].clone() for tensor in self._tensors))
