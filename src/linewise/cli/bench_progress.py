"""What a benchmark shows while it runs: a bar on a terminal, one line per task elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from linewise.bench import BenchPlan
from linewise.runs.records import GradeRecord, Sample
from linewise.runs.store import RunStore


class Shown(Protocol):
    """Something that tells how a run goes on."""

    def begin(self, store: RunStore) -> None:
        """The run starts; ``store`` holds what is finished already."""

    def on_done(self, sample: Sample, grade: GradeRecord) -> None:
        """One more task is finished."""


@contextmanager
def progress(plan: BenchPlan, *, quiet: bool) -> Iterator[Shown]:
    """A bar on a terminal; else one line per task on standard error, or nothing where ``quiet``."""
    console = Console(stderr=True)
    if not console.is_terminal or quiet:
        yield Lines(plan, quiet=quiet)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("tasks"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
        yield Bar(plan, bar)


class Lines:
    """One line per task, and one about what was there already."""

    def __init__(self, plan: BenchPlan, *, quiet: bool) -> None:
        self._plan, self._quiet = plan, quiet
        self._done = self._solved = 0

    def begin(self, store: RunStore) -> None:
        """See ``Shown``."""
        self._done = done_of(self._plan, store)
        if self._done:
            self._say(f"{self._done} of {len(self._plan.keys)} are finished already")

    def on_done(self, sample: Sample, grade: GradeRecord) -> None:
        """See ``Shown``."""
        self._done += 1
        self._solved += bool(grade.passed)
        computed = "" if sample.cost.computed is None else f", {sample.cost.computed:,} tokens"
        seconds = sample.cost.seconds.get("total", 0.0)
        self._say(
            f"{self._done}/{len(self._plan.keys)} {sample.task_id} seed {sample.seed}: {verdict(sample, grade)}"
            f"{computed}, {seconds:.1f} s"
        )

    def _say(self, text: str) -> None:
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)


class Bar:
    """A bar with how many are solved."""

    def __init__(self, plan: BenchPlan, bar: Progress) -> None:
        self._plan, self._bar = plan, bar
        self._solved = self._graded = 0
        self._task = bar.add_task("starting", total=len(plan.keys))

    def begin(self, store: RunStore) -> None:
        """See ``Shown``."""
        self._bar.update(self._task, completed=done_of(self._plan, store), description=self._plan.suite.name)

    def on_done(self, sample: Sample, grade: GradeRecord) -> None:
        """See ``Shown``."""
        self._graded += 1
        self._solved += bool(grade.passed)
        shown = f"{self._plan.suite.name}: {self._solved} of {self._graded} solved"
        self._bar.update(self._task, advance=1, description=shown)


def done_of(plan: BenchPlan, store: RunStore) -> int:
    """How many samples of the plan are finished and graded."""
    waiting = {(sample.task_id, sample.seed) for sample in store.ungraded()}
    return sum(key in store.samples and key not in waiting for key in plan.keys)


def verdict(sample: Sample, grade: GradeRecord) -> str:
    """In plain words, what became of a task."""
    if grade.passed is None:
        return "not graded, the sandbox broke"
    if grade.passed:
        return f"solved by {sample.origin.value}"
    return "passes the visible tests, fails the hidden ones" if sample.passed_visible else "unsolved"
