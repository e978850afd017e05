"""Samples that anyone has made, as files: JSON lines, or folders of Python files as EvalPlus writes them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linewise.benchmarks.base import Problem, Suite, fold
from linewise.benchmarks.json_objects import objects, read_content
from linewise.errors import InputError

_LISTED = 10


@dataclass(frozen=True, slots=True)
class GivenSample:
    """One answer to ``problem``, whole; ``number`` tells the samples of a task apart, from 0."""

    problem: Problem
    code: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a file says, before its task is known. ``place`` names the file, and the line in it."""

    task_id: str
    place: str
    solution: str | None = None
    completion: str | None = None


@dataclass(frozen=True, slots=True)
class GivenSamples:
    """The samples of a file, in order; ``skipped`` counts those left out, by the id of their task."""

    samples: tuple[GivenSample, ...]
    skipped: Mapping[str, int]


def read_samples(path: Path, suite: Suite, *, known_only: bool = False) -> GivenSamples:
    """The samples in ``path``. With ``known_only`` those of tasks that ``suite`` as it is here has not are left out.

    A ``.jsonl`` or ``.jsonl.gz`` file holds ``task_id`` and ``solution`` (whole code), or ``completion`` (which goes on
    from the task's stem), a line for each. A folder holds ``HumanEval_0/0.py``, ``HumanEval_0/1.py`` ..., or
    ``HumanEval_0.py``. Raises ``InputError`` naming the place and the mend, also where no sample is left.
    """
    entries = list(_folder(path) if path.is_dir() else _lines(path))
    if not entries:
        raise InputError(f"{path}: holds no sample; {_forms()}")
    spellings = ((spelling, problem) for problem in suite.problems.values() for spelling in _spellings(problem.id))
    known = dict(spellings)
    strange = [entry for entry in entries if _key(entry.task_id) not in known]
    if strange and (not known_only or len(strange) == len(entries)):
        raise InputError(f"{path}: {_unknown(strange, suite, known_only=known_only)}")
    given = ((entry, known[_key(entry.task_id)]) for entry in entries if _key(entry.task_id) in known)
    return GivenSamples(tuple(_numbered(given)), Counter(entry.task_id for entry in strange))


def _numbered(given: Iterable[tuple[_Entry, Problem]]) -> Iterator[GivenSample]:
    counts = Counter[str]()
    for entry, problem in given:
        code = problem.stem + (entry.completion or "") if entry.solution is None else entry.solution
        yield GivenSample(problem, code, counts[problem.id])
        counts[problem.id] += 1


def references(suite: Suite) -> list[GivenSample]:
    """The suite's own solutions as samples. Raises ``InputError`` where it has none."""
    found = [
        GivenSample(problem, problem.key.reference)
        for problem in suite.problems.values()
        if problem.key.reference is not None
    ]
    if not found:
        raise InputError(f"--references: {suite.name} comes without reference solutions; give SAMPLES instead")
    return found


def _key(task_id: str) -> str:
    return task_id.strip().lower()


def _spellings(task_id: str) -> tuple[str, str]:
    """An id with and without the suite's name; that of another suite means another task."""
    return _key(task_id), fold(task_id)


def _forms() -> str:
    return "give a .jsonl file with task_id and solution or completion, or a folder with files like HumanEval_0/0.py"


def _unknown(strange: Sequence[_Entry], suite: Suite, *, known_only: bool) -> str:
    names = list(dict.fromkeys(entry.task_id for entry in strange))
    first, example = strange[0].place, next(iter(suite.problems), "none")
    mend = "name their suite" if known_only else "name their suite, or leave them out with --known-only"
    return (
        f"unknown task ids: {listed(names)} (first: {first}); {suite.name} as it is here has "
        f"{len(suite.problems)} tasks with ids such as {example}; {mend}"
    )


def listed(names: Sequence[str]) -> str:
    """The first of ``names``, and how many more there are."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _lines(path: Path) -> Iterator[_Entry]:
    if not path.exists():
        raise InputError(f"{path}: there is no such file; check the path of the samples")
    if not path.name.endswith((".jsonl", ".jsonl.gz", ".json")):
        raise InputError(f"{path}: is no file of samples; {_forms()}")
    content = read_content(path, mend="write it anew, as UTF-8")
    for number, record in objects(path, content, mend=_forms()):
        yield _entry(record, f"{path}: line {number}")


def _entry(record: Mapping[str, Any], place: str) -> _Entry:
    wrong = [key for key in ("task_id", "solution", "completion") if not isinstance(record.get(key, ""), str)]
    if wrong:
        raise InputError(f"{place}: {wrong[0]} is no text; write it as one JSON string")
    if "task_id" not in record:
        raise InputError(f"{place}: has no task_id; add it, such as HumanEval/0")
    if "solution" not in record and "completion" not in record:
        raise InputError(f"{place}: has neither solution nor completion; add one of them")
    return _Entry(record["task_id"], place, record.get("solution"), record.get("completion"))


def _folder(path: Path) -> Iterator[_Entry]:
    for child in sorted(path.iterdir(), key=_order):
        files = sorted(child.glob("*.py"), key=_order) if child.is_dir() else [child] * (child.suffix == ".py")
        for file in files:
            yield _Entry(_task_id(child), str(file), solution=_code(file))


def _task_id(path: Path) -> str:
    name = path.name if path.is_dir() else path.stem
    return "/".join(name.rsplit("_", 1))


def _order(path: Path) -> tuple[str, int]:
    """By name, numbers in it by size."""
    name, _, number = path.stem.rpartition("_")
    return (name, int(number)) if number.isdecimal() else (path.stem, -1)


def _code(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8, first at byte {error.start}; save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from error
