"""What a benchmark shows while it runs: a bar on a terminal, one line per task elsewhere."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from linewise.bench import BenchPlan
from linewise.runs.reading import read_run
from linewise.runs.records import ErrorRecord, GradeRecord, Sample
from linewise.runs.store import RunStore
from linewise.viewer.plain import one_line


class Shown(Protocol):
    """Something that tells how a run goes on."""

    def begin(self, store: RunStore) -> None:
        """The run starts; ``store`` holds what is finished already."""

    def on_done(self, sample: Sample, grade: GradeRecord) -> None:
        """One more task is finished."""

    def on_error(self, error: ErrorRecord) -> None:
        """One more task broke."""


@contextmanager
def progress(plan: BenchPlan, *, quiet: bool) -> Iterator[Shown]:
    """A bar on a terminal; else one line per task on standard error, or nothing where ``quiet``."""
    console = Console(file=sys.stderr)
    if not console.is_terminal or quiet:
        yield Lines(plan, quiet=quiet)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("tasks"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bar:
        yield Bar(plan, bar)


class _Count:
    """How far a run has come with the samples of its plan; what else is told of is none of it."""

    def __init__(self, plan: BenchPlan) -> None:
        self._keys = frozenset(plan.keys)
        self.done = self.graded = self.solved = self.broken = 0

    def begin(self, store: RunStore) -> None:
        """Count what is finished and has a verdict."""
        grades = read_run(store.folder).grades
        known = [grade.passed for key, grade in grades.items() if key in self._keys and grade.passed is not None]
        self.done = self.graded = len(known)
        self.solved = sum(known)

    def add(self, told: GradeRecord | ErrorRecord) -> bool:
        """Count one more, which is finished or broke; whether it is of the plan."""
        if (told.task_id, told.seed) not in self._keys:
            return False
        self.done += 1
        if isinstance(told, GradeRecord) and told.passed is not None:
            self.graded += 1
            self.solved += told.passed
        self.broken += isinstance(told, ErrorRecord)
        return True


class Lines:
    """One line per task, and one about what was there already."""

    def __init__(self, plan: BenchPlan, *, quiet: bool) -> None:
        self._count, self._total, self._quiet = _Count(plan), len(plan.keys), quiet
        self._lock = threading.Lock()

    def begin(self, store: RunStore) -> None:
        """See ``Shown``."""
        self._count.begin(store)
        if self._count.done:
            self._say(f"{self._count.done} of {self._total} are finished already")

    def on_done(self, sample: Sample, grade: GradeRecord) -> None:
        """See ``Shown``."""
        computed = "" if sample.cost.computed is None else f", {sample.cost.computed:,} tokens"
        self._tell(grade, f"{verdict(sample, grade)}{computed}, {sample.cost.seconds.get('total', 0.0):.1f} s")

    def on_error(self, error: ErrorRecord) -> None:
        """See ``Shown``."""
        self._tell(error, f"could not be finished: {one_line(error.error, 200)}")

    def _tell(self, told: GradeRecord | ErrorRecord, what: str) -> None:
        with self._lock:
            planned = self._count.add(told)
            place = f"{self._count.done}/{self._total}" if planned else "graded again:"
            self._say(f"{place} {told.task_id} seed {told.seed}: {what}")

    def _say(self, text: str) -> None:
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)


class Bar:
    """A bar with how many are solved."""

    def __init__(self, plan: BenchPlan, bar: Progress) -> None:
        self._count, self._name, self._bar = _Count(plan), plan.suite.name, bar
        self._lock = threading.Lock()
        self._task = bar.add_task("starting", total=len(plan.keys))

    def begin(self, store: RunStore) -> None:
        """See ``Shown``."""
        self._count.begin(store)
        self._show()

    def on_done(self, sample: Sample, grade: GradeRecord) -> None:
        """See ``Shown``."""
        self._tell(grade)

    def on_error(self, error: ErrorRecord) -> None:
        """See ``Shown``."""
        self._tell(error)

    def _tell(self, told: GradeRecord | ErrorRecord) -> None:
        with self._lock:
            self._count.add(told)
            self._show()

    def _show(self) -> None:
        count = self._count
        solved = f": {count.solved} of {count.graded} solved" if count.graded else ""
        broken = f", {count.broken} broke" if count.broken else ""
        self._bar.update(self._task, completed=count.done, description=f"{self._name}{solved}{broken}")


def verdict(sample: Sample, grade: GradeRecord) -> str:
    """In plain words, what became of a task."""
    if grade.passed is None:
        return "not graded, the sandbox broke"
    if grade.passed:
        return f"solved by {sample.origin.value}"
    return "passes the visible tests, fails the hidden ones" if sample.passed_visible else "unsolved"
