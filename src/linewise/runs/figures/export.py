"""A run as one file for other programs."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from linewise.errors import InputError
from linewise.runs.figures.results import results, task_rows
from linewise.runs.reading import Run

Row = dict[str, Any]


def export(run: Run, path: Path) -> int:
    """Write ``run`` to ``path`` as its ending says, and return how many samples it holds.

    ``.jsonl``: ``task_id`` and ``solution`` of each sample, for EvalPlus and other graders; a solution is a whole
    program, with what its task puts before it. ``.csv``: a row a sample with verdict and cost; a cell is empty where
    nobody knows. ``.json``: what ``results.json`` holds. Raises ``InputError`` for another ending, a file of the run
    directory itself, one that cannot be written, and programs of which nobody knows what stands before them.
    """
    make = _FORMATS.get(path.suffix.lower())
    if make is None:
        raise InputError(f"--to {path}: the ending says what to write; give a file that ends in {', '.join(_FORMATS)}")
    if path.resolve().parent == run.folder.resolve():
        raise InputError(f"--to {path}: lies in the run directory, whose files are the run; give another folder")
    write_text(path, make(run), "--to")
    return len(run.samples)


def write_text(path: Path, text: str, flag: str) -> None:
    """Write ``text`` to ``path``, which the option ``flag`` named. Raises ``InputError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"{flag} {path}: cannot be written: {error.strerror}; give another file") from error


def _samples(run: Run) -> str:
    preludes = _preludes(run)
    rows = (
        {"task_id": one.task_id, "solution": _whole(preludes.get(one.task_id, ""), one.solution)}
        for one in run.samples.values()
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def _whole(prelude: str, solution: str) -> str:
    return f"{prelude.rstrip()}\n\n\n{solution}" if prelude else solution


def _preludes(run: Run) -> Mapping[str, str]:
    """By task what stands before its answer. Suites made of MBPP have nothing there, whether or not a run says so."""
    suite = run.info.suite
    if suite.preludes is None and suite.name.startswith("humaneval"):
        raise InputError(
            f"{run.folder}: its run.json is of before linewise kept what stands before the answers (imports, helpers); "
            "give its `linewise bench` command once more, which adds that, then export"
        )
    return suite.preludes or {}


def _table(run: Run) -> str:
    rows = list(_rows(run))
    keys = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, keys, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _rows(run: Run) -> Iterator[Row]:
    """One flat row a sample: what is nested gets a column for each key."""
    for task, found in task_rows(run).items():
        for row in found:
            cost = row.pop("cost")
            parts = {f"part_{part}": passed for part, passed in (row.pop("parts") or {}).items()}
            seconds = {f"seconds_{part}": value for part, value in cost.pop("seconds").items()}
            yield {"task_id": task, **row, **parts, **cost, **seconds}


def _results(run: Run) -> str:
    return json.dumps(results(run), indent=2) + "\n"


_FORMATS: dict[str, Callable[[Run], str]] = {".jsonl": _samples, ".csv": _table, ".json": _results}
