"""Which tasks of a suite are run: the first so many, a slice, or those whose id matches."""

import re
from collections.abc import Sequence

from linewise.errors import InputError


def select(tasks: Sequence[str], *, limit: int | None, part: str | None, pattern: str | None) -> tuple[str, ...]:
    """Of the ids ``tasks`` those that match the regular expression ``pattern``, of these the slice ``part``, of
    these the first ``limit``. Raises ``InputError``, also where nothing is left.
    """
    chosen = tuple(tasks)
    if pattern is not None:
        matches = _compiled(pattern)
        chosen = tuple(task for task in chosen if matches.search(task))
    if part is not None:
        chosen = chosen[_slice(part)]
    chosen = chosen[:limit]
    if not chosen:
        raise InputError("no task is left; widen --filter, --slice or --limit")
    return chosen


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InputError(f"--filter {pattern}: no regular expression: {error}") from error


def _slice(text: str) -> slice:
    """``10:20``, ``:20`` or ``10:`` as Python reads it, from 0."""
    first, colon, last = text.partition(":")
    if not colon or not all(part == "" or part.isdecimal() for part in (first, last)):
        raise InputError(f"--slice {text}: write a:b, counted from 0, such as 0:50")
    return slice(int(first) if first else None, int(last) if last else None)
