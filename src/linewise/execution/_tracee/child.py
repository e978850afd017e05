"""What a fork does before and after the program: own session, limits, descriptors, timers, the one report."""

import fcntl
import io
import json
import math
import os
import random
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from . import runner, wire

INTERNAL_ERROR = 70


def live(request: dict[str, Any], report: int, nonce: bytes, *, unwanted: tuple[int, ...]) -> NoReturn:
    """Run the request in this process, write one report, end. Never returns."""
    try:
        os.setsid()
        for descriptor in unwanted:
            os.close(descriptor)
        limits = request["limits"]
        channel = _hide(report)
        output = Output(limits["output_bytes"])
        _give_input(request["test"].get("stdin", ""))
        os.environ.clear()

        owner = os.getpid()

        def send(content: dict[str, Any]) -> NoReturn:
            if os.getpid() != owner:  # a fork that the program made and that came this far
                os._exit(0)
            content["stdout"], full = output.text()
            if full:
                content.update(end="failed", failure="output")
            wire.write_frame(channel, nonce + json.dumps(content).encode())
            os._exit(0)

        session = runner.Session(request, send)
        output.when_full = session.output_full
        _set_timers(limits, session)
        _limit(limits)
        session.run()
    finally:
        os._exit(INTERNAL_ERROR)


def _hide(descriptor: int) -> int:
    """Move a descriptor to a number that is hard to guess and above what the program may open."""
    top = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1 << 16)
    hidden: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, random.SystemRandom().randrange(top // 2, top - 8))
    os.close(descriptor)
    return hidden


def _give_input(text: str) -> None:
    memory = os.memfd_create("input")
    with open(memory, "wb", closefd=False) as file:
        file.write(text.encode("utf-8", "surrogatepass"))
    os.lseek(memory, 0, os.SEEK_SET)
    os.dup2(memory, 0)
    os.close(memory)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")


class Output(io.RawIOBase):
    """Standard output into memory. ``when_full`` is called where ``sys.stdout`` would pass the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.when_full: Callable[[], None] = lambda: None
        self._limit = limit
        memory = os.memfd_create("output")
        os.dup2(memory, 1)
        self._memory = _hide(memory)
        self._stream = io.TextIOWrapper(io.BufferedWriter(self), encoding="utf-8")
        sys.stdout = self._stream

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, data: Any) -> int:
        if os.lseek(1, 0, os.SEEK_CUR) + len(data) > self._limit:
            self.when_full()
        return os.write(1, data)

    def text(self) -> tuple[str, bool]:
        """What was written, and whether it was more than the limit."""
        for stream in (sys.stdout, self._stream):
            try:
                stream.flush()
            except Exception:
                continue  # the program closed or replaced it; what arrived is what counts
        data = os.pread(self._memory, self._limit + 1, 0)
        return data[: self._limit].decode("utf-8", "backslashreplace"), len(data) > self._limit


def _set_timers(limits: dict[str, Any], session: "runner.Session") -> None:
    """Let this process report its own time-out, with its trace; rlimits and the host stand behind it."""
    signal.signal(signal.SIGPROF, lambda *_: session.out_of_time("cpu"))
    signal.signal(signal.SIGALRM, lambda *_: session.out_of_time("wall"))
    signal.setitimer(signal.ITIMER_PROF, limits["cpu_seconds"])
    signal.setitimer(signal.ITIMER_REAL, limits["wall_seconds"])


def _limit(limits: dict[str, Any]) -> None:
    cpu_seconds = math.ceil(limits["cpu_seconds"]) + 1
    _lower(resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1)
    _lower(resource.RLIMIT_AS, limits["memory_bytes"])
    _lower(resource.RLIMIT_FSIZE, limits["file_bytes"])
    _lower(resource.RLIMIT_NOFILE, limits["open_files"])
    _lower(resource.RLIMIT_CORE, 0)
    if os.getppid() == 1:  # own process space; elsewhere this would count the user's other processes too
        _lower(resource.RLIMIT_NPROC, limits["processes"])


def _lower(kind: int, soft: int, hard: int | None = None) -> None:
    """Set a limit, but never above a hard limit that is already there."""
    present = resource.getrlimit(kind)[1]
    wanted = soft if hard is None else hard
    ceiling = wanted if present == resource.RLIM_INFINITY else min(wanted, present)
    resource.setrlimit(kind, (min(soft, ceiling), ceiling))
