"""Settings from the environment: ``LINEWISE_SEED``, ``LINEWISE_GUIDANCE__GAMMA``."""

import difflib
import os
from collections.abc import Iterator, Sequence

from linewise.config.keys import every_key
from linewise.config.settings import ENV_PREFIX, Settings
from linewise.errors import InputError

OTHERS = {"HOME", "DATA", "DEBUG", "DS1000_PYTHON"}
"""Variables with our prefix that are no settings: where things are, and for those who work on linewise."""


def variables_of(path: Sequence[str]) -> Iterator[str]:
    """The environment variables that hold the value at ``path``, as the user wrote them."""
    whole = ENV_PREFIX + "__".join(path).upper()
    sections = {ENV_PREFIX + "__".join(path[:end]).upper() for end in range(1, len(path))}
    for name in os.environ:
        if name.upper() == whole:
            yield name
        elif name.upper() in sections:
            yield f"{name}: {{key}}"


def refuse_unknown() -> None:
    """Raise ``InputError`` for a variable that looks like ours and that nothing reads."""
    for name in os.environ:
        section, prefix = name.upper().removeprefix(ENV_PREFIX).split("__")[0], name.upper().startswith(ENV_PREFIX)
        if prefix and section.lower() not in Settings.model_fields and section not in OTHERS:
            known = [ENV_PREFIX + key.replace(".", "__").upper() for key in every_key()]
            near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.85)
            raise InputError(f"{name}: there is no such variable" + (f"; did you mean {near[0]}?" if near else ""))
