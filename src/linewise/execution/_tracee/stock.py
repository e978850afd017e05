"""Children made in advance, so that a run does not wait for a fork: isolated already, idle until they get a part."""

import os
import select
import signal
import socket
import sys
import time
from typing import NamedTuple

from . import child, wire
from .isolation import Isolation

SWEEP_SECONDS = 2.0
JUDGE_USES = 500


class Spare(NamedTuple):
    """The zygote's side of one child: its number, its kernel user where it has one of its own, its end as a descriptor,
    and the way to it and from it.
    """

    pid: int
    user: int | None
    ended: int
    control: socket.socket

    def assign(self, secret: bytes, part: memoryview, link: int | None) -> None:
        """Give the child its part, the secret that its report has to begin with, and its end of a run's link.

        Raises ``OSError`` where the child has ended.
        """
        socket.send_fds(self.control, [secret], [] if link is None else [link])
        wire.write_frame(self.control.fileno(), part)

    def close(self) -> None:
        """Let go of the descriptors."""
        os.close(self.ended)
        self.control.close()


class Stock:
    """Holds ``size`` spares when it is full."""

    def __init__(self, isolation: Isolation | None, size: int) -> None:
        self.isolated = isolation is not None
        self.users_differ = isolation is not None and not isolation.processes_beside
        self._isolation = isolation
        self._size = size
        self._spares: list[Spare] = []
        self._dying: list[Spare] = []
        self._judge: Spare | None = None
        self._judge_limits, self._judged = "", 0

    @property
    def short(self) -> bool:
        """Whether there is room for another."""
        return len(self._spares) < self._size

    @property
    def dying(self) -> list[int]:
        """Descriptors that can be read when a child that was killed has ended."""
        return [spare.ended for spare in self._dying]

    def bury(self, spare: Spare) -> None:
        """Wait, later, for a child that has been killed."""
        self._dying.append(spare)

    def reap(self) -> None:
        """Let go of those that have ended."""
        for spare in [one for one in self._dying if _has_ended(one)]:
            self._dying.remove(spare)
            os.waitpid(spare.pid, 0)
            spare.close()

    def add(self) -> None:
        """Make one more."""
        self._spares.append(self._make())

    def take(self) -> Spare:
        """The one that has waited longest and is alive."""
        while self._spares:
            spare = self._spares.pop(0)
            if not _has_ended(spare):
                return spare
            os.waitpid(spare.pid, 0)
            spare.close()
        return self._make()

    def judge(self, limits: str) -> Spare:
        """The judge that stays from run to run, another where it has ended, is worn, or was made for other limits."""
        if self._judge and (self._judge_limits != limits or self._judged >= JUDGE_USES or _has_ended(self._judge)):
            self.dismiss_judge()
        if self._judge is None:
            self._judge, self._judge_limits, self._judged = self.take(), limits, 0
        self._judged += 1
        return self._judge

    def dismiss_judge(self) -> None:
        """End the judge that stays."""
        if self._judge:
            os.kill(self._judge.pid, signal.SIGKILL)
            self.bury(self._judge)
            self._judge = None

    def pids(self) -> set[int]:
        """The children that wait, stay, or have been killed."""
        return {spare.pid for spare in self._idle()}

    def _idle(self) -> list[Spare]:
        return [*self._spares, *self._dying, *([self._judge] if self._judge else [])]

    def end_strays(self, keep: set[int]) -> None:
        """End what a program has left behind, where it had no process space of its own that ended with it."""
        if self._isolation:
            return
        deadline = time.monotonic() + SWEEP_SECONDS
        while strays := _children() - keep - self.pids():
            if time.monotonic() > deadline:
                sys.exit("processes of a program survive")  # the host replaces this worker
            for pid in strays:  # orphans become children of ours, and so their numbers are their own until we wait
                os.kill(pid, signal.SIGKILL)
            for pid in strays:
                os.waitpid(pid, 0)

    def _make(self) -> Spare:
        ours, theirs = socket.socketpair()
        user = self._isolation.next_user({spare.user for spare in self._idle()}) if self._isolation else None
        pid = self._isolation.fork() if self._isolation else os.fork()
        if pid == 0:
            child.live(theirs, self._isolation)
        theirs.close()
        return Spare(pid, user, os.pidfd_open(pid), ours)


def _has_ended(spare: Spare) -> bool:
    return bool(select.select([spare.ended], [], [], 0)[0])


def _children() -> set[int]:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
        return {int(number) for number in children.read().split()}
