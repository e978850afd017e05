"""Benchmark data on disk: gzipped or plain JSON lines below one folder."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linewise.benchmarks.json_objects import objects, read_content
from linewise.errors import InputError

T = TypeVar("T")
Record = dict[str, Any]

ALSO: Mapping[str, Sequence[str]] = {
    "mbpp/mbpp_et.jsonl.gz": ("mbpp/mbpp_et_427.jsonl.gz",),
    "codecontests/codecontests.jsonl.gz": ("codecontests/codecontests_70.jsonl.gz",),
    "ds1000/ds1000.jsonl.gz": ("ds1000/ds1000_800.jsonl.gz",),
}
"""Names that a file may have as well: those of parts of a suite. The first that is there is read."""

MEND = "get the data anew, or mend the line; docs/benchmarks.md lists the fields"


Texts = Annotated[list[str], Field(min_length=1)]
"""A list of tests, of which there is one at least."""


class Form(BaseModel):
    """What every record of a file has to hold; it may hold more."""

    model_config = ConfigDict(strict=True, frozen=True)


def data_folder(folder: Path | None = None) -> Path:
    """``folder``, else what ``LINEWISE_DATA`` names; raises ``InputError`` where there is none."""
    chosen = folder or Path(os.environ.get("LINEWISE_DATA", ""))
    if not str(chosen) or chosen == Path() or not chosen.is_dir():
        raise InputError(f"no benchmark data at {str(chosen)!r}: name its folder with --data or LINEWISE_DATA")
    return chosen


@dataclass(frozen=True, slots=True)
class Data:
    """What the file ``path`` of a suite held. ``checksum`` is the SHA-256 of its content, unpacked.

    ``numbers`` are the lines of the records; ``source`` is the file's name below the data folder, as if it were packed.
    """

    records: tuple[Record, ...]
    source: str
    checksum: str
    path: Path
    numbers: tuple[int, ...]

    def each(self, make: Callable[[Record], T]) -> list[T]:
        """What ``make`` makes of each record.

        Raises ``InputError`` naming file and line where it cannot, such as for code that does not parse.
        """
        return [
            _made(make, record, f"{self.path}: line {number}")
            for number, record in zip(self.numbers, self.records, strict=True)
        ]


def _made(make: Callable[[Record], T], record: Record, place: str) -> T:
    try:
        return make(record)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error
    except (SyntaxError, ValueError, RecursionError) as error:
        raise InputError(f"{place} cannot be read as a task: {' '.join(str(error).split())}; {MEND}") from error


def find_data(folder: Path, name: str) -> tuple[Path, str] | None:
    """The file called ``name`` in ``folder``, by that or another of its names, packed or not; and the name it was
    found by. ``None`` where there is none.
    """
    for one in (name, *ALSO.get(name, ())):
        path = folder / one
        for candidate in (path, path.with_suffix("")) if path.suffix == ".gz" else (path,):
            if candidate.is_file():
                return candidate, one
    return None


def read_data(folder: Path, name: str, form: type[Form] = Form) -> Data:
    """The records of the file called ``name`` in ``folder``, ``.jsonl`` or ``.jsonl.gz``, or by another of its names.

    Raises ``InputError`` naming the file, the line where one is broken or not of ``form``, and the mend.
    """
    found = find_data(folder, name)
    if found is None:
        raise InputError(f"{folder / name}: no such file; docs/benchmarks.md tells where the data comes from")
    path, source = found
    content = read_content(path, mend="get the data anew")
    numbered = list(_records(path, content, form))
    if not numbered:
        raise InputError(f"{path}: holds no record; get the data anew")
    records, numbers = tuple(record for _, record in numbered), tuple(number for number, _ in numbered)
    return Data(records, source, hashlib.sha256(content).hexdigest(), path, numbers)


def _records(path: Path, content: bytes, form: type[Form]) -> Iterator[tuple[int, Record]]:
    for number, record in objects(path, content, mend="get the data anew, as JSON lines, one object a line"):
        try:
            form.model_validate(record)
        except ValidationError as error:
            raise InputError(f"{path}: line {number}: {_said(error)}; {MEND}") from error
        yield number, record


def _said(error: ValidationError) -> str:
    """The first thing that is wrong with a record."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"has no field {field}"
    return f"field {field}: {first['msg']}" if field else first["msg"].removeprefix("Value error, ")
