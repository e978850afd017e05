"""The host's side of one worker: starts its zygote, asks it, and ends it."""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from linewise.execution._tracee.wire import HEADER
from linewise.execution.tracer import Answer, End, Request

START_SECONDS = 20.0
CLOSE_SECONDS = 0.3
POLL_SECONDS = 0.1
FRAME_LIMIT = 17 << 20

Check = Callable[[], None]
"""Called at least every 0.1 s while waiting; raises where the call has to stop."""


class WorkerBroken(Exception):
    """The zygote did not start, ended, or does not keep to the protocol. Says nothing about a program."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a worker is started: a command, the folder that it starts in (one of its own where ``None``), and the
    descriptors that it inherits.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str | None = None
    descriptors: tuple[int, ...] = ()


class Worker:
    """One zygote. Not for several threads at once.

    Starting one takes tens of milliseconds. With ``--die-with-parent`` it lives as long as the thread that started it.
    """

    def __init__(self, launch: Launch) -> None:
        """Start the zygote and wait for its greeting. Raises ``WorkerBroken``."""
        with ExitStack() as files:
            folder = files.enter_context(tempfile.TemporaryDirectory(prefix="linewise-", ignore_cleanup_errors=True))
            self._errors = os.memfd_create("errors")
            files.callback(os.close, self._errors)
            self._process = _start(launch, launch.folder or folder, self._errors)
            self._files = files.pop_all()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        os.set_blocking(self._requests.fileno(), False)
        os.set_blocking(self._answers.fileno(), False)
        try:
            self._read_frame(time.monotonic() + START_SECONDS, lambda: None)
        except BaseException:
            self.close()
            raise

    def ask(self, request: Request, seconds: float, check: Check) -> Answer:
        """Send one request; how its processes ended, and their reports (empty where one made none).

        Raises ``WorkerBroken`` after ``seconds``, and what ``check`` raises; the worker is of no use after either.
        """
        deadline = time.monotonic() + seconds
        frames = (HEADER.pack(len(frame)) + frame for frame in request.frames)
        self._write(b"".join(frames), deadline, check)
        end = json.loads(self._read_frame(deadline, check))
        reports = tuple(self._read_frame(deadline, check) for _ in range(request.parts))
        return Answer(end["seconds"], tuple(End(**one) for one in end["ends"]), reports)

    def close(self) -> None:
        """End the zygote and all that it has started: it does so itself when its requests end, else it is killed."""
        self._requests.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            _kill_tree(self._process.pid)
            self._process.wait()
        self._answers.close()
        self._files.close()

    def _write(self, data: bytes, deadline: float, check: Check) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(self._requests.fileno(), select.POLLOUT, deadline, check)
            try:
                rest = rest[os.write(self._requests.fileno(), rest) :]
            except OSError as error:
                raise self.broken("takes no request") from error

    def _read_frame(self, deadline: float, check: Check) -> bytes:
        (size,) = HEADER.unpack(self._read(HEADER.size, deadline, check))
        if size > FRAME_LIMIT:
            raise self.broken("sends too much")
        return self._read(size, deadline, check)

    def _read(self, size: int, deadline: float, check: Check) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._wait(self._answers.fileno(), select.POLLIN, deadline, check)
            chunk = os.read(self._answers.fileno(), size - len(data))
            if not chunk:
                raise self.broken("has ended")
            data += chunk
        return bytes(data)

    def _wait(self, descriptor: int, event: int, deadline: float, check: Check) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        while True:
            check()
            if poll.poll(POLL_SECONDS * 1000):
                return
            if time.monotonic() > deadline:
                raise self.broken("does not answer")

    def broken(self, what: str) -> WorkerBroken:
        """What happened, with the last line that the command wrote to its standard error."""
        lines = os.pread(self._errors, 1 << 14, 0).decode("utf-8", "replace").strip().splitlines()
        return WorkerBroken(f"the sandbox worker {what}" + (f" ({lines[-1][:300]})" if lines else ""))


def _start(launch: Launch, folder: str, errors: int) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            launch.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(launch.environment),
            cwd=folder,
            start_new_session=True,
            bufsize=0,
            pass_fds=launch.descriptors,
        )
    except OSError as error:
        raise WorkerBroken(f"the sandbox worker does not start ({error})") from error


def _kill_tree(pid: int) -> None:
    """Kill a process and its descendants, parents first, so that none can start another unseen."""
    _kill(pid)
    for child in _children(pid):
        _kill_tree(child)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _children(pid: int) -> Sequence[int]:
    try:
        return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
