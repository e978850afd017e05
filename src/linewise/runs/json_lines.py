"""Append-only files of records, one line of JSON each, that a killed process cannot spoil."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from linewise.errors import InputError, LinewiseError

R = TypeVar("R", bound=BaseModel)


def read_lines(path: Path, kind: type[R], *, cut: Callable[[str], None] = lambda line: None) -> list[R]:
    """The records of ``path``, none where there is no such file.

    A last line without its line end was cut while it was written: it is left out, and ``cut`` is told. Raises
    ``InputError`` naming file and line where another line is no such record.
    """
    if not path.is_file():
        return []
    whole, _, rest = read_bytes(path).rpartition(b"\n")
    if rest:
        cut(f"{path.name}: the last line was cut while it was written and is left out")
    lines = whole.split(b"\n") if whole else []
    return [_parsed(path, number, line, kind) for number, line in enumerate(lines, start=1) if line.strip()]


def _parsed(path: Path, number: int, line: bytes, kind: type[R]) -> R:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise InputError(f"{path}: line {number}: {first_error(error)}; mend the line, or delete it") from error


def read_bytes(path: Path) -> bytes:
    """The content of ``path``; raises ``InputError`` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def first_error(error: ValidationError) -> str:
    """The first thing that is wrong, on one line."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    return f"{field}: {first['msg']}" if field else first["msg"]


class Appender:
    """One such file, open for writing. ``append`` returns once the record is on the disk."""

    def __init__(self, path: Path) -> None:
        """Open ``path`` and drop a last line that was cut. Raises ``InputError``."""
        self._path = path
        try:
            self._file = path.open("ab", buffering=0)
            self._size = _complete_size(path)
            self._file.truncate(self._size)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}; give another --out") from error

    def append(self, record: BaseModel) -> None:
        """Write ``record`` as one line, whole or not at all. Raises ``LinewiseError`` where the disk is full."""
        line = (json.dumps(record.model_dump(mode="json"), ensure_ascii=True) + "\n").encode("ascii")
        try:
            self._write(line)
        except OSError as error:
            with suppress(OSError):  # then it is a cut last line, which readers leave out
                self._file.truncate(self._size)
            raise LinewiseError(f"{self._path}: can no longer be written: {error.strerror}") from error
        self._size += len(line)

    def _write(self, line: bytes) -> None:
        """Write all of ``line``; one call may take a part, where a disk is nearly full. Raises ``OSError``."""
        self._file.truncate(self._size)  # what a line that failed has left, where it could not be taken back
        rest = memoryview(line)
        while rest:
            rest = rest[self._file.write(rest) :]
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; nothing is lost, for every line is on the disk already."""
        self._file.close()


def _complete_size(path: Path) -> int:
    """The size of ``path`` up to its last line end."""
    return path.read_bytes().rfind(b"\n") + 1
