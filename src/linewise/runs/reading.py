"""A run directory, read: whole, half done or being written to this moment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from linewise.errors import InputError
from linewise.runs.records import RUN_VERSION, ErrorRecord, GradeRecord, Record, RunInfo, Sample, SessionRecord

Key = tuple[str, int]
"""A task's id and the seed of its sample."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run directory holds.

    ``grades`` has verdicts on ``samples`` alone; of several on one sample the last. ``broken``: why engine or sandbox
    could not finish a task that has no sample. ``notes``: what was left out, a line each; they name a file without its
    folder, for reports travel.
    """

    folder: Path
    info: RunInfo
    samples: Mapping[Key, Sample]
    grades: Mapping[Key, GradeRecord]
    broken: Mapping[Key, str]
    sessions: tuple[SessionRecord, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the directory."""
        return self.folder.resolve().name

    @property
    def planned(self) -> int:
        """How many samples the run is to have."""
        return len(self.info.suite.tasks) * len(self.info.seeds)


def read_run(folder: Path) -> Run:
    """The run in ``folder``.

    A last line that was cut, and samples that are not of the run's tasks and seeds, are left out with a note. Raises
    ``InputError`` naming the file, and the line where one is broken.
    """
    info = _info(folder)
    notes: list[str] = []
    samples = _samples(folder / "samples.jsonl", info, notes)
    grades = {(one.task_id, one.seed): one for one in _records(folder / "grades.jsonl", GradeRecord, notes)}
    errors = {(one.task_id, one.seed): one.error for one in _records(folder / "errors.jsonl", ErrorRecord, notes)}
    return Run(
        folder=folder,
        info=info,
        samples=samples,
        grades={key: grades[key] for key in samples if key in grades},
        broken={key: error for key, error in errors.items() if key not in samples},
        sessions=tuple(_records(folder / "sessions.jsonl", SessionRecord, notes)),
        notes=tuple(notes),
    )


def find_runs(folder: Path) -> list[Path]:
    """``folder`` where it is a run directory, else the run directories in it, by name. Raises ``InputError``."""
    if (folder / "run.json").is_file():
        return [folder]
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}; give a folder of run directories") from error
    return [path for path in inside if (path / "run.json").is_file()]


def name_apart(runs: Sequence[Run]) -> list[str]:
    """A name for each of ``runs``: that of its directory, or its path where two directories have the same name."""
    names = [run.name for run in runs]
    return [name if names.count(name) == 1 else str(run.folder) for name, run in zip(names, runs, strict=True)]


def _info(folder: Path) -> RunInfo:
    path = folder / "run.json"
    if not path.is_file():
        raise InputError(f"{folder}: no run.json there; give a run directory, as `linewise bench --out` makes them")
    try:
        info = RunInfo.model_validate_json(_bytes(path))
    except ValidationError as error:
        raise InputError(f"{path}: {_what(error)}; this is no run of linewise") from error
    if info.version > RUN_VERSION:
        raise InputError(f"{path}: version {info.version} is of a newer linewise; upgrade linewise to read it")
    return info


def _samples(path: Path, info: RunInfo, notes: list[str]) -> dict[Key, Sample]:
    """The samples in the order of the run's tasks and seeds, however they were finished."""
    found: dict[Key, Sample] = {}
    for sample in _records(path, Sample, notes):
        key = sample.task_id, sample.seed
        if key in found:
            raise InputError(f"{path}: {sample.task_id}, seed {sample.seed}, is there twice; delete one of the lines")
        found[key] = sample
    planned = [(task, seed) for task in info.suite.tasks for seed in info.seeds]
    ordered = {key: found[key] for key in planned if key in found}
    if strangers := len(found) - len(ordered):
        notes.append(f"{path.name}: {strangers} of the samples are of no task or seed in run.json and left out")
    return ordered


def _records(path: Path, kind: type[R], notes: list[str]) -> Iterator[R]:
    """The records of ``path``, none where there is no such file. A last line without its line end was cut."""
    whole, _, rest = _bytes(path).rpartition(b"\n") if path.is_file() else (b"", b"", b"")
    if rest:
        notes.append(f"{path.name}: the last line was cut while it was written and is left out")
    for number, line in enumerate(whole.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield kind.model_validate_json(line)
        except ValidationError as error:
            mend = "mend the line, or delete it"
            raise InputError(f"{path}: line {number}: {_what(error)}; {mend}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _what(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    return f"{field}: {first['msg']}" if field else first["msg"]
