"""What two runs do not have in common."""

import json
from dataclasses import dataclass
from typing import Any

from linewise.runs.dotted import dotted
from linewise.runs.reading import Run

_METHOD = ("strategy", "preset", "guidance.", "eg_cfg.", "best_of_n.", "match")
"""What a comparison is about. All else is a condition that should be the same."""

_NOT_COMPARED = (
    *("settings.seed", "version", "suite.tasks", "suite.options", "suite.scored_on", "suite.shown"),
    *("suite.overlap", "suite.preludes", "id", "match.id", "unsolved_by.id"),
)
"""The seeds are listed once; which tasks and tests there were is looked at elsewhere."""


@dataclass(frozen=True, slots=True)
class Differing:
    """One setting and what it is in both runs, as texts."""

    key: str
    first: str
    second: str


def differing_settings(first: Run, second: Run) -> tuple[tuple[Differing, ...], tuple[Differing, ...]]:
    """Settings of the method that differ, and conditions that differ although the method does not ask for it."""
    ours, theirs = _settings(first), _settings(second)
    if first.sessions and second.sessions:  # else nobody knows where one of them ran
        ours, theirs = {**ours, **_machines(first)}, {**theirs, **_machines(second)}
    found = [
        Differing(key, _text(ours.get(key)), _text(theirs.get(key)))
        for key in dict.fromkeys([*ours, *theirs])
        if ours.get(key) != theirs.get(key)
    ]
    method = tuple(one for one in found if one.key.startswith(_METHOD))
    return method, tuple(one for one in found if one not in method)


def _settings(run: Run) -> dict[str, Any]:
    """All that was set, by dotted key; keys of ``settings`` as a user writes them."""
    flat = dotted(run.info.model_dump(mode="json"))
    return {key.removeprefix("settings."): value for key, value in flat.items() if not key.startswith(_NOT_COMPARED)}


def _machines(run: Run) -> dict[str, Any]:
    """Machines and versions by dotted key; where sessions differ, all of them."""
    sessions = [
        dotted({"machine": one.machine, "versions": {**one.versions, "linewise source": one.source}})
        for one in run.sessions
    ]
    keys = dict.fromkeys(key for session in sessions for key in session)
    return {key: " and ".join(sorted({_text(session.get(key)) for session in sessions})) for key in keys}


def _text(value: Any) -> str:
    """``value`` in at most 60 characters."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
