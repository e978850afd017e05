"""What the controls of ``linewise bench`` take and refuse: a flag that would be ignored is an error."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from linewise.config import Settings, recorded_settings
from linewise.errors import InputError
from linewise.runs.records import RunInfo

_BESIDE_TWIN = {
    *("suite", "out", "data", "twin_of", "limit", "slice_", "filter_"),
    *("pull", "no_events", "as_json", "quiet"),
}
"""What may stand beside ``--twin-of``: where things are, which of the tasks, and what is shown."""


def given_flags(context: typer.Context) -> dict[str, str]:
    """The flags on the command line, by the names of their parameters."""
    sources = {one.name: context.get_parameter_source(one.name) for one in context.command.params if one.name}
    flags = {one.name: max(one.opts, key=len) for one in context.command.params if one.name}
    return {name: flags[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def refuse_ignored(given: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Raise ``InputError`` where one of the flags that are ``given`` says nothing beside the others."""
    if "twin_of" in given and (more := [flag for name, flag in given.items() if name not in _BESIDE_TWIN]):
        raise InputError(
            f"{more[0]} beside --twin-of {values['twin_of']}: a twin has all that the run has but its gamma; "
            f"leave out {more[0]}"
        )
    if "match_by" in given and "match_cost" not in given:
        raise InputError(f"--by {values['match_by']}: says what --match-cost matches; give --match-cost RUN as well")


def twin_settings(folder: Path, info: RunInfo) -> Settings:
    """The settings of the run in ``folder`` with gamma 0, and nothing else: the same candidates, early exits and seeds.

    Raises ``InputError`` where nothing is guided there.
    """
    place = f"--twin-of {folder}"
    settings = recorded_settings(info.settings, place)
    if settings.strategy != "eg-cfg" or settings.guidance.gamma == 0:
        what = "gamma 0" if settings.strategy == "eg-cfg" else f"strategy {settings.strategy}"
        raise InputError(f"{place}: a run with {what} has no guidance to be without; give a guided run of eg-cfg")
    return settings.model_copy(update={"guidance": settings.guidance.model_copy(update={"gamma": 0.0})})
