"""One run, as the zygote oversees it: gives each child its part, collects reports, and ends all that was started."""

import os
import select
import signal
import socket
import sys
import time
from typing import Any

from . import wire
from .child import SECRET_BYTES
from .memory import LOOK_SECONDS, MemoryWatch
from .stock import Spare, Stock
from .vault import Full, Report, Vault

REPORT_LIMIT = 16 << 20
GRACE_SECONDS = 0.5
SWEEP_SECONDS = 2.0
REPORTED: dict[str, Any] = {"code": 0, "cause": "", "cpu_seconds": 0.0}


class HostGone(Exception):
    """The host closed the requests: end at once, with everything that was started."""


class Party:
    """One child of a run and what has come from it."""

    def __init__(self, spare: Spare, vault: Vault, *, stays: bool = False) -> None:
        self.spare = spare
        self.stays = stays
        self.open = True
        self.done = False
        self.cause = ""
        self.end: dict[str, Any] = {}
        self._secret = os.urandom(SECRET_BYTES)
        self._report = Report(vault, REPORT_LIMIT)

    def assign(self, part: memoryview, link: socket.socket | None) -> None:
        """Give the child its part, with the secret that its report has to begin with."""
        try:
            self.spare.assign(self._secret, part, link.fileno() if link else None)
        except OSError:
            self.done = True

    def look(self, ready: set[int]) -> None:
        """Read what is there; note when the report is complete or the child has ended."""
        if self.open and self.spare.control.fileno() in ready:
            try:
                self.open = self._report.receive(self.spare.control.recv_into)
            except (OSError, Full):
                self.open = False
            self.done = self._report.complete  # closed without a whole report: how it ends is still to be seen
        elif self.spare.ended in ready:
            self.done = True

    def stop(self, cause: str) -> None:
        """End it before it is done: it is ``late``, or takes too much ``memory``."""
        self.cause, self.done = cause, True

    def report(self) -> memoryview:
        """The report, where it is whole and genuine; else nothing."""
        payload = self._report.payload(self._secret)
        return payload[1:] if self.stays else payload

    def ends(self) -> bool:
        """Whether a judge that could stay does not."""
        return self._report.payload(self._secret)[:1] != wire.STAYS

    def kill(self) -> None:
        """Kill the child, and with it the process space that is its own."""
        os.kill(self.spare.pid, signal.SIGKILL)  # still our child, so the number is its own even when it has ended

    def wait(self) -> None:
        """Note how the child has ended."""
        if not select.select([self.spare.ended], [], [], SWEEP_SECONDS)[0]:
            sys.exit("a program does not end")  # the host replaces this worker
        _, status, usage = os.wait4(self.spare.pid, 0)
        self.spare.close()
        cpu_seconds = usage.ru_utime + usage.ru_stime
        self.end = {"code": os.waitstatus_to_exitcode(status), "cause": self.cause, "cpu_seconds": cpu_seconds}


class Run:
    """All parts of one request, two over a link of their own."""

    def __init__(self, stock: Stock, vault: Vault, parts: list[memoryview], judge_for: str | None) -> None:
        """``judge_for``: the limits of a judge that several runs share; ``None``: every part has a child of its own."""
        self._stock = stock
        self._parties = [Party(stock.take(), vault) for _ in parts[: 1 if judge_for else None]]
        if judge_for:
            self._parties.append(Party(stock.judge(judge_for), vault, stays=True))
        links: tuple[socket.socket | None, ...] = socket.socketpair() if len(parts) > 1 else (None,)
        for party, part, link in zip(self._parties, parts, links, strict=True):
            party.assign(part, link)
            if link:
                link.close()

    def collect(self, requests: int, wall_seconds: float, memory_bytes: int) -> None:
        """Wait until every child has reported or ended. The program is late at the deadline, the judge a moment later.

        A child that is done is ended at once, which closes its side of the link, so that the other one learns of it.
        """
        deadline = time.monotonic() + wall_seconds + GRACE_SECONDS
        watch = self._memory_watch(memory_bytes)
        while waiting := [party for party in self._parties if not party.done]:
            left = deadline - time.monotonic()
            if left <= 0:
                waiting[0].stop("late")
                deadline = time.monotonic() + GRACE_SECONDS
            else:
                ready = self._ready(waiting, requests, min(left, LOOK_SECONDS))
                for party in waiting:
                    party.look(ready)
                if watch and watch.due() and watch.exceeded():  # due by the clock: a program can keep us reading
                    self._parties[0].stop("memory")
            self.end_those_done()

    def end_those_done(self, *, all_of_them: bool = False) -> None:
        """End every child that is done, and what it has left behind."""
        for party in self._parties:
            if not (party.done or all_of_them) or party.end:
                continue
            if party.stays:
                if party.ends():
                    self._stock.dismiss_judge()
                party.end = {**REPORTED, "cause": party.cause}
            else:
                party.kill()
                if self._stock.users_differ and party.report():
                    self._stock.bury(party.spare)  # its end tells nothing more, and no run soon has its user
                    party.end = REPORTED
                else:
                    party.wait()
                    self._stock.end_strays({party.spare.pid for party in self._parties if not party.end})

    def answer(self) -> tuple[list[dict[str, Any]], list[memoryview]]:
        """How the children ended, and their reports."""
        return [party.end for party in self._parties], [party.report() for party in self._parties]

    def _memory_watch(self, limit: int) -> MemoryWatch | None:
        judges = {party.spare.pid for party in self._parties[1:]}
        return MemoryWatch(limit, judges | self._stock.pids()) if self._stock.isolated else None

    def _ready(self, waiting: list[Party], requests: int, seconds: float) -> set[int]:
        watched = [party.spare.ended for party in waiting]
        watched += [party.spare.control.fileno() for party in waiting if party.open]
        ready = set(select.select([requests, *watched], [], [], seconds)[0])
        if requests in ready:  # the host sends nothing while it waits, so this is the end of the stream
            raise HostGone
        return ready
