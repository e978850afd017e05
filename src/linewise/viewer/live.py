"""The live view of ``linewise solve``: it is fed by the event stream and knows nothing else."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from linewise.events import Event
from linewise.schema import Task
from linewise.viewer.closing import closing
from linewise.viewer.frame import frame
from linewise.viewer.progress import Progress

_FRAMES_PER_SECOND = 8


class LiveView:
    """A context manager that shows a run on ``console`` while it happens, and a few lines about it at the end.

    ``on_event`` may be called from any thread, one at a time. On a console that is no terminal only the end is printed.
    """

    def __init__(self, console: Console, task: Task) -> None:
        self._console, self._task = console, task
        self._progress = Progress()
        self._updated = time.monotonic()
        self._live = Live(
            console=console,
            get_renderable=self._frame,
            refresh_per_second=_FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,  # the answer belongs to standard output alone
        )

    def on_event(self, event: Event) -> None:
        """Show what happened, at the next frame."""
        self._updated = time.monotonic()
        self._progress = self._progress.after(event)

    def __enter__(self) -> Self:
        """Start showing."""
        self._live.start()
        self._console.show_cursor(True)  # so that a killed process leaves a whole terminal
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Replace the frame by a summary, also where the run was stopped on the way."""
        self._live.stop()
        for line in closing(self._progress, self._task):
            self._console.print(line)

    def _frame(self) -> Text:
        width, height = self._console.size
        seconds = self._progress.seconds + time.monotonic() - self._updated
        width -= 2  # room for the ^C that a terminal echoes: a full row would wrap, and a row would stay behind
        return frame(self._progress, self._task, seconds=seconds, width=width, height=height - 1)
