"""Files of records, one a line, that a killed process and a full disk leave readable."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel

from linewise.errors import InputError, LinewiseError
from linewise.runs.json_lines import Appender, read_lines


class Note(BaseModel):
    text: str


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file of this process grows beyond ``size`` bytes: a call then writes a part, as on a disk that fills up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def texts(path: Path) -> list[str]:
    return [note.text for note in read_lines(path, Note)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.jsonl"


def test_what_is_appended_is_read_again(path: Path) -> None:
    for text in ("one", "two\nlines", "ünï"):
        file = Appender(path)
        file.append(Note(text=text))
        file.close()
    assert texts(path) == ["one", "two\nlines", "ünï"]


def test_a_line_that_has_no_room_leaves_nothing_of_itself(path: Path) -> None:
    file = Appender(path)
    file.append(Note(text="before"))
    before = path.read_bytes()
    with room(60), pytest.raises(LinewiseError, match=r"notes.jsonl: can no longer be written: File too large"):
        file.append(Note(text="x" * 200))
    assert path.read_bytes() == before
    file.append(Note(text="after"))
    file.close()
    assert texts(path) == ["before", "after"]


def test_a_cut_last_line_is_told_and_then_dropped(path: Path) -> None:
    path.write_text('{"text": "whole"}\n{"text": "cu')
    told: list[str] = []
    assert [note.text for note in read_lines(path, Note, cut=told.append)] == ["whole"]
    assert told == ["notes.jsonl: the last line was cut while it was written and is left out"]
    Appender(path).close()
    assert path.read_text() == '{"text": "whole"}\n'


def test_another_broken_line_is_named(path: Path) -> None:
    path.write_text('{"text": "whole"}\n{"text": 3}\n{"text": "whole"}\n')
    with pytest.raises(InputError, match=r"notes.jsonl: line 2: text: .*; mend the line, or delete it"):
        read_lines(path, Note)
