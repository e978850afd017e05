"""A run on this machine: threads take tasks, solve them, keep the samples and have them graded."""

import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from linewise.benchmarks.base import Problem
from linewise.benchmarks.grader import Grader
from linewise.engines.base import Engine
from linewise.errors import Cancelled, EngineError, LinewiseError, SandboxError
from linewise.events import Event
from linewise.execution.base import Limits, Sandbox
from linewise.meter import Meter
from linewise.runs.event_file import EventFile
from linewise.runs.grading import grade_sample
from linewise.runs.reading import Key
from linewise.runs.recorder import Recorder
from linewise.runs.records import ErrorRecord, GradeRecord, Sample
from linewise.runs.store import RunStore
from linewise.schema import Status
from linewise.strategies import Strategy

BROKEN_IN_A_ROW = 3
"""So many tasks, one after the other, that engine or sandbox could not finish end the run."""

OnDone = Callable[[Sample, GradeRecord], None]
OnError = Callable[[ErrorRecord], None]
MeterOf = Callable[[Key], Meter]


def draw_seed(task_id: str, seed: int) -> int:
    """The seed that a task is solved with in a run with ``seed``.

    With one and the same seed every task would be sampled with the same random numbers, and be no independent trial.
    ``linewise solve`` with this seed, and the run's settings, gives the same answer.
    """
    return (seed << 32) + zlib.crc32(task_id.encode())


@dataclass(frozen=True, slots=True)
class Parts:
    """What a task is solved and graded with; all of it serves many threads. ``limits`` are those of solving."""

    strategy: Strategy
    engine: Engine
    sandbox: Sandbox
    grader: Grader
    limits: Limits


@dataclass(slots=True)
class LocalRun:
    """Solves what is missing in ``store``. ``run`` once; ``cancel`` from any thread.

    ``meters`` makes the meter of a task and seed, with its limits; ``budgets`` says what a sample was allowed to spend,
    where it was matched to another run. ``keep_events``: write the event stream of every task. ``on_done`` and
    ``on_error`` are told of every task that is finished or broke, from any thread.
    """

    store: RunStore
    parts: Parts
    workers: int
    meters: MeterOf
    on_done: OnDone = lambda sample, grade: None
    on_error: OnError = lambda error: None
    budgets: Mapping[Key, float] = field(default_factory=dict)
    keep_events: bool = True
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _active: set[Meter] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _broken: int = 0

    def cancel(self) -> None:
        """End all that is under way; what is finished stays."""
        with self._lock:
            self._cancelled.set()
            for meter in self._active:
                meter.cancel()

    def run(self, problems: Mapping[str, Problem], todo: Sequence[Key]) -> None:
        """Grade samples without a verdict, then solve ``todo``, which names problems and seeds.

        Raises ``Cancelled``, and what broke where tasks broke one after the other; else a task that breaks is kept as
        an error and can be run again. Where the sandbox breaks in grading there is no verdict: the sample stays, and
        the next run grades it again.
        """
        for sample in self.store.ungraded():
            self._grade(problems[sample.task_id], sample)
        missing = [key for key in todo if key not in self.store.samples]
        missing.sort(key=lambda key: key in self.store.broken)  # what broke before must not keep others from their turn
        with ThreadPoolExecutor(self.workers, thread_name_prefix="task") as pool:
            futures = [pool.submit(self._task, problems[task_id], seed) for task_id, seed in missing]
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = next((error for future in done if (error := future.exception())), None)
            if failed:
                self.cancel()
                pool.shutdown(cancel_futures=True)
                raise failed

    def _task(self, problem: Problem, seed: int) -> None:
        try:
            sample = self._retried(problem, seed)
        except (EngineError, SandboxError) as error:
            self._keep_error(problem, seed, error)
            return
        self._broken = 0
        self.store.add_sample(sample)
        self._grade(problem, sample)

    def _retried(self, problem: Problem, seed: int) -> Sample:
        meter = self.meters((problem.id, seed))  # for both: what a try that broke has cost was spent as well
        try:
            return self._solve(problem, seed, meter)
        except (EngineError, SandboxError):
            return self._solve(problem, seed, meter)

    def _solve(self, problem: Problem, seed: int, meter: Meter) -> Sample:
        parts = self.parts
        with self._watched(Meter()) as preparing:
            task = problem.prepare(parts.sandbox, parts.limits, meter=preparing)
        recorder = Recorder(task, seed, self.budgets.get((problem.id, seed)))
        listeners: list[Callable[[Event], None]] = [recorder.on_event]
        if self.workers == 1:
            parts.engine.forget()  # the cost of a task must not depend on the task before it
        with ExitStack() as stack:
            if self.keep_events:
                file = EventFile(self.store.events_path(problem.id, seed))
                listeners.append(stack.enter_context(file).write)
            stack.enter_context(self._watched(meter))
            drawn = draw_seed(problem.id, seed)
            for event in parts.strategy.solve(task, parts.engine, parts.sandbox, seed=drawn, meter=meter):
                for listener in listeners:
                    listener(event)
        return recorder.sample

    def _grade(self, problem: Problem, sample: Sample) -> None:
        with self._watched(Meter()) as meter:
            grade = _verdict(self.parts.grader, problem, sample, meter)
        self.store.add_grade(grade)
        self.on_done(sample, grade)

    @contextmanager
    def _watched(self, meter: Meter) -> Iterator[Meter]:
        """``meter``, which ``cancel`` reaches as long as the block lasts."""
        with self._lock:
            if self._cancelled.is_set():
                raise Cancelled("cancelled")
            self._active.add(meter)
        try:
            yield meter
        finally:
            with self._lock:
                self._active.discard(meter)

    def _keep_error(self, problem: Problem, seed: int, error: LinewiseError) -> None:
        self._broken += 1
        record = ErrorRecord(task_id=problem.id, seed=seed, error=str(error))
        self.store.add_error(record)
        self.on_error(record)
        if self._broken >= BROKEN_IN_A_ROW:
            raise error


def _verdict(grader: Grader, problem: Problem, sample: Sample, meter: Meter) -> GradeRecord:
    """The verdict on ``sample``; that nobody knows, and why, where the sandbox broke. Raises ``Stopped``."""
    try:
        return grade_sample(grader, problem, sample, meter=meter)
    except SandboxError as error:
        return GradeRecord(
            task_id=sample.task_id,
            seed=sample.seed,
            passed=None,
            parts=dict.fromkeys(problem.key.parts),
            failure=Status.INFRASTRUCTURE.value,
            error=str(error),
        )
