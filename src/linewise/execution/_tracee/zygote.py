"""The long-lived process of one worker: reads a request, forks a child for it, relays the child's report.

Requests come on what was standard input, answers leave on what was standard output. An answer is two frames: how
the child ended (JSON, made here), then its report as it wrote it; an empty report is "no report".
Inside bubblewrap this is process 1 of its own process space, so no child can kill or stop it.
"""

import ctypes
import gc
import importlib
import json
import os
import select
import shutil
import signal
import sys
import time
from typing import Any

from . import child, wire

REPORT_LIMIT = 16 << 20
GRACE_SECONDS = 0.5
SWEEP_SECONDS = 2.0
NONCE_BYTES = 16
PR_SET_CHILD_SUBREAPER = 36

PRELOADED = (
    *("bisect", "cmath", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"),
    *("heapq", "io", "itertools", "math", "operator", "random", "re", "statistics", "string", "typing"),
)


class HostGone(Exception):
    """The host closed the requests: end at once, with everything that was started."""


def main() -> None:
    """Serve requests until the host closes their stream."""
    requests, responses = _take_channels()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _adopt_orphans()
    _prepare_interpreter()
    wire.write_frame(responses, json.dumps({"hello": list(sys.version_info[:3])}).encode())
    while (request := wire.read_frame(requests)) is not None:
        try:
            end, report = _run_child(json.loads(request), requests, responses)
        except HostGone:
            break
        wire.write_frame(responses, json.dumps(end).encode())
        wire.write_frame(responses, report)
        _clean_folder()


def _take_channels() -> tuple[int, int]:
    """Move the two streams away from 0 and 1, where a child would look for them."""
    requests, responses = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    return requests, responses


def _adopt_orphans() -> None:
    """Become the parent of what children leave behind (process 1 is that already)."""
    if os.getpid() != 1:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _prepare_interpreter() -> None:
    sys.path.pop(0)  # the archive: programs must not import from it
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _run_child(request: dict[str, Any], requests: int, responses: int) -> tuple[dict[str, Any], bytes]:
    nonce = os.urandom(NONCE_BYTES)
    reader, writer = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        child.live(request, writer, nonce, unwanted=(reader, requests, responses))
    os.close(writer)
    deadline = started + request["limits"]["wall_seconds"] + GRACE_SECONDS
    try:
        received, late = _collect(reader, pid, requests, deadline)
    finally:
        seconds = time.monotonic() - started
        status, cpu_seconds = _end_all(pid)
        os.close(reader)
    code = os.waitstatus_to_exitcode(status)
    end = {"code": code, "late": late, "seconds": seconds, "cpu_seconds": cpu_seconds}
    return end, _genuine(received, nonce)


def _collect(reader: int, pid: int, requests: int, deadline: float) -> tuple[bytes, bool]:
    """Read until the report is complete, the child has ended, or the deadline (``True``) has come."""
    ended = os.pidfd_open(pid)
    poll = select.poll()
    for descriptor in (reader, ended, requests):
        poll.register(descriptor, select.POLLIN)
    received = bytearray()
    try:
        while (left := deadline - time.monotonic()) > 0:
            ready = {descriptor for descriptor, _ in poll.poll(left * 1000)}
            if requests in ready:  # the host sends nothing while it waits, so this is the end of the stream
                raise HostGone
            if reader in ready and (chunk := os.read(reader, 1 << 16)):
                received += chunk
                if _complete(received):
                    return bytes(received), False
            elif ended in ready:
                return bytes(received), False
            elif ready:  # closed without a whole report; how the child ends is still to be seen
                poll.unregister(reader)
        return bytes(received), True
    finally:
        os.close(ended)


def _complete(received: bytearray) -> bool:
    if len(received) < wire.HEADER.size:
        return False
    size: int = wire.HEADER.unpack_from(received)[0]
    return size > REPORT_LIMIT or len(received) >= wire.HEADER.size + size


def _genuine(received: bytes, nonce: bytes) -> bytes:
    """The report's payload where it is whole and begins with the secret of this run; else nothing."""
    payload = received[wire.HEADER.size :]
    whole = len(received) >= wire.HEADER.size and len(payload) == wire.HEADER.unpack_from(received)[0]
    return payload[len(nonce) :] if whole and payload.startswith(nonce) else b""


def _end_all(pid: int) -> tuple[int, float]:
    """Kill the child and all that it started; the child's wait status and seconds of processor time."""
    os.kill(pid, signal.SIGKILL)  # still our child, so the number is its own even when it has ended
    _, status, usage = os.wait4(pid, 0)
    deadline = time.monotonic() + SWEEP_SECONDS
    while _has_children():
        if time.monotonic() > deadline:
            sys.exit("processes of a program survive")  # the host replaces this worker
        _kill_children()
    return status, usage.ru_utime + usage.ru_stime


def _has_children() -> bool:
    """Reap what has ended; whether anything is left. Orphans count, since they become our children."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _kill_children() -> None:
    if os.getpid() == 1:
        os.kill(-1, signal.SIGKILL)  # all of this process space, in one step, but for ourselves
    else:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
            for number in children.read().split():
                os.kill(int(number), signal.SIGKILL)
    time.sleep(0.001)


def _clean_folder() -> None:
    """Remove what the child left in the working folder. A folder that cannot be emptied ends this worker."""
    for entry in os.scandir("."):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
