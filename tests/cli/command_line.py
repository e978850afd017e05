"""The command as a user runs it: a process of its own in a folder of its own, with an engine that knows its replies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_SECONDS = 60
RIGHT = "def f(x):\n    return x + 1\n"
WRONG = "def f(x):\n    return x - 1\n"
ENDLESS = "def f(x):\n    while True:\n        x += 1\n"


@dataclass(frozen=True)
class Command:
    """Runs ``linewise`` in ``folder``, without the settings of whoever runs the tests."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
        """What became of a finished run; ``options`` go to ``subprocess.run``."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
        return subprocess.run(
            self._line(arguments), check=False, **{"timeout": PATIENCE_SECONDS, **self._place(), **streams}
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """A run under way, in a process group of its own as a shell would start it."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(self._line(arguments), start_new_session=True, **self._place(), **pipes)

    def _line(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "linewise", *arguments]

    def _place(self) -> dict[str, object]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LINEWISE_")}
        return {"cwd": self.folder, "env": {**clean, **self.environment}, "text": True}


def wait_until(what: Callable[[], bool]) -> None:
    """Return once ``what`` holds; fail after a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def interrupt(process: "subprocess.Popen[str]") -> None:
    """What a terminal does at Ctrl-C: every process of the group gets the signal."""
    os.killpg(process.pid, signal.SIGINT)
