"""Benchmark data on disk: gzipped or plain JSON lines below one folder."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

from linewise.errors import InputError


def data_folder(folder: Path | None = None) -> Path:
    """``folder``, else what ``LINEWISE_DATA`` names; raises ``InputError`` where there is none."""
    chosen = folder or Path(os.environ.get("LINEWISE_DATA", ""))
    if not str(chosen) or chosen == Path() or not chosen.is_dir():
        raise InputError(f"no benchmark data at {str(chosen)!r}: name its folder with --data or LINEWISE_DATA")
    return chosen


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a ``.jsonl`` or ``.jsonl.gz`` file; raises ``InputError`` naming file and line."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; see docs/results.md for where the data comes from")
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8").splitlines()
    return [_record(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _record(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: line {number} is no JSON: {error}") from error
    return record
