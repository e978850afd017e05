"""The settings by dotted key, as ``-o`` and messages name them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from linewise.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One of the settings: its dotted key, its value and what it means."""

    key: str
    value: Any
    meaning: str


def every_setting(settings: Settings) -> Iterator[Setting]:
    """All of ``settings``, section by section."""
    yield from _below(settings, "")


def every_key() -> Iterator[str]:
    """The keys of all settings."""
    yield from (one.key for one in every_setting(Settings.model_construct()))


def _below(section: Any, prefix: str) -> Iterator[Setting]:
    for name, field in _fields(section).items():
        value = getattr(section, name)
        if _fields(value):
            yield from _below(value, f"{prefix}{name}.")
        else:
            yield Setting(prefix + name, value, field.description or "")


def _fields(value: Any) -> Mapping[str, FieldInfo]:
    """The fields of a section, none of a plain value."""
    return getattr(type(value), "__pydantic_fields__", {})
