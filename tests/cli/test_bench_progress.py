"""What ``linewise bench`` shows while it runs, also after it was stopped and where something breaks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.progress import Progress, Task
from run_folders import TASKS, grade, info, sample

from linewise.bench import BenchPlan
from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.cli.bench_progress import Bar, Lines, Shown
from linewise.config import recorded_settings
from linewise.execution.base import Limits
from linewise.runs.records import ErrorRecord, GradeRecord, RunInfo, Sample, SessionRecord
from linewise.runs.store import RunStore

PLAN = BenchPlan(
    Suite("mbpp", {}, 500, Limits(), "", ""), SuiteOptions(), (*TASKS[:3], "Mbpp/15"), recorded_settings({}, "")
)
"""All but the last of ``TASKS``, which was done in another slice, and one more."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    """Done before: one solved, one wrong, one that the sandbox broke on, and one of another slice."""
    content = info()
    content["suite"]["tasks"] = [*TASKS, "Mbpp/15"]
    with RunStore(
        tmp_path / "run", RunInfo.model_validate(content), SessionRecord(started="", machine={}, versions={})
    ) as opened:
        for task, passed in zip(TASKS, (True, False, None, None), strict=True):
            opened.add_sample(Sample.model_validate(sample(task)))
            opened.add_grade(GradeRecord.model_validate(grade(task, passed)))
        yield opened


def go_on(shown: Shown, store: RunStore) -> None:
    """The two without a verdict are graded again, and the one that is left breaks."""
    shown.begin(store)
    for task in TASKS[2:]:
        shown.on_done(Sample.model_validate(sample(task)), GradeRecord.model_validate(grade(task, True)))
    shown.on_error(ErrorRecord(task_id="Mbpp/15", seed=0, error="the engine\nbroke"))


def test_a_line_tells_of_every_task_and_how_many_are_done(store: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    go_on(Lines(PLAN, quiet=False), store)
    assert capsys.readouterr().err.splitlines() == [
        "2 of 4 are finished already",
        "3/4 Mbpp/13 seed 0: solved by direct, 1,000 tokens, 4.0 s",
        "graded again: Mbpp/14 seed 0: solved by direct, 1,000 tokens, 4.0 s",
        r"4/4 Mbpp/15 seed 0: could not be finished: the engine\nbroke",
    ]


def test_nothing_is_said_where_quiet(store: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    go_on(Lines(PLAN, quiet=True), store)
    assert capsys.readouterr().err == ""


def test_the_bar_counts_what_was_solved_before_and_ends_at_its_total(store: RunStore) -> None:
    progress = Progress(disable=True)
    bar = Bar(PLAN, progress)

    def shown() -> tuple[float, float | None, str]:
        task: Task = progress.tasks[0]
        return task.completed, task.total, task.description

    bar.begin(store)
    assert shown() == (2, 4, "mbpp: 1 of 2 solved")
    go_on(bar, store)
    assert shown() == (4, 4, "mbpp: 2 of 3 solved, 1 broke")
