"""Run something long while the main thread only waits, so that Ctrl-C works at any moment."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from linewise.errors import Cancelled

T = TypeVar("T")

_PATIENCE_SECONDS = 0.8
_LOOK_SECONDS = 0.2
"""The system may hand a signal to any thread of the process; the main one acts on it once it wakes."""


class _Job(Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._results: list[T] = []
        self._errors: list[BaseException] = []
        self.ended = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="solve").start()

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:
            self._errors.append(error)
        finally:
            self.ended.set()

    def result(self) -> T:
        if self._errors:
            raise self._errors[0]
        return self._results[0]


def run_interruptibly(work: Callable[[], T], cancel: Callable[[], None]) -> T:
    """The result of ``work``, which runs in a thread; Ctrl-C calls ``cancel`` and raises ``Cancelled``.

    Work that does not stop soon, such as loading a model, is left behind: the caller has to end the process without
    waiting for it, and the sandbox's processes end with the process.
    """
    job = _Job(work)
    try:
        # Joining would not do: a thread whose join is interrupted counts as ended (Python 3.11, 3.12).
        while not job.ended.wait(_LOOK_SECONDS):
            pass
    except KeyboardInterrupt:
        cancel()
        job.ended.wait(_PATIENCE_SECONDS)
        raise Cancelled("interrupted") from None
    return job.result()
