"""One line about a setting that is wrong: where it came from, what is wrong, and the mend."""

import difflib
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from linewise.config.keys import every_key
from linewise.config.settings import ENV_PREFIX, Settings
from linewise.config.variables import variables_of

Values = dict[str, Any]


class Source(NamedTuple):
    """Values by key, and how a key is written where they come from (``{key}`` is dotted)."""

    values: Values
    place: str


def explain(error: ErrorDetails, sources: Sequence[Source]) -> str:
    """About a value of one of ``sources`` or of the environment, that did not validate."""
    path = [str(part) for part in error["loc"]]
    key = ".".join(path)
    given, others = sources[:2], sources[2:]
    places = [
        *(source.place for source in given if holds(source.values, path)),
        *variables_of(path),
        *(source.place for source in others if holds(source.values, path)),
    ]
    flag = "--" + path[-1].replace("_", "-")
    where = next(iter(places), "{key}").format(key=key, flag=flag)
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        near = difflib.get_close_matches(key, list(every_key()), n=1)
        return f"{where}: there is no such key" + (f"; did you mean {near[0]}?" if near else "")
    return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}, not {error['input']!r}"


def explain_environment(error: SettingsError) -> str:
    """About a variable that stands for a whole section and is no JSON."""
    sections = [name for name in Settings.model_fields if f'"{name}"' in str(error)]
    name = "".join(variables_of(sections)) or "environment"
    return f"{name}: no valid JSON; set a single key, such as {ENV_PREFIX}GUIDANCE__GAMMA=1.5"


def holds(values: Any, path: Sequence[str]) -> bool:
    """Whether there is a value at ``path`` in nested ``values``."""
    for part in path:
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True
