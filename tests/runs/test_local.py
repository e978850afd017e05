"""What a run on this machine does where a task's engine or sandbox breaks: it is kept, told, and goes on."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from linewise.benchmarks.base import AnswerKey, HiddenAssert, Problem
from linewise.benchmarks.grader import Grader
from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.errors import SandboxError
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.guidance.options import GuidanceOptions
from linewise.meter import Meter
from linewise.runs.local import BROKEN_IN_A_ROW, LocalRun, Parts
from linewise.runs.reading import Run, read_run
from linewise.runs.records import ErrorRecord, GradeRecord, RunInfo, Sample, SessionRecord, SuiteRecord
from linewise.runs.store import RunStore
from linewise.schema import AssertTest, Outcome, Task, TraceStyle, VisibleTest
from linewise.strategies import BestOfNOptions, EgCfgOptions, build

NUMBERS = range(11, 17)


class Fragile(BubblewrapSandbox):
    """Does not work for the tests whose text holds one of ``breaking``, nor the first time for ``breaking_once``."""

    breaking: frozenset[str] = frozenset()
    breaking_once: frozenset[str] = frozenset()
    met: threading.Event | None = None
    """Set once two calls are under way together; the first waits for it."""
    _inside: int = 0

    def run(
        self,
        program: Program,
        tests: Sequence[VisibleTest],
        limits: Limits,
        *,
        trace: TraceStyle | None = None,
        meter: Meter,
    ) -> list[Outcome]:
        self._inside += 1
        if self.met and self._inside > 1:
            self.met.set()
        if self.met:
            self.met.wait(30)
        try:
            return self._run(program, tests, limits, trace=trace, meter=meter)
        finally:
            self._inside -= 1

    def _run(
        self,
        program: Program,
        tests: Sequence[VisibleTest],
        limits: Limits,
        *,
        trace: TraceStyle | None,
        meter: Meter,
    ) -> list[Outcome]:
        texts = [test.source for test in tests if isinstance(test, AssertTest)]
        found = {part for text in texts for part in self.breaking | self.breaking_once if part in text}
        self.breaking_once -= found
        if found:
            raise SandboxError("no process can be started")
        return super().run(program, tests, limits, trace=trace, meter=meter)


@pytest.fixture(scope="module")
def opened() -> Iterator[Fragile]:
    with Fragile(workers=1) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(opened: Fragile) -> Iterator[Fragile]:
    yield opened
    opened.breaking, opened.met = frozenset(), None


def visible(number: int) -> str:
    return f"assert add_{number}(1) == {number + 1}"


def hidden(number: int) -> str:
    return f"assert add_{number}(0) == {number}"


def problem(number: int) -> Problem:
    task = Task(f"Add {number}.", f"add_{number}", (AssertTest(visible(number)),), name=f"Mbpp/{number}")
    return Problem(task.name, task, AnswerKey({"hidden": (HiddenAssert(hidden(number)),)}))


class Told:
    """What a run said."""

    def __init__(self) -> None:
        self.verdicts: list[tuple[str, bool | None]] = []
        self.errors: list[str] = []
        self._lock = threading.Lock()

    def on_done(self, sample: Sample, grade: GradeRecord) -> None:
        with self._lock:
            self.verdicts.append((sample.task_id, grade.passed))

    def on_error(self, error: ErrorRecord) -> None:
        with self._lock:
            self.errors.append(error.task_id)


def go(folder: Path, sandbox: Fragile, workers: int = 1) -> tuple[Run, Told]:
    """A run of all tasks in ``folder``, or what is missing there, and what it said."""
    problems = {f"Mbpp/{number}": problem(number) for number in NUMBERS}
    replies = [
        Reply(text=f"def add_{number}(x):\n    return x + {number}\n```", when=f"add_{number}(") for number in NUMBERS
    ]
    strategy = build(
        "direct", guidance=GuidanceOptions(), best_of_n=BestOfNOptions(), eg_cfg=EgCfgOptions(), limits=Limits()
    )
    parts = Parts(strategy, ScriptedEngine(replies), sandbox, Grader(sandbox, Limits()), Limits())
    told = Told()
    with RunStore(folder, info(tuple(problems), workers), SessionRecord(started="", machine={}, versions={})) as store:
        run = LocalRun(store, parts, workers, lambda key: Meter(), told.on_done, told.on_error)
        run.run(problems, [(name, 0) for name in problems])
    return read_run(folder), told


def info(tasks: tuple[str, ...], workers: int) -> RunInfo:
    suite = SuiteRecord(
        name="mbpp",
        size=500,
        tasks=tasks,
        scored_on="unseen tests",
        source="",
        checksum="",
        options={},
        cpu_seconds=1,
        wall_seconds=4,
    )
    return RunInfo(linewise="0", suite=suite, settings={}, seeds=(0,), workers=workers, model="scripted")


@pytest.mark.parametrize("workers", [1, 3])
def test_a_sandbox_that_breaks_in_grading_leaves_no_verdict_on_that_task(
    tmp_path: Path, sandbox: Fragile, workers: int
) -> None:
    broken = {f"Mbpp/{number}" for number in (11, 12, 13, 14)}
    assert len(broken) > BROKEN_IN_A_ROW
    sandbox.breaking = frozenset(hidden(number) for number in (11, 12, 13, 14))
    run, told = go(tmp_path / "run", sandbox, workers)
    assert len(run.samples) == len(NUMBERS)
    assert {task: grade.passed for (task, _), grade in run.grades.items()} == {
        f"Mbpp/{number}": None if f"Mbpp/{number}" in broken else True for number in NUMBERS
    }
    assert run.grades["Mbpp/11", 0].error == "no process can be started"
    assert sorted(told.verdicts) == sorted((task, grade.passed) for (task, _), grade in run.grades.items())
    assert told.errors == []


def test_what_has_no_verdict_is_graded_by_the_next_run_and_stops_none(tmp_path: Path, sandbox: Fragile) -> None:
    sandbox.breaking = frozenset({hidden(11), visible(16)})
    first, told = go(tmp_path / "run", sandbox)
    assert (set(first.broken), told.errors) == ({("Mbpp/16", 0)}, ["Mbpp/16"])
    sandbox.breaking = frozenset({hidden(11)})
    second, told = go(tmp_path / "run", sandbox)
    assert told.verdicts == [("Mbpp/11", None), ("Mbpp/16", True)]
    sandbox.breaking = frozenset()
    third, told = go(tmp_path / "run", sandbox)
    assert told.verdicts == [("Mbpp/11", True)]
    assert second.samples == third.samples
    assert all(grade.passed for grade in third.grades.values())


def test_tasks_that_cannot_be_solved_one_after_the_other_end_the_run(tmp_path: Path, sandbox: Fragile) -> None:
    sandbox.breaking = frozenset(visible(number) for number in (12, 13, 14))
    with pytest.raises(SandboxError, match=r"^no process can be started$"):
        go(tmp_path / "run", sandbox)
    run = read_run(tmp_path / "run")
    assert [task for task, _ in run.broken] == ["Mbpp/12", "Mbpp/13", "Mbpp/14"]
    assert set(run.samples) == {("Mbpp/11", 0)}


def test_workers_solve_tasks_at_the_same_time(tmp_path: Path, sandbox: Fragile) -> None:
    sandbox.met = threading.Event()
    run, _ = go(tmp_path / "run", sandbox, workers=2)
    assert sandbox.met.is_set()
    assert len(run.samples) == len(NUMBERS)


def test_what_breaks_again_keeps_no_other_task_from_its_turn(tmp_path: Path, sandbox: Fragile) -> None:
    sandbox.breaking = frozenset(visible(number) for number in (12, 13, 14))
    for _ in range(2):
        with pytest.raises(SandboxError):
            go(tmp_path / "run", sandbox)
    run = read_run(tmp_path / "run")
    assert [task for task, _ in run.samples] == ["Mbpp/11", "Mbpp/15", "Mbpp/16"]


def test_a_try_that_broke_is_part_of_the_cost(tmp_path: Path, sandbox: Fragile) -> None:
    usual, _ = go(tmp_path / "usual", sandbox)
    sandbox.breaking_once = frozenset({visible(13)})
    run, told = go(tmp_path / "run", sandbox)
    assert told.errors == []
    spent = {task: sample.cost.generated for (task, _), sample in run.samples.items()}
    once = {task: sample.cost.generated for (task, _), sample in usual.samples.items()}
    assert once["Mbpp/13"]
    assert spent == {**once, "Mbpp/13": 2 * once["Mbpp/13"]}
