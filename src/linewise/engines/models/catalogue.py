"""The models that have a short name: where their files come from, and what these must hash to."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from linewise.errors import InputError


@dataclass(frozen=True, slots=True)
class Model:
    """A model file. ``sha256`` is ``None`` where nobody has stated it; see ``catalogue.toml`` for the other fields."""

    name: str
    file: str
    bytes: int
    sha256: str | None
    repo: str | None = None
    revision: str | None = None
    parts: tuple[str, ...] = ()
    member: str = ".bin"


@cache
def catalogue() -> Mapping[str, Model]:
    """All models of ``catalogue.toml``, by short name."""
    text = resources.files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return {name: Model(name, **{**table, "parts": tuple(table["parts"])}) for name, table in tables.items()}


def find_model(name: str) -> Model:
    """The model with this short name. Raises ``InputError`` that lists the names."""
    if name not in catalogue():
        known = ", ".join(catalogue())
        raise InputError(f"{name}: no such model; name {known}, gguf/<path> or gguf/<hub repo>:<quant>")
    return catalogue()[name]
