"""The event stream of one task as a file of JSON lines."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from linewise.errors import InputError, LinewiseError
from linewise.events import Event, from_json, to_json


class EventFile:
    """Writes events as they happen, so that a killed run leaves every event up to then. A context manager."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew. Raises ``InputError`` where it cannot be written."""
        self._path = path
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path}: events cannot be written there: {error.strerror}") from error

    def write(self, event: Event) -> None:
        """Append ``event``; it is in the file when this returns."""
        try:
            self._file.write(to_json(event) + "\n")
            self._file.flush()
        except OSError as error:
            raise LinewiseError(f"{self._path}: events can no longer be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        """The file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        try:
            self._file.close()
        except OSError as failure:
            raise LinewiseError(f"{self._path}: events can no longer be written: {failure.strerror}") from failure


def read_events(path: Path) -> Iterator[Event]:
    """The events of a file. A last line without its end is left out: its writer was killed.

    Raises ``InputError`` naming the file and the line.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines[:-1], start=1):
        try:
            yield from_json(line)
        except ValidationError as error:
            raise InputError(f"{path}:{number}: no event: {error.errors()[0]['msg']}") from error
