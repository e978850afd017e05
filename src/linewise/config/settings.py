"""All that a user can set. Sources, strongest first: flags, environment, ``linewise.toml``, the preset."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from linewise.engines.options import EngineOptions
from linewise.errors import InputError
from linewise.execution.base import Limits
from linewise.guidance.options import GuidanceOptions
from linewise.strategies.options import BestOfNOptions, EgCfgOptions

PRESETS = ("default", "paper")
ENV_PREFIX = "LINEWISE_"
FILE = Path("linewise.toml")

Values = dict[str, Any]


class _Source(NamedTuple):
    """Values by key, and how a key is written where they come from (``{key}`` is dotted)."""

    values: Values
    place: str


class Settings(BaseSettings):
    """Everything that one run of linewise is configured by; made by ``load_settings``."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, protected_namespaces=()
    )

    model: str = Field(default="qwen2.5-coder-0.5b", description="model URI or short name")
    preset: Literal["default", "paper"] = "default"
    strategy: Literal["direct", "best-of-n", "eg-cfg"] = "eg-cfg"
    sandbox: Literal["bubblewrap", "process"] = "bubblewrap"
    preload: str = Field(default="", pattern=r"^([\w.]+(,[\w.]+)*)?$", description="modules, separated by commas")
    python: str | None = Field(default=None, min_length=1, description="interpreter of programs; None: linewise's own")
    seed: int = Field(default=0, ge=0, lt=1 << 62)
    max_seconds: float | None = Field(default=None, gt=0)
    max_tokens_computed: int | None = Field(default=None, gt=0)
    guidance: GuidanceOptions = GuidanceOptions()
    best_of_n: BestOfNOptions = BestOfNOptions()
    eg_cfg: EgCfgOptions = EgCfgOptions()
    engine: EngineOptions = EngineOptions()
    limits: Limits = Limits()

    @property
    def preloaded(self) -> tuple[str, ...]:
        """``preload`` as names."""
        return tuple(filter(None, self.preload.split(",")))


def load_settings(
    flags: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    *,
    file: Path | None = None,
    place: str = "option {key}",
) -> Settings:
    """The settings of one run.

    ``flags``: values by dotted key, ``None`` for what was not given; ``place`` is how messages name them (``{flag}``:
    the last part of the key as a flag). ``overrides``: ``section.key=value`` texts, stronger than ``flags``.
    ``file``: instead of ``linewise.toml`` in the current folder. Raises ``InputError`` naming source and key.
    """
    given = [(key, value) for key, value in (flags or {}).items() if value is not None]
    overriding = list(map(_override, overrides))
    strongest = _nested([*given, *overriding])
    stored = _read_file(file)
    preset = _preset_name(strongest, stored.values)
    weakest = _Source(_read_preset(preset), f"preset {preset}: {{key}}")
    sources = [_Source(_nested(overriding), "-o {key}"), _Source(strongest, place), stored, weakest]
    try:
        return _layered(stored.values, weakest.values)(**strongest)
    except SettingsError as error:
        raise InputError(_explain_environment(error)) from error
    except ValidationError as error:
        raise InputError(_explain(error.errors()[0], sources)) from error


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


def _read_file(file: Path | None) -> _Source:
    path = file or FILE
    if file is None and not path.is_file():
        return _Source({}, "")
    try:
        return _Source(tomllib.loads(path.read_text("utf-8")), f"{path}: {{key}}")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: no valid TOML: {error}") from error


def _preset_name(flags: Values, stored: Values) -> str:
    """The preset that was chosen; where there is none of that name, the first one, for validation reports the name."""
    name = flags.get("preset") or os.environ.get(f"{ENV_PREFIX}PRESET") or stored.get("preset")
    return name if name in PRESETS else PRESETS[0]


def _read_preset(name: str) -> Values:
    text = resources.files("linewise.config").joinpath(f"presets/{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def _explain(error: ErrorDetails, sources: Sequence[_Source]) -> str:
    """One line: where the value came from, what is wrong, and the mend."""
    path = [str(part) for part in error["loc"]]
    key = ".".join(path)
    given, others = sources[:2], sources[2:]
    places = [
        *(source.place for source in given if _holds(source.values, path)),
        *_variables(path),
        *(source.place for source in others if _holds(source.values, path)),
    ]
    flag = "--" + path[-1].replace("_", "-")
    where = next(iter(places), "{key}").format(key=key, flag=flag)
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        near = difflib.get_close_matches(key, list(_keys()), n=1)
        return f"{where}: there is no such key" + (f"; did you mean {near[0]}?" if near else "")
    return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}, not {error['input']!r}"


def _explain_environment(error: SettingsError) -> str:
    """One line about a variable that stands for a whole section and is no JSON."""
    sections = [name for name in Settings.model_fields if f'"{name}"' in str(error)]
    name = "".join(_variables(sections)) or "environment"
    return f"{name}: no valid JSON; set a single key, such as {ENV_PREFIX}GUIDANCE__GAMMA=1.5"


def _variables(path: Sequence[str]) -> Iterator[str]:
    """The environment variables that hold the value at ``path``, as the user wrote them."""
    whole = ENV_PREFIX + "__".join(path).upper()
    sections = {ENV_PREFIX + "__".join(path[:end]).upper() for end in range(1, len(path))}
    for name in os.environ:
        if name.upper() == whole:
            yield name
        elif name.upper() in sections:
            yield f"{name}: {{key}}"


def _holds(values: Any, path: Sequence[str]) -> bool:
    for part in path:
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def _keys() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        default = field.default
        inner = getattr(type(default), "model_fields", None) or getattr(default, "__dataclass_fields__", None)
        yield from (f"{name}.{key}" for key in inner) if inner else (name,)
        if name == "guidance":
            yield from (f"guidance.signal.{key}" for key in type(default.signal).model_fields)
