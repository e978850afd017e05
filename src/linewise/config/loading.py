"""Where settings come from, strongest first: flags, environment, ``linewise.toml``, the preset."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsError

from linewise.config.messages import Source, Values, explain, explain_environment, holds
from linewise.config.settings import PRESETS, Settings
from linewise.config.variables import refuse_unknown, variables_of
from linewise.errors import InputError

FILE = Path("linewise.toml")


def load_settings(
    flags: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    *,
    options: Mapping[str, Any] | None = None,
    file: Path | None = None,
    place: str = "option {key}",
) -> Settings:
    """The settings of one run.

    ``flags``: values by dotted key, ``None`` for what was not given; ``place`` is how messages name them (``{flag}``:
    the last part of the key as a flag). ``overrides``: ``section.key=value`` texts, stronger than ``flags``.
    ``options``: the same as values by dotted key, of which ``None`` is one. Where ``guidance.prompt`` is given and
    ``eg_cfg.prompts`` is not, those of the preset give way to it.
    ``file``: instead of ``linewise.toml`` in the current folder. Raises ``InputError`` naming source and key.
    """
    given = [(key, value) for key, value in (flags or {}).items() if value is not None]
    overriding = list(map(_override, overrides))
    strongest = _nested([*given, *overriding, *(options or {}).items()])
    stored = _read_file(file)
    refuse_unknown()
    preset = _preset_name(strongest, stored.values)
    weakest = Source(_read_preset(preset), f"preset {preset}: {{key}}")
    if _given("guidance.prompt", strongest, stored.values) and not _given("eg_cfg.prompts", strongest, stored.values):
        weakest.values["eg_cfg"].pop("prompts", None)
    sources = [Source(_nested(overriding), "-o {key}"), Source(strongest, place), stored, weakest]
    try:
        return _layered(stored.values, weakest.values)(**strongest)
    except SettingsError as error:
        raise InputError(explain_environment(error)) from error
    except ValidationError as error:
        raise InputError(explain(error.errors()[0], sources)) from error


def recorded_settings(values: Mapping[str, Any], place: str) -> Settings:
    """The settings that a run was made with, as it recorded them; environment, file and preset add nothing to them.

    Raises ``InputError``, which names ``place``, where they are those of another version.
    """
    try:
        return _layered(environment=False).model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{place}: settings.{key}: {first['msg']}; another version of linewise made it") from error


def _layered(*weaker: Values, environment: bool = True) -> type[Settings]:
    """``Settings`` that also read ``weaker``, strongest first, below flags and, unless told otherwise, environment."""

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            given = (init_settings, env_settings) if environment else (init_settings,)
            return (*given, *(InitSettingsSource(settings_cls, values) for values in weaker))

    return Layered


def _override(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError(f"-o {text}: write section.key=value, for instance guidance.gamma=1.5")
    return key.strip(), None if value.strip().lower() == "none" else value.strip()


def _nested(pairs: Sequence[tuple[str, Any]]) -> Values:
    nested: Values = {}
    for key, value in pairs:
        *sections, last = key.split(".")
        table = nested
        for section in sections:
            table = table.setdefault(section, {})
            if not isinstance(table, dict):
                raise InputError(f"-o {key}: {section} is no section")
        table[last] = value
    return nested


def _read_file(file: Path | None) -> Source:
    path = file or FILE
    if file is None and not path.is_file():
        return Source({}, "")
    try:
        return Source(tomllib.loads(path.read_text("utf-8")), f"{path}: {{key}}")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: no valid TOML: {error}") from error


def _preset_name(flags: Values, stored: Values) -> str:
    """The preset that was chosen; where there is none of that name, the first one, for validation reports the name."""
    variable = next((os.environ[name] for name in variables_of(["preset"])), None)
    name = flags.get("preset") or variable or stored.get("preset")
    return name if name in PRESETS else PRESETS[0]


def _read_preset(name: str) -> Values:
    text = resources.files("linewise.config").joinpath(f"presets/{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def _given(key: str, *sources: Values) -> bool:
    """Whether the user says what ``key`` is: in one of ``sources`` or in the environment."""
    path = key.split(".")
    return any(holds(source, path) for source in sources) or any(True for _ in variables_of(path))
