"""Nested values by dotted key, as settings are written."""

from collections.abc import Iterator, Mapping
from typing import Any


def dotted(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"a": {"b": 1}}`` as ``{"a.b": 1}``; what is empty stays as it is."""
    return dict(_pairs(content, prefix))


def _pairs(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from _pairs(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
