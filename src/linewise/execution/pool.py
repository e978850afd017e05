"""Workers and the rules by which they run: spreading, retrying, time-outs. What both local sandboxes share."""

import json
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from linewise.errors import Cancelled, LinewiseError, SandboxError
from linewise.execution.archive import tracee_archive
from linewise.execution.base import Limits, Program
from linewise.execution.separation import plan
from linewise.execution.tracer import (
    CannotCross,
    JudgeEnded,
    Request,
    decode_outcome,
    encode_judged_request,
    encode_request,
)
from linewise.execution.zygote import POLL_SECONDS, Check, Launch, Worker, WorkerBroken
from linewise.meter import Meter
from linewise.schema import AssertTest, Outcome, ProbeTest, Status, TraceStyle, VisibleTest

ANSWER_SECONDS = 5.0
"""How much longer than the wall limit a zygote may take to answer before it counts as broken."""

PRELOAD = "(preload "
"""How a zygote begins its last words about a module that it cannot import."""

PROBE = ProbeTest("import colorsys")
"""Shows that a program runs, and that it can read the interpreter's library (this module is not loaded before)."""


@dataclass(frozen=True, slots=True)
class _Job:
    program: Program
    test: VisibleTest
    limits: Limits
    trace: TraceStyle | None
    meter: Meter
    check: Check


class WorkerPool(ABC):
    """A ``Sandbox`` that runs programs in local zygotes. Subclasses say how one is started.

    All workers are started and used by the threads of one executor, which live as long as the pool does: a process
    that dies with its parent dies with the *thread* that made it.
    """

    def __init__(self, workers: int, preload: Sequence[str] = (), python: str | None = None) -> None:
        self._workers = workers
        self.preload = tuple(preload)
        self.python = python
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._turns = Turns()
        self._threads: ThreadPoolExecutor | None = None
        self._launch: Launch | None = None
        self._files = ExitStack()

    @abstractmethod
    def launches(self, archive: Path) -> Iterator[Launch]:
        """Ways to start a worker on the code in ``archive``, best first; the first that works is used.

        Raises ``SandboxError``.
        """

    @abstractmethod
    def no_launch(self, reasons: Sequence[str]) -> LinewiseError:
        """The error for the user where no way works; ``reasons`` has one text for each that was tried."""

    def at_exit(self, clean: Callable[[], object]) -> None:
        """Have ``clean`` called when the pool is left."""
        self._files.callback(clean)

    def __enter__(self) -> Self:
        self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="sandbox")
        try:
            self._threads.submit(self._start_first).result()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._threads:
            self._threads.shutdown()
            self._threads = None
        while self._idle:
            self._idle.pop().close()
        self._files.close()

    def run(
        self,
        program: Program,
        tests: Sequence[VisibleTest],
        limits: Limits,
        *,
        trace: TraceStyle | None = None,
        meter: Meter,
    ) -> list[Outcome]:
        """See ``Sandbox.run``. The tests are spread over the free workers."""
        if self._threads is None:
            raise SandboxError("the sandbox is not open: use it in a `with` block")
        stopped = threading.Event()

        def check() -> None:
            meter.check()
            if stopped.is_set():
                raise Cancelled("cancelled")

        jobs = [_Job(program, test, limits, trace, meter, check) for test in tests]
        with meter.timed("sandbox"):
            futures = [self._threads.submit(self._run_one, job) for job in jobs]
            try:
                return [future.result() for future in futures]
            except BaseException:
                stopped.set()
                _abandon(futures)
                raise

    def _run_one(self, job: _Job) -> Outcome:
        with self._turns.shared(job.check):
            outcome, wall_timeout = self._attempt_twice(job)
        if wall_timeout:  # the machine may have been busy: only a run alone counts
            with self._turns.alone(job.check):
                outcome, _ = self._attempt_twice(job)
        return outcome

    def _attempt_twice(self, job: _Job) -> tuple[Outcome, bool]:
        try:
            return self._attempt(job)
        except WorkerBroken:
            pass  # once may be chance: a fresh worker decides
        try:
            return self._attempt(job)
        except WorkerBroken as error:
            return Outcome(Status.INFRASTRUCTURE, error=str(error)), False

    def _attempt(self, job: _Job) -> tuple[Outcome, bool]:
        program, test, limits = job.program, job.test, job.limits
        judging = plan(program, test.source) if isinstance(test, AssertTest) else None
        if isinstance(test, AssertTest) and judging is not None:
            try:
                return self._ask(job, encode_judged_request(program, test, limits, job.trace, judging))
            except CannotCross:
                pass  # only the program's own process can run it
        return self._ask(job, encode_request(program, test, limits, job.trace))

    def _ask(self, job: _Job, request: Request) -> tuple[Outcome, bool]:
        job.check()
        worker = self._take()
        try:
            job.meter.count(sandbox_runs=1)
            answer = worker.ask(request, job.limits.wall_seconds + ANSWER_SECONDS, job.check)
        except BaseException:
            worker.close()
            raise
        with self._lock:
            self._idle.append(worker)
        try:
            return decode_outcome(answer, job.test, job.limits)
        except JudgeEnded as error:
            raise WorkerBroken(str(error)) from error

    def _take(self) -> Worker:
        with self._lock:
            if self._idle:
                return self._idle.pop(0)  # the one that has had longest to make spares
        assert self._launch is not None
        return Worker(self._launch)

    def _mend_preload(self) -> str:
        mend = f"install it for {self.python}" if self.python else "install it beside linewise, name another --python"
        return f"{mend}, or leave it out of --preload"

    def _start_first(self) -> None:
        """Settle which way of starting works, and keep the worker that shows it."""
        reasons: list[str] = []
        folder = self._files.enter_context(tempfile.TemporaryDirectory(prefix="linewise-"))
        archive = Path(folder) / "tracee.zip"
        archive.write_bytes(tracee_archive())
        for launch in self.launches(archive):
            try:
                self._idle.append(_tried(Worker(launch)))
            except WorkerBroken as error:
                if PRELOAD in str(error):
                    raise SandboxError(f"{error}; {self._mend_preload()}") from error
                reasons.append(str(error))
            else:
                self._launch = launch
                return
        raise self.no_launch(reasons)


def zygote_options(
    *, isolated: bool, temporary_bytes: int = 0, preload: Sequence[str] = (), packages: Sequence[str] = ()
) -> str:
    """The argument that a zygote is started with; see its ``main``."""
    options = {"isolated": isolated, "temporary_bytes": temporary_bytes}
    return json.dumps({**options, "preload": list(preload), "packages": list(packages)})


def _tried(worker: Worker) -> Worker:
    """The worker, where it can run a program. Raises ``WorkerBroken``."""
    try:
        answer = worker.ask(encode_request(Program("", ""), PROBE, Limits(), None), ANSWER_SECONDS, lambda: None)
        if not decode_outcome(answer, PROBE, Limits())[0].passed:
            raise worker.broken("cannot run a program")
    except BaseException:
        worker.close()
        raise
    return worker


def _abandon(futures: Sequence[Future[Outcome]]) -> None:
    """Wait until no run is left; those that run see within 0.1 s that they are stopped."""
    for future in futures:
        future.cancel()
    wait(futures)


class Turns:
    """Lets runs go side by side, except for one that asks to be alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0
        self._alone = False

    @contextmanager
    def shared(self, check: Check) -> Iterator[None]:
        """Run beside others, once nobody is alone."""
        with self._changed:
            self._wait(lambda: not self._alone, check)
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self, check: Check) -> Iterator[None]:
        """Run once nobody else does, and keep others waiting meanwhile."""
        with self._changed:
            self._wait(lambda: not self._alone, check)
            self._alone = True
        try:
            with self._changed:
                self._wait(lambda: not self._running, check)
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()

    def _wait(self, ready: Callable[[], bool], check: Check) -> None:
        while not ready():
            check()
            self._changed.wait(POLL_SECONDS)
