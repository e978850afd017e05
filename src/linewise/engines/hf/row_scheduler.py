"""The thread that runs the model: it merges the rows of all calls into passes, one after the other.

A call waits for room first, so that what all calls under way need fits into the memory together. Between passes every
call's meter is asked, so a call that waits or computes stops at the end of a pass.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from linewise.engines.hf.memory import Memory
from linewise.engines.hf.rows import Row, next_pass, serve
from linewise.errors import EngineError, Stopped
from linewise.meter import Meter

LINGER_SECONDS = 0.02
"""So long, and no longer than the last pass took, a pass waits for calls that are between two steps: alone they would
go through the model one by one.
"""

_LOOK_SECONDS = 0.1
"""So often the meters of waiting calls are asked where no pass ends meanwhile."""


@dataclass(eq=False)
class RowCall:
    """A caller's rows, from its admission to its end."""

    meter: Meter
    need: int
    rows: list[Row] = field(default_factory=list)
    admitted: bool = False
    error: BaseException | None = None

    @property
    def due(self) -> list[Row]:
        """Its rows that are not computed yet."""
        return [row for row in self.rows if row.rest]


class RowScheduler:
    """Owns ``memory`` and the thread. ``chunk``: most new positions of a pass; ``capacity``: tokens of all calls."""

    def __init__(self, memory: Memory, *, chunk: int, capacity: int) -> None:
        self._memory, self._chunk, self._capacity = memory, chunk, capacity
        self._changed = threading.Condition()
        self._waiting: list[RowCall] = []
        self._active: list[RowCall] = []
        self._computing: list[RowCall] = []
        self._released: list[Row] = []
        self._tasks: list[Callable[[], None]] = []
        self._closed = False
        self._reason = "this engine is closed"
        self._last_pass = 0.0
        self._thread = threading.Thread(target=self._work, name="linewise-hf", daemon=True)
        self._thread.start()

    @contextmanager
    def call(self, meter: Meter, need: int) -> Iterator[RowCall]:
        """A call that needs room for ``need`` tokens at most. Raises ``Stopped`` while it waits, too."""
        meter.check()
        call = RowCall(meter, min(need, self._capacity))
        try:
            with self._changed:
                self._check_open()
                self._waiting.append(call)
                self._changed.notify_all()
                self._changed.wait_for(lambda: call.admitted or call.error is not None)
            _raise(call)
            yield call
        finally:
            self._end(call)

    def compute(self, call: RowCall, rows: Sequence[Row]) -> None:
        """Put these rows of ``call`` through the model, up to their ends."""
        with self._changed:
            self._check_open()
            call.rows += [row for row in rows if row not in call.rows]
            if call.due:
                self._computing.append(call)
                self._changed.notify_all()
                self._changed.wait_for(lambda: call not in self._computing)
        _raise(call)

    def drop(self, call: RowCall, rows: Sequence[Row]) -> None:
        """These rows of ``call`` go no further."""
        with self._changed:
            call.rows = [row for row in call.rows if row not in rows]
            self._released += rows

    def held(self) -> int:
        """Tokens whose states the memory keeps."""
        found: list[int] = []
        self._run(lambda: found.append(self._memory.held))
        return found[0]

    def forget(self) -> None:
        """Empty the memory; calls under way begin anew."""
        self._run(self._memory.forget)

    def close(self) -> None:
        """End the thread and empty the memory; calls under way and later ones raise ``EngineError``."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        self._memory.forget()

    def _run(self, task: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            task()
            done.set()

        with self._changed:
            self._check_open()
            self._tasks.append(run)
            self._changed.notify_all()
        while not done.wait(1.0):
            self._check_open()

    def _end(self, call: RowCall) -> None:
        with self._changed:
            for calls in (self._waiting, self._active, self._computing):
                if call in calls:
                    calls.remove(call)
            self._released += call.rows
            self._changed.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError(self._reason)

    def _work(self) -> None:
        try:
            while self._goes_on():
                pass
        except Exception as error:  # a defect of ours: without this the callers would wait for ever
            self._reason = f"this engine broke: {type(error).__name__}: {error}"
        with self._changed:
            self._closed = True
            self._fail([*self._waiting, *self._active], self._reason)

    def _goes_on(self) -> bool:
        """What is to be done between two passes, and a pass; false once the engine is closed."""
        with self._changed:
            self._changed.wait_for(self._has_work, timeout=_LOOK_SECONDS if self._active else None)
            if self._closed:
                return False
            self._tidy()
            self._linger()
            calls = list(self._computing)
        self._step(calls)
        return True

    def _has_work(self) -> bool:
        return bool(self._closed or self._tasks or self._computing or self._released or self._admissible())

    def _tidy(self) -> None:
        """What is to be done between passes: releases, tasks, calls that have to stop, calls that can begin."""
        self._memory.release(self._released)
        self._released = []
        for task in self._tasks:
            task()
        self._tasks = []
        for call in [*self._waiting, *self._computing]:
            self._check(call)
        self._admit()

    def _check(self, call: RowCall) -> None:
        try:
            call.meter.check()
        except Stopped as stopped:
            call.error = stopped
            self._fail([call], "stopped")

    def _fail(self, calls: Sequence[RowCall], text: str, cause: Exception | None = None) -> None:
        """End these calls: with an error of its own each, for they raise it in their own threads."""
        for call in calls:
            if call.error is None:
                call.error = EngineError(text)
                call.error.__cause__ = cause
        self._computing = [call for call in self._computing if call not in calls]
        self._waiting = [call for call in self._waiting if call not in calls]
        self._changed.notify_all()

    def _admit(self) -> None:
        """Calls begin in the order of their arrival, as long as all that are under way fit."""
        while self._admissible():
            call = self._waiting.pop(0)
            call.admitted = True
            self._active.append(call)
            self._changed.notify_all()

    def _admissible(self) -> bool:
        used = sum(call.need for call in self._active)
        return bool(self._waiting) and (not self._active or used + self._waiting[0].need <= self._capacity)

    def _linger(self) -> None:
        if self._computing:
            patience = min(LINGER_SECONDS, self._last_pass)
            self._changed.wait_for(lambda: len(self._computing) == len(self._active), timeout=patience)

    def _step(self, calls: Sequence[RowCall]) -> None:
        """One pass for the rows of ``calls``; a failure of the model ends these calls, and nothing else."""
        if not calls:
            return
        try:
            started = time.monotonic()
            self._pass(calls)
            self._last_pass = time.monotonic() - started
        except Exception as error:
            self._memory.forget()
            with self._changed:
                self._fail(calls, f"the model failed: {type(error).__name__}: {error}", error)

    def _pass(self, calls: Sequence[RowCall]) -> None:
        for call in calls:
            fresh = [row for row in call.due if row.place is None]
            self._memory.attach(fresh)
            for row in fresh:
                row.reused = row.done if row.reused is None else row.reused
        owners = {row: call for call in calls for row in call.due}
        if owners:
            self._run_pass(owners)
        with self._changed:
            self._computing = [call for call in self._computing if call.due]
            self._changed.notify_all()

    def _run_pass(self, owners: dict[Row, RowCall]) -> None:
        first = min(owners, key=lambda row: row.served)
        rows = self._memory.together(first, list(owners))
        sizes = {row: min(row.rest, self._memory.chunk(row, self._chunk)) for row in rows}
        chosen, steps = next_pass(rows, sizes, chunk=self._chunk, cells=self._capacity)
        if not self._memory.shares:  # a state has no padding: its rows go on by as many tokens each
            steps = [min(steps)] * len(steps)
        self._memory.compute(chosen, steps)
        serve(chosen)
        computed: dict[RowCall, int] = {}
        for row, step in zip(chosen, steps, strict=True):
            computed[owners[row]] = computed.get(owners[row], 0) + step
        for call, tokens in computed.items():
            call.meter.count(computed=tokens, passes=1)


def _raise(call: RowCall) -> None:
    if call.error is not None:
        raise call.error
