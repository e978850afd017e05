"""Event files: what is written is read back, at once and whatever it holds; what is broken is named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linewise.errors import InputError, LinewiseError
from linewise.events import AttemptStarted, CandidatesSampled, Event, LineCommitted, TokenChosen
from linewise.runs.event_file import EventFile, read_events

EVENTS: list[Event] = [
    AttemptStarted(task="t", agent="a", attempt=0, strategy="direct"),
    TokenChosen(task="t", agent="a", sequence=1, seconds=0.5, token=7, text="\x1b[31m\u2028\r\n☃", margin=0.1),
    LineCommitted(task="t", agent="a", sequence=2, seconds=1.5, line=0, code="x = 1\n"),
]


def refuse(line: str) -> None:
    raise AssertionError(line)


def written(path: Path) -> Path:
    with EventFile(path) as file:
        for event in EVENTS:
            file.write(event)
    return path


def test_every_event_is_one_line_and_comes_back(tmp_path: Path) -> None:
    path = written(tmp_path / "events.jsonl")
    assert path.read_bytes().count(b"\n") == len(EVENTS)
    assert list(read_events(path, say=refuse)) == EVENTS


def test_an_event_is_there_for_others_once_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventFile(path) as file:
        file.write(EVENTS[0])
        assert list(read_events(path, say=refuse)) == EVENTS[:1]


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    event = CandidatesSampled(line=0, candidates=tuple(texts))
    with EventFile(path) as file:
        file.write(event)
    assert list(read_events(path, say=refuse)) == [event]


def test_a_file_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("old\n" * 100)
    assert list(read_events(written(path), say=refuse)) == EVENTS


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_cut_last_line_is_left_out_and_said(tmp_path: Path, cut: int, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "events.jsonl")
    path.write_bytes(path.read_bytes()[:-cut])
    events = list(read_events(path))
    # Only the newline is missing with a cut of 1: the event is whole.
    assert events == (EVENTS if cut == 1 else EVENTS[:2])
    said = "" if cut == 1 else f"{path}: line 3 was cut while it was written and is left out\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "Invalid JSON: EOF while parsing a value at line 1 column 0"),
        (b"[]", "Input should be an object"),
        (b"{}", "Unable to extract tag using discriminator 'type'"),
        (b'{"type":"TokenChosen","text":"x"}', "TokenChosen.token: Field required"),
        (b"\xff\xfe", "Invalid JSON: expected value at line 1 column 1"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: bytes, why: str) -> None:
    path = written(tmp_path / "events.jsonl")
    first, _, third = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([first, line, third, b""]))
    read = read_events(path, say=refuse)
    assert next(read) == EVENTS[0]
    with pytest.raises(InputError) as raised:
        next(read)
    assert str(raised.value).startswith(f"{path}: line 2: no event of linewise: ")
    assert why.lower() in str(raised.value).lower()
    assert "\n" not in str(raised.value)


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "events.jsonl")
    path.write_text(path.read_text().replace('"version":1', '"version":2'))
    with pytest.raises(InputError, match="line 1: event version 2 is of a newer linewise; upgrade"):
        next(read_events(path))


def test_paths_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent" / "events.jsonl"):
        with (
            pytest.raises(InputError, match=rf"^{path}: events cannot be written: .*; give another file$"),
            EventFile(path),
        ):
            pass
        with pytest.raises(InputError, match=rf"^{path}: events cannot be read: "):
            next(read_events(path))


def test_a_full_disk_is_named() -> None:
    path = Path("/dev/full")
    with (
        pytest.raises(LinewiseError, match=r"^/dev/full: events can no longer be written: No space left on device"),
        EventFile(path) as file,
    ):
        file.write(EVENTS[0])
