"""``results.json``: the summary of a run and its tasks one by one, in the manner of EvalPlus where there is one."""

from collections import defaultdict
from dataclasses import asdict
from typing import Any

from linewise.runs import evalplus_form
from linewise.runs.figures.costs import curve
from linewise.runs.figures.scores import scored
from linewise.runs.figures.summary import Summary, summarise
from linewise.runs.reading import Run
from linewise.runs.records import GradeRecord, Sample


def results(run: Run) -> dict[str, Any]:
    """All that ``results.json`` holds; equal for equal runs, wherever their directory is.

    ``eval`` and ``pass_at_k`` are in the form of EvalPlus (see ``evalplus_form``); ``pass_at_k_tasks`` says of how many
    tasks, which of a run that is half done are not all.
    """
    tasks, counts = scored(run), _counts(run)
    return {
        "linewise": run.info.linewise,
        "suite": run.info.suite.name,
        "summary": summary_json(summarise(run)),
        "curve": [list(point) for point in curve(tasks)],
        "tasks": task_rows(run),
        "eval": _eval(run),
        "pass_at_k": {name: evalplus_form.estimates(found) for name, found in counts.items()},
        "pass_at_k_tasks": {name: len(found) for name, found in counts.items()},
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
        parts, failure = (grade.parts, grade.failure) if grade else ({}, None)
        found[sample.task_id].append(evalplus_form.entry(sample.task_id, sample.solution, parts, failure))
    return dict(found)


def _counts(run: Run) -> dict[str, list[tuple[int, int]]]:
    """For ``base`` and ``plus``, of each task with a known verdict its samples and how many of them are right."""
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for (task, _), grade in run.grades.items():
        for name, passed in evalplus_form.right(grade.parts, grade.passed).items():
            if passed is not None:
                found[name][task].append(passed)
    return {name: [(len(one), sum(one)) for one in tasks.values()] for name, tasks in found.items()}
