"""Run directories that were made up: what a test does not say is like a run of four MBPP tasks."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TASKS = ("Mbpp/11", "Mbpp/12", "Mbpp/13", "Mbpp/14")


def info(*, settings: Mapping[str, Any] | None = None, suite: Mapping[str, Any] | None = None, **keys: Any) -> Any:
    """The content of run.json."""
    return {
        "version": 1,
        "linewise": "0.1.0",
        "suite": {
            "name": "mbpp",
            "size": 500,
            "tasks": TASKS,
            "scored_on": "unseen tests",
            "source": "mbpp at a revision",
            "checksum": "c0ffee",
            "options": {"visible": 1, "split": None},
            "cpu_seconds": 10.0,
            "wall_seconds": 40.0,
            **(suite or {}),
        },
        "settings": {"strategy": "direct", "preset": "default", "seed": 0, **(settings or {})},
        "seeds": [0],
        "workers": 1,
        "model": "qwen2.5-coder-0.5b",
        "model_checksum": None,
        "match": None,
        "python": None,
        **keys,
    }


def sample(task: str, seed: int = 0, *, computed: int | None = 1000, **keys: Any) -> dict[str, Any]:
    """A line of samples.jsonl."""
    cost = {
        "computed": computed,
        "cached": 200,
        "generated": 50,
        "forward_passes": 60,
        "sandbox_runs": 3,
        "seconds": {"total": 4.0, "engine": 3.0},
    }
    answer = {"task_id": task, "solution": f"def f():\n    return {task!r}\n", "seed": seed}
    return {**answer, "passed_visible": True, "origin": "direct", "agent": "direct", "cost": cost, **keys}


def grade(task: str, passed: bool | None, seed: int = 0, **keys: Any) -> dict[str, Any]:
    """A line of grades.jsonl."""
    failure = {True: None, False: "wrong", None: "infrastructure error"}[passed]
    verdict = {"passed": passed, "parts": {"hidden": passed}, "any_passed": passed, "failure": failure}
    return {"task_id": task, "seed": seed, **verdict, "trust": "separate", **keys}


def write_run(
    folder: Path,
    samples: Iterable[dict[str, Any]] = (),
    grades: Iterable[dict[str, Any]] = (),
    *,
    sessions: Iterable[dict[str, Any]] = (),
    errors: Iterable[dict[str, Any]] = (),
    **keys: Any,
) -> Path:
    """A run directory; ``keys`` are those of ``info``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(info(**keys)))
    files = {"samples": samples, "grades": grades, "sessions": sessions, "errors": errors}
    for name, rows in files.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def solving(folder: Path, solved: Mapping[str, bool | None], *, computed: int | None = 1000, **keys: Any) -> Path:
    """A run with one sample for each task in ``solved``, which says what its verdict is."""
    samples = [sample(task, computed=None if computed is None else computed + 100 * n) for n, task in enumerate(solved)]
    return write_run(folder, samples, [grade(task, passed) for task, passed in solved.items()], **keys)
