"""A run directory, read: whole, half done or being written to this moment."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from linewise.errors import InputError
from linewise.runs.json_lines import first_error, read_bytes, read_lines
from linewise.runs.records import RUN_VERSION, ErrorRecord, GradeRecord, RunInfo, Sample, SessionRecord

Key = tuple[str, int]
"""A task's id and the seed of its sample."""

Keyed = TypeVar("Keyed", GradeRecord, ErrorRecord)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run directory holds.

    ``grades`` has verdicts on ``samples`` alone; of several on one sample the last. ``broken``: why engine or sandbox
    could not finish a task that has no sample. ``notes``: what was left out or was made by different code, a line each;
    they name a file without its folder, for reports travel.
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
    info = read_info(folder)
    notes: list[str] = []
    samples = _samples(folder / "samples.jsonl", info, notes)
    grades = _last(read_lines(folder / "grades.jsonl", GradeRecord, cut=notes.append))
    errors = _last(read_lines(folder / "errors.jsonl", ErrorRecord, cut=notes.append))
    sessions = tuple(read_lines(folder / "sessions.jsonl", SessionRecord, cut=notes.append))
    notes += _code_changed(sessions)
    return Run(
        folder=folder,
        info=info,
        samples=samples,
        grades={key: grades[key] for key in samples if key in grades},
        broken={key: one.error for key, one in errors.items() if key not in samples},
        sessions=sessions,
        notes=tuple(notes),
    )


def _code_changed(sessions: Sequence[SessionRecord]) -> list[str]:
    sources = list(dict.fromkeys(session.source for session in sessions if session.source))
    if len(sources) < 2:
        return []
    named = ", ".join(source[:8] for source in sources)
    return [
        f"sessions.jsonl: the run was gone on with by other code of linewise (sources {named}): its figures mix them"
    ]


def find_runs(folder: Path) -> list[Path]:
    """``folder`` where it is a run directory, else the run directories in it and its folders, by path.

    Folders whose names begin with a dot, links and what cannot be read below ``folder`` are left out. Raises
    ``InputError`` where ``folder`` itself cannot be read.
    """
    try:
        return _runs_in(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}; give a folder of run directories") from error


def _runs_in(folder: Path) -> list[Path]:
    """A run directory holds no others, so nothing is looked for inside one. Raises ``OSError``."""
    if (folder / "run.json").is_file():
        return [folder]
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith(".") and (not path.is_symlink() or (path / "run.json").is_file()):
            with suppress(OSError):
                found += _runs_in(path)
    return found


def name_apart(runs: Sequence[Run]) -> list[str]:
    """A name for each of ``runs``: that of its directory, or its path where two directories have the same name."""
    names = [run.name for run in runs]
    return [name if names.count(name) == 1 else str(run.folder) for name, run in zip(names, runs, strict=True)]


def read_info(folder: Path) -> RunInfo:
    """What ``run.json`` in ``folder`` says. Raises ``InputError``."""
    path = folder / "run.json"
    if not path.is_file():
        raise InputError(f"{folder}: no run.json there; give a run directory, as `linewise bench --out` makes them")
    try:
        info = RunInfo.model_validate_json(read_bytes(path))
    except ValidationError as error:
        raise InputError(f"{path}: {first_error(error)}; this is no run of linewise") from error
    if info.version > RUN_VERSION:
        raise InputError(f"{path}: version {info.version} is of a newer linewise; upgrade linewise to read it")
    return info


def _last(records: Sequence[Keyed]) -> dict[Key, Keyed]:
    """By task and seed; of several the last."""
    return {(one.task_id, one.seed): one for one in records}


def _samples(path: Path, info: RunInfo, notes: list[str]) -> dict[Key, Sample]:
    """The samples in the order of the run's tasks and seeds, however they were finished."""
    found: dict[Key, Sample] = {}
    for sample in read_lines(path, Sample, cut=notes.append):
        key = sample.task_id, sample.seed
        if key in found:
            raise InputError(f"{path}: {sample.task_id}, seed {sample.seed}, is there twice; delete one of the lines")
        found[key] = sample
    planned = [(task, seed) for task in info.suite.tasks for seed in info.seeds]
    ordered = {key: found[key] for key in planned if key in found}
    if strangers := len(found) - len(ordered):
        notes.append(f"{path.name}: {strangers} of the samples are of no task or seed in run.json and left out")
    return ordered
