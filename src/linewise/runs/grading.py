"""The verdict on a sample, as a run directory keeps it."""

from linewise.benchmarks.base import Problem
from linewise.benchmarks.grader import Grader
from linewise.meter import Meter
from linewise.runs.records import GradeRecord, Sample


def grade_sample(grader: Grader, problem: Problem, sample: Sample, *, meter: Meter) -> GradeRecord:
    """Grade the selected answer, and where it fails the other attempts, to see whether any would have passed.

    Raises ``SandboxError`` and ``Stopped``.
    """
    grade = grader.grade(problem, sample.solution, meter=meter)
    return GradeRecord(
        task_id=sample.task_id,
        seed=sample.seed,
        passed=grade.passed,
        parts=dict(grade.parts),
        any_passed=grade.passed or _any(grader, problem, sample, grade.passed, meter),
        failure=grade.failure,
        error=grade.error,
        trust=grade.trust,
        seconds=round(grade.seconds, 3),
    )


def _any(grader: Grader, problem: Problem, sample: Sample, selected: bool | None, meter: Meter) -> bool | None:
    """Whether any attempt that was not selected passes; ``None`` where none does and a sandbox broke."""
    verdicts = {selected}
    for code in dict.fromkeys(attempt.solution for attempt in sample.attempts):
        if code == sample.solution:
            continue
        passed = grader.grade(problem, code, meter=meter).passed
        if passed:
            return True
        verdicts.add(passed)
    return None if None in verdicts else False
