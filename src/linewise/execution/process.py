"""``--sandbox process``: the same workers without isolation. Explicitly unsafe."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from linewise.errors import SandboxError
from linewise.execution.interpreter import ENVIRONMENT, FLAGS, find_interpreter, package_folders
from linewise.execution.pool import WorkerPool, zygote_options
from linewise.execution.zygote import Launch


class ProcessSandbox(WorkerPool):
    """Runs programs in child processes with rlimits, and nothing else between them and the user's files and network.

    Only for programs that are trusted, or where something outside isolates this whole process.
    """

    name = "process"

    def __init__(self, *, workers: int | None = None, python: str | None = None, preload: Sequence[str] = ()) -> None:
        """``workers``: default, one per processor; ``python``: the interpreter for programs, default this one.

        ``preload``: modules that every program finds imported. With any, or with a ``python``, programs see the
        interpreter's packages.
        """
        super().__init__(workers or os.cpu_count() or 1, preload, python)

    def launches(self, archive: Path) -> Iterator[Launch]:
        """The interpreter, started as it is."""
        interpreter = find_interpreter(self.python)
        packages = package_folders(self.python) if self.preload or self.python else ()
        options = zygote_options(isolated=False, preload=self.preload, packages=packages)
        yield Launch((interpreter.executable, *FLAGS, str(archive), options), ENVIRONMENT)

    def no_launch(self, reasons: Sequence[str]) -> SandboxError:
        """The interpreter does not run our code."""
        return SandboxError(f"sandbox `process`: {'; '.join(reasons)}; give another Python interpreter")
