"""What a fork of the zygote does: becomes isolated, waits for its part in a run, limits itself, works, reports."""

import fcntl
import gc
import io
import json
import math
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from . import codec, examiner, runner, served, watch, wire
from . import tracer as tracers
from .isolation import Isolation
from .render import Renderer

INTERNAL_ERROR = 70
SECRET_BYTES = 16
TIME_SIGNALS = (signal.SIGPROF, signal.SIGALRM)
LAST_DESCRIPTOR = 1 << 20
GROWTH = 64 << 10
END = os._exit
"""A script has another ``os._exit``."""


def live(control: socket.socket, isolation: Isolation | None) -> NoReturn:
    """Wait for a part, do it, write one report, end. Never returns."""
    try:
        os.setsid()
        _close_all_but(control.fileno())
        OUTPUT.open()
        if isolation:
            isolation.enter()
        os.dup2(0, 2)  # until here, the host reads what goes wrong
        _warm_up()
        secret, link = _receive_start(control)
        if (request := wire.read_message(control.fileno())) is None:
            os._exit(0)  # the zygote has ended and needs no one
        beside = isolation.processes_beside if isolation else None
        if request.get("shared"):
            _judge_on(request, secret, link, control, beside)
        if stdin := request.pop("stdin", ""):  # else it is the null device
            _give_input(stdin)
        _work(request, secret, link, control.detach(), beside)
    except OSError as error:
        os.write(2, f"a program cannot be isolated: {error.strerror or error}\n".encode())
    finally:
        os._exit(INTERNAL_ERROR)


def _work(request: dict[str, Any], secret: bytes, link: int, report: int, beside: int | None) -> None:
    limits, output = request["limits"], OUTPUT
    channel = _hide(report)
    output.limit(limits["output_bytes"])
    owner = os.getpid()

    def send(content: dict[str, Any]) -> NoReturn:
        if os.getpid() != owner:  # a fork that the program made and that came this far
            END(0)
        with suppress(ValueError):  # a script may leave from another thread, which cannot do this
            for number in TIME_SIGNALS:  # one report, whatever runs out while it is made
                signal.signal(number, signal.SIG_IGN)
        content["stdout"], full = output.text()
        if full:
            content.update(end="failed", failure="output")
        told = json.dumps(
            content, ensure_ascii=False
        )  # printed text of another script would become three times as long
        wire.write_frame(channel, secret + told.encode("utf-8", "backslashreplace"))
        END(0)

    session = _session(request, send, link)
    output.when_full = session.output_full
    _set_timers(limits, session)
    _limit(limits, beside)
    session.run()


def _judge_on(
    request: dict[str, Any] | None, secret: bytes, link: int, control: socket.socket, beside: int | None
) -> NoReturn:
    """Judge one test after the other. Only tests that leave nothing behind come here (``separation`` has the rules)."""
    assert request is not None
    _limit({**request["limits"], "cpu_seconds": resource.RLIM_INFINITY}, beside)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - what a test prints is nobody's matter
    peak = _peak() + GROWTH
    while request is not None:
        _judge_once(request, secret, link, control.fileno(), peak)
        secret, link = _receive_start(control)
        request = wire.read_message(control.fileno())
    os._exit(0)


def _judge_once(request: dict[str, Any], secret: bytes, link: int, report: int, peak: int) -> None:
    """``peak``: how much memory it may ever have held and judge again: a worn heap has less room for the next test."""
    unharmed = {"wrong", "exception", None}

    def send(content: dict[str, Any]) -> NoReturn:
        for number in TIME_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        stays = content.get("failure") in unharmed and _peak() < peak  # else who knows in which state this process is
        mark = wire.STAYS if stays else wire.ENDS
        wire.write_frame(report, secret + mark + json.dumps({**content, "stdout": ""}).encode())
        if not stays:
            os._exit(0)
        raise runner.Reported

    session = examiner.Examiner(request, send, link)
    _set_timers(request["limits"], session)
    try:
        session.run()
    except runner.Reported:
        sys.modules.pop("program", None)
    del session, send
    gc.collect()  # what a test made holds itself, and would count against the memory of the next


def _peak() -> int:
    """The most memory that this process has held at a time, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _session(request: dict[str, Any], send: runner.Send, link: int) -> runner.Session:
    match request["part"]:
        case "program":
            return served.Served(request, send, _hide(link))
        case "judge":
            return examiner.Examiner(request, send, _hide(link))
        case "script":
            script = runner.Script(request, send)
            vars(os).update(_exit=_leaving(script))
            return script
    return runner.Together(request, send)


def _leaving(script: runner.Script) -> Callable[[int], NoReturn]:
    """What a script has in place of ``os._exit``: it ends as abruptly, but with a report of what it has written."""
    owner = os.getpid()

    def leave(status: int) -> NoReturn:
        if status != 0 or os.getpid() != owner:
            END(status)
        OUTPUT.lose()
        script.finish()

    return leave


def _receive_start(control: socket.socket) -> tuple[bytes, int]:
    """What comes before the request: a secret, and with it the link's descriptor, -1 where there is none."""
    secret, descriptors, _, _ = socket.recv_fds(control, SECRET_BYTES, 1)
    return secret, descriptors[0] if descriptors else -1


def _warm_up() -> None:
    """Do for nothing what a run will do: every page that it writes to is copied now, and not while somebody waits."""
    call = codec.Decoder(codec.Encoder().message([[1], {}, True], 1 << 10))
    space: dict[str, Any] = {}
    exec(compile("def f(x):\n    return x\n", runner.PROGRAM, "exec", dont_inherit=True), space)
    tracer = tracers.make("delta", 10, Renderer(100))
    watched = watch.Watch(Renderer(100), tracer).wrap(space["f"])
    value = watched(*call.items()[0])
    codec.Encoder(call.shells).message([value, *call.shells.values()], 1 << 10)
    json.dumps(tracer.content() if tracer else None)


def _close_all_but(descriptor: int) -> None:
    """Close what was the zygote's; its standard input is the null device."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, LAST_DESCRIPTOR)


def _hide(descriptor: int) -> int:
    """Move a descriptor to a number that is hard to guess and above what the program may open."""
    top = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1 << 12)  # the kernel's table is as long as the highest
    chance = int.from_bytes(os.urandom(4), "big") % (top // 2 - 8)
    hidden: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, top // 2 + chance)
    os.close(descriptor)
    return hidden


def _give_input(text: str) -> None:
    """Make ``text`` the standard input, by a file of the working folder that has no name any more."""
    name = "input"
    with open(name, "wb") as file:
        file.write(text.encode("utf-8", "surrogatepass"))
    descriptor = os.open(name, os.O_RDONLY)
    os.unlink(name)
    os.dup2(descriptor, 0)
    os.close(descriptor)
    sys.stdin = _named(io.FileIO(0, closefd=False), io.BufferedReader, "<stdin>", "r")


def _named(raw: Any, buffered: Callable[[Any], Any], name: str, mode: str) -> io.TextIOWrapper:
    """A stream that has the name and the mode which an interpreter gives its own: scripts ask for them."""
    raw.name = name
    stream = io.TextIOWrapper(buffered(raw), encoding="utf-8")
    vars(stream)["mode"] = mode
    return stream


class Output(io.RawIOBase):
    """Standard output into memory. ``when_full`` is called where ``sys.stdout`` would pass the limit."""

    def __init__(self) -> None:
        super().__init__()
        self.when_full: Callable[[], None] = lambda: None
        self._limit = 0
        self._lost = False
        self._memory = -1
        self._stream = _named(self, io.BufferedWriter, "<stdout>", "w")

    def open(self) -> None:
        """Become what ``sys.stdout`` and descriptor 1 write to."""
        memory = os.memfd_create("output")
        os.dup2(memory, 1)
        self._memory = _hide(memory)
        sys.stdout = sys.__stdout__ = self._stream  # type: ignore[misc]

    def limit(self, size: int) -> None:
        """Take no more than ``size`` bytes."""
        self._limit = size

    def lose(self) -> None:
        """Take no more of what has been printed but not flushed."""
        self._lost = True

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
        for stream in () if self._lost else (sys.stdout, self._stream):
            try:
                stream.flush()
            except Exception:
                continue  # the program closed or replaced it; what arrived is what counts
        data = os.pread(self._memory, self._limit + 1, 0)
        return data[: self._limit].decode("utf-8", "backslashreplace"), len(data) > self._limit


OUTPUT = Output()
"""Made in the zygote, for every page that a child writes to is a page to copy."""


def _set_timers(limits: dict[str, Any], session: "runner.Session") -> None:
    """Let this process report its own time-out, with its trace; rlimits and the host stand behind it."""
    signal.setitimer(signal.ITIMER_PROF, limits["cpu_seconds"])  # first, for the timers of a test before may still run
    signal.setitimer(signal.ITIMER_REAL, limits["wall_seconds"])
    signal.signal(signal.SIGPROF, lambda *_: session.out_of_time("cpu"))
    signal.signal(signal.SIGALRM, lambda *_: session.out_of_time("wall"))


def _limit(limits: dict[str, Any], beside: int | None) -> None:
    """``beside``: how many processes of this user the kernel counts that are not the program's; ``None``: unknown."""
    if (cpu_seconds := limits["cpu_seconds"]) != resource.RLIM_INFINITY:
        _lower(resource.RLIMIT_CPU, math.ceil(cpu_seconds) + 1, math.ceil(cpu_seconds) + 2)
    _lower(resource.RLIMIT_AS, limits["memory_bytes"])
    _lower(resource.RLIMIT_FSIZE, limits["file_bytes"])
    _lower(resource.RLIMIT_NOFILE, limits["open_files"])
    _lower(resource.RLIMIT_CORE, 0)
    if beside is not None:
        _lower(resource.RLIMIT_NPROC, limits["processes"] + beside)


def _lower(kind: int, soft: int, hard: int | None = None) -> None:
    """Set a limit, but never above a hard limit that is already there."""
    present = resource.getrlimit(kind)[1]
    wanted = soft if hard is None else hard
    ceiling = wanted if present == resource.RLIM_INFINITY else min(wanted, present)
    resource.setrlimit(kind, (min(soft, ceiling), ceiling))
