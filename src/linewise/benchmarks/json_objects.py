"""Files that others wrote, one JSON object a line, plain or packed with gzip."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from linewise.errors import InputError


def read_content(path: Path, *, mend: str) -> bytes:
    """What ``path`` holds, unpacked, certain to be UTF-8.

    Raises ``InputError``, which ends in ``mend``: what to do, such as "get the data anew".
    """
    try:
        packed = path.read_bytes()
        content = gzip.decompress(packed) if path.suffix == ".gz" else packed
        content.decode("utf-8")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: is no whole gzip file ({error}); {mend}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8, first at byte {error.start}; {mend}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from error
    return content


def objects(path: Path, content: bytes, *, mend: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects in ``content``, read from ``path``, each with the number of its line; blank lines are left out.

    Raises ``InputError`` naming the line that holds none.
    """
    for number, line in enumerate(content.decode("utf-8-sig").split("\n"), start=1):
        if line.strip():
            yield number, _object(line, f"{path}: line {number}", mend)


def _object(line: str, place: str, mend: str) -> dict[str, Any]:
    try:
        record: Any = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{place} is no JSON ({error}); {mend}") from error
    if not isinstance(record, dict):
        raise InputError(f"{place} is no JSON object; {mend}")
    return record
