"""``linewise options``: every setting, what it is now and what it means."""

import json
from enum import Enum
from typing import Annotated, Any

import typer

from linewise.cli import flags
from linewise.cli.run_texts import table
from linewise.config import Settings, every_setting, load_settings
from linewise.errors import InputError

Text = Annotated[str | None, typer.Argument(metavar="TEXT", help="Only keys that hold this, such as signal.")]


def options_command(
    text: Text = None,
    *,
    preset: flags.Preset = None,
    config: flags.Config = None,
    as_json: flags.AsJson = False,
) -> None:
    """List every option with its value in the preset, environment and linewise.toml.

    The keys are those of -o KEY=VALUE, of linewise.toml (a section for what stands before a dot), and of variables:
    guidance.gamma is LINEWISE_GUIDANCE__GAMMA.
    """
    settings = load_settings({"preset": preset}, file=config, place="{flag}")
    found = [one for one in every_setting(settings) if text is None or text in one.key]
    if not found:
        raise InputError(f"{text}: no option's key holds that; `linewise options` lists all")
    if as_json:
        values = _json_values(settings)
        typer.echo(json.dumps({one.key: values(one.key) for one in found}, indent=2))
        return
    typer.echo(table([("option", "value", "meaning"), *((one.key, _written(one.value), one.meaning) for one in found)]))


def _json_values(settings: Settings) -> Any:
    content = settings.model_dump(mode="json")

    def value(key: str) -> Any:
        found: Any = content
        for part in key.split("."):
            found = found[part]
        return found

    return value


def _written(value: Any) -> str:
    """A value as ``-o`` takes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or '""'
    return str(value) if value != "" else '""'
