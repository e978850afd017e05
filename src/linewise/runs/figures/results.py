"""``results.json``: the summary of a run and its tasks one by one, in the manner of EvalPlus where there is one."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from linewise.benchmarks.metrics import pass_at_k
from linewise.runs.figures.costs import curve
from linewise.runs.figures.scores import scored
from linewise.runs.figures.summary import Summary, summarise
from linewise.runs.reading import Run
from linewise.runs.records import GradeRecord, Sample

_STATUS = {True: "pass", False: "fail", None: None}


def results(run: Run) -> dict[str, Any]:
    """All that ``results.json`` holds; equal for equal runs, wherever their directory is.

    ``eval`` and ``pass_at_k`` are what EvalPlus writes, as far as it is known here: which inputs failed is not, and a
    status is null where the sandbox broke. A suite of one part is called ``base``.
    """
    tasks = scored(run)
    return {
        "linewise": run.info.linewise,
        "suite": run.info.suite.name,
        "summary": summary_json(summarise(run)),
        "curve": [list(point) for point in curve(tasks)],
        "tasks": task_rows(run),
        "eval": _eval(run),
        "pass_at_k": _pass_at_k(run),
    }


def summary_json(summary: Summary) -> dict[str, Any]:
    """``summary`` as JSON has it."""
    content = asdict(summary)
    content["infrastructure_errors"] = summary.infrastructure_errors
    content["pass_at_k"] = {f"pass@{k}": value for k, value in content["pass_at_k"].items()}
    return content


def task_rows(run: Run) -> dict[str, list[dict[str, Any]]]:
    """By task its samples with verdict and cost, without the code; with none yet it has an empty list."""
    rows: dict[str, list[dict[str, Any]]] = {task: [] for task in run.info.suite.tasks}
    for key, sample in run.samples.items():
        rows[sample.task_id].append(sample_row(sample, run.grades.get(key)))
    return rows


def sample_row(sample: Sample, grade: GradeRecord | None) -> dict[str, Any]:
    """What is known of one sample. ``passed`` is null without a verdict: ``graded`` says whether one was tried."""
    of_sample = {"passed_visible", "origin", "agent", "reason", "guided_tokens", "changed_tokens", "unguided", "budget"}
    of_grade = {"parts", "any_passed", "failure", "error", "trust"}
    verdict = grade.model_dump(mode="json", include=of_grade) if grade else dict.fromkeys(sorted(of_grade))
    return {
        "seed": sample.seed,
        "passed": grade.passed if grade else None,
        "graded": grade is not None,
        **sample.model_dump(mode="json", include=of_sample),
        **verdict,
        "attempts": len(sample.attempts),
        "cost": sample.cost.model_dump(mode="json"),
    }


def _eval(run: Run) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for key, sample in run.samples.items():
        grade = run.grades.get(key)
        states = {f"{part}_status": _STATUS[passed] for part, passed in _parts(grade).items()}
        found[sample.task_id].append({"task_id": sample.task_id, "solution": sample.solution, **states})
    return dict(found)


def _parts(grade: GradeRecord | None) -> Mapping[str, bool | None]:
    """The verdicts by EvalPlus's names; there ``plus`` is passed only where ``base`` is as well."""
    if grade is None:
        return {}
    if "plus" in grade.parts:
        return {"base": grade.parts.get("base"), "plus": grade.passed}
    return {"base": grade.passed}


def _pass_at_k(run: Run) -> dict[str, dict[str, float]]:
    """pass@k by part, where every task has a verdict on as many samples."""
    counts: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for (task, _), grade in run.grades.items():
        for part, passed in _parts(grade).items():
            if passed is not None:
                counts[part][task].append(passed)
    return {part: _estimates(list(tasks.values())) for part, tasks in counts.items()}


def _estimates(tasks: list[list[bool]]) -> dict[str, float]:
    fewest = min(map(len, tasks))
    return {
        f"pass@{k}": sum(pass_at_k(len(one), sum(one), k) for one in tasks) / len(tasks)
        for k in (1, 10, 100)
        if k <= fewest
    }
