"""Benchmark data on disk: gzipped or plain JSON lines below one folder."""

import gzip
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linewise.errors import InputError


def data_folder(folder: Path | None = None) -> Path:
    """``folder``, else what ``LINEWISE_DATA`` names; raises ``InputError`` where there is none."""
    chosen = folder or Path(os.environ.get("LINEWISE_DATA", ""))
    if not str(chosen) or chosen == Path() or not chosen.is_dir():
        raise InputError(f"no benchmark data at {str(chosen)!r}: name its folder with --data or LINEWISE_DATA")
    return chosen


@dataclass(frozen=True, slots=True)
class Data:
    """What a file of a suite held. ``checksum`` is the SHA-256 of its content, unpacked."""

    records: tuple[dict[str, Any], ...]
    source: str
    checksum: str


def read_data(folder: Path, name: str) -> Data:
    """The records of the file called ``name`` in ``folder``, ``.jsonl`` or ``.jsonl.gz``.

    Raises ``InputError`` naming the file, and the line where one is broken.
    """
    path = folder / name
    if not path.is_file() and path.with_suffix("").is_file():
        path = path.with_suffix("")
    if not path.is_file():
        raise InputError(f"{path}: no such file; docs/benchmarks.md tells where the data comes from")
    packed = path.read_bytes()
    content = gzip.decompress(packed) if path.suffix == ".gz" else packed
    lines = content.decode("utf-8").split("\n")
    records = tuple(_record(path, number, line) for number, line in enumerate(lines, start=1) if line.strip())
    return Data(records, name, hashlib.sha256(content).hexdigest())


def _record(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: line {number} is no JSON: {error}") from error
    return record
