"""The event stream as a file: one line of JSON per event."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from linewise.errors import InputError, LinewiseError
from linewise.events import EVENT_VERSION, Event, from_json, to_json


class EventFile:
    """A context manager that writes events to a file as they happen; a killed run leaves every event up to then."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew. Raises ``InputError`` naming ``path`` where it cannot be written."""
        self._path = path
        try:
            self._file = path.open("w", encoding="utf-8", buffering=1)  # 1: every line is flushed as it ends
        except OSError as error:
            raise InputError(f"{path}: events cannot be written: {error.strerror}; give another file") from error

    def write(self, event: Event) -> None:
        """Append ``event``; others can read it when this returns. Raises ``LinewiseError`` where the disk is full."""
        try:
            self._file.write(to_json(event) + "\n")
        except OSError as error:
            raise LinewiseError(f"{self._path}: events can no longer be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        """The file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        with suppress(OSError):  # every line has been flushed, or ``write`` has said that it could not be
            self._file.close()


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def read_events(path: Path, *, say: Callable[[str], None] = _say) -> Iterator[Event]:
    """The events that ``EventFile`` wrote, read as they are asked for.

    A last line that was cut is left out, and ``say`` is given one line about it. Raises ``InputError`` naming the file,
    and the line where one is broken.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                event = _parsed(line, f"{path}: line {number}")
                if event is None:
                    say(f"{path}: line {number} was cut while it was written and is left out")
                    return
                yield event
    except OSError as error:
        raise InputError(f"{path}: events cannot be read: {error.strerror}") from error


def _parsed(line: bytes, place: str) -> Event | None:
    """The event of ``line``; ``None`` where the line is cut."""
    try:
        event = from_json(line.rstrip(b"\n"))
    except ValidationError as error:
        if not line.endswith(b"\n"):
            return None
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{place}: no event of linewise: {f'{field}: ' if field else ''}{first['msg']}") from error
    if event.version > EVENT_VERSION:
        raise InputError(f"{place}: event version {event.version} is of a newer linewise; upgrade linewise to read it")
    return event
