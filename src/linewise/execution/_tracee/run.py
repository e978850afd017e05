"""One run, as the zygote oversees it: gives each child its part, collects reports, and ends all that was started."""

import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from . import wire
from .stock import Spare, Stock

REPORT_LIMIT = 16 << 20
GRACE_SECONDS = 0.5
SWEEP_SECONDS = 2.0
NONCE_BYTES = 16


class HostGone(Exception):
    """The host closed the requests: end at once, with everything that was started."""


class Party:
    """One child of a run and what has come from it."""

    def __init__(self, spare: Spare) -> None:
        self.spare = spare
        self.received = bytearray()
        self.open = True
        self.done = False
        self.late = False
        self.nonce = os.urandom(NONCE_BYTES)
        self.end: dict[str, Any] = {}

    def assign(self, request: bytes, link: socket.socket | None) -> None:
        """Give the child its part, with the secret that its report has to begin with."""
        whole = request[:-1] + b', "nonce": "' + self.nonce.hex().encode() + b'"}'
        self.spare.assign(whole, link.fileno() if link else None)

    def look(self, ready: set[int]) -> None:
        """Read what is there; note when the report is complete or the child has ended."""
        if self.open and self.spare.control.fileno() in ready:
            chunk = self._read()
            self.received += chunk
            self.open = bool(chunk)  # closed without a whole report: how the child ends is still to be seen
            self.done = _complete(self.received)
        elif self.spare.ended in ready:
            self.done = True

    def report(self) -> bytes:
        """The report's payload where it is whole and begins with the secret of this run; else nothing."""
        payload = bytes(self.received[wire.HEADER.size :])
        whole = len(self.received) >= wire.HEADER.size and len(payload) == wire.HEADER.unpack_from(self.received)[0]
        return payload[len(self.nonce) :] if whole and payload.startswith(self.nonce) else b""

    def finish(self) -> None:
        """Kill the child, and with it the process space that is its own, and note how it ended."""
        if self.end:
            return
        os.kill(self.spare.pid, signal.SIGKILL)  # still our child, so the number is its own even when it has ended
        if not select.select([self.spare.ended], [], [], SWEEP_SECONDS)[0]:
            sys.exit("a program does not end")  # the host replaces this worker
        _, status, usage = os.wait4(self.spare.pid, 0)
        self.spare.close()
        cpu_seconds = usage.ru_utime + usage.ru_stime
        self.end = {"code": os.waitstatus_to_exitcode(status), "late": self.late, "cpu_seconds": cpu_seconds}

    def _read(self) -> bytes:
        try:
            return self.spare.control.recv(1 << 18)
        except OSError:
            return b""


def run(parts: list[bytes], wall_seconds: float, stock: Stock, requests: int) -> list[bytes]:
    """Run the parts together, two over a link of their own; how it ended (JSON), and each part's report."""
    started = time.monotonic()
    parties = [Party(stock.take()) for _ in parts]
    try:
        _assign(parties, parts)
        _collect(parties, requests, started + wall_seconds + GRACE_SECONDS, stock)
    finally:
        seconds = time.monotonic() - started
        for party in parties:
            party.finish()
        stock.end_strays(set())
    ends = {"seconds": seconds, "ends": [party.end for party in parties]}
    return [json.dumps(ends).encode(), *(party.report() for party in parties)]


def _assign(parties: list[Party], parts: list[bytes]) -> None:
    links: tuple[socket.socket | None, ...] = socket.socketpair() if len(parts) > 1 else (None,)
    for party, part, link in zip(parties, parts, links, strict=True):
        try:
            party.assign(part, link)
        except OSError:
            party.done = True
        if link:
            link.close()


def _collect(parties: list[Party], requests: int, deadline: float, stock: Stock) -> None:
    """Wait until every child has reported or ended. The program is late at the deadline, the judge a moment later.

    A child that is done is ended at once, which closes its side of the link, so that the other one learns of it.
    """
    while waiting := [party for party in parties if not party.done]:
        left = deadline - time.monotonic()
        if left <= 0:
            waiting[0].late = waiting[0].done = True
            deadline = time.monotonic() + GRACE_SECONDS
        else:
            watched = [party.spare.ended for party in waiting]
            watched += [party.spare.control.fileno() for party in waiting if party.open]
            ready = set(select.select([requests, *watched], [], [], left)[0])
            if requests in ready:  # the host sends nothing while it waits, so this is the end of the stream
                raise HostGone
            for party in waiting:
                party.look(ready)
        for party in [party for party in waiting if party.done]:
            party.finish()
            stock.end_strays({party.spare.pid for party in parties if not party.end})


def _complete(received: bytearray) -> bool:
    if len(received) < wire.HEADER.size:
        return False
    size: int = wire.HEADER.unpack_from(received)[0]
    return size > REPORT_LIMIT or len(received) >= wire.HEADER.size + size
