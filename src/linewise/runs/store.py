"""A run directory, open for writing: what is done is never done again, and nothing is lost when the process is killed.

::

    run.json        what is run: suite, tasks, settings, model, versions; enough to repeat it
    samples.jsonl   one line per finished task and seed, appended
    grades.jsonl    the verdict of the hidden tests on each sample, appended
    errors.jsonl    tasks that could not be finished because engine or sandbox broke; they are run again
    sessions.jsonl  when and on what machine the run was begun or gone on with
    events/         the event stream of each task
    results.json    the summary, made at the end of every session
"""

import json
import os
import threading
from collections.abc import Mapping, Set
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout
from pydantic import BaseModel

from linewise.errors import InputError
from linewise.runs.dotted import dotted
from linewise.runs.json_lines import Appender, read_lines
from linewise.runs.reading import Key, read_info
from linewise.runs.records import ErrorRecord, GradeRecord, RunInfo, Sample, SessionRecord
from linewise.runs.suite_record import GROWING, grown


class RunStore:
    """A context manager; while it is open no other process can write to the same directory. Safe from any thread."""

    def __init__(self, folder: Path, info: RunInfo, session: SessionRecord) -> None:
        """``info``: what is to be run; a run that is in ``folder`` already has to agree with it, but for its tasks."""
        self.folder, self.info = folder, info
        self._session = session
        self._files = ExitStack()
        self._samples: dict[Key, Sample] = {}
        self._graded: set[Key] = set()
        self._broken: set[Key] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Lock the directory and read what is there. Raises ``InputError``."""
        with ExitStack() as stack:
            stack.callback(_lock(self.folder).release)
            self.info = _agree(self.folder / "run.json", self.info)
            write_json(self.folder / "run.json", self.info.model_dump(mode="json"))
            self._read()
            self._sample_file = self._appender("samples.jsonl", stack)
            self._grade_file = self._appender("grades.jsonl", stack)
            self._error_file = self._appender("errors.jsonl", stack)
            self._appender("sessions.jsonl", stack).append(self._session)
            self._files = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    @property
    def samples(self) -> Mapping[Key, Sample]:
        """What is finished, in the order in which it was."""
        return self._samples

    @property
    def broken(self) -> Set[Key]:
        """What could not be finished before."""
        return self._broken

    def ungraded(self) -> list[Sample]:
        """Samples that no verdict was written for."""
        return [sample for key, sample in self._samples.items() if key not in self._graded]

    def add_sample(self, sample: Sample) -> None:
        """Keep a finished task."""
        with self._lock:
            self._sample_file.append(sample)
            self._samples[sample.task_id, sample.seed] = sample

    def add_grade(self, grade: GradeRecord) -> None:
        """Keep a verdict."""
        with self._lock:
            self._grade_file.append(grade)
            self._graded.add((grade.task_id, grade.seed))

    def add_error(self, error: ErrorRecord) -> None:
        """Keep why a task could not be finished."""
        with self._lock:
            self._error_file.append(error)

    def events_path(self, task_id: str, seed: int) -> Path:
        """Where the events of a task are written."""
        folder = self.folder / "events"
        folder.mkdir(exist_ok=True)
        return folder / f"{task_id.replace('/', '_')}.{seed}.jsonl"

    def _read(self) -> None:
        samples = read_lines(self.folder / "samples.jsonl", Sample)
        grades = read_lines(self.folder / "grades.jsonl", GradeRecord)
        errors = read_lines(self.folder / "errors.jsonl", ErrorRecord)
        self._broken = {(error.task_id, error.seed) for error in errors}
        self._samples = {(sample.task_id, sample.seed): sample for sample in samples}
        self._graded = {(grade.task_id, grade.seed) for grade in grades if grade.passed is not None}

    def _appender(self, name: str, stack: ExitStack) -> Appender:
        made = Appender(self.folder / name)
        stack.callback(made.close)
        return made


def write_json(path: Path, content: Any) -> None:
    """Write ``path`` so that a reader finds the old or the new content, whole. Raises ``InputError``."""
    partial = path.with_suffix(".partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}; give another --out") from error


def _lock(folder: Path) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"{folder}: another run is writing there; wait for it, or give another --out") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}; give another --out") from error
    return lock


def _agree(path: Path, info: RunInfo) -> RunInfo:
    """``info`` with the tasks of the run in ``path`` added, which has to be the same run in all else.

    A run that nothing has come of yet, such as one whose sandbox did not open, may become any other.
    """
    if not path.is_file() or not read_lines(path.parent / "samples.jsonl", Sample):
        return info
    there = read_info(path.parent)
    ours, theirs = _comparable(info), _comparable(there)
    differing = next((key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)), None)
    if differing is not None:
        raise InputError(
            f"{path.parent}: holds a run with {differing} = {_short(theirs.get(differing))}, not "
            f"{_short(ours.get(differing))}; give the same options to go on with it, or another --out"
        )
    return info.model_copy(update={"id": there.id, "suite": grown(there.suite, info.suite)})


def _comparable(info: BaseModel) -> dict[str, Any]:
    """All values by dotted key, but for the tasks and the run's own id."""
    content = info.model_dump(mode="json", exclude={"id"})
    for growing in GROWING:
        del content["suite"][growing]
    return dotted(content)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
