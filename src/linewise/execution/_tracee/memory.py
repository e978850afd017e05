"""The memory that all processes of a program hold together, as far as it is their own.

A limit of address space holds for one process alone, and a program may have many.
"""

import os
import time
from itertools import accumulate

LOOK_SECONDS = 0.05
"""How often a run that takes its time is looked at."""
PAGE = os.sysconf("SC_PAGE_SIZE")


class MemoryWatch:
    """Looks from the zygote's process space, in which every process but the given ones is a program's."""

    def __init__(self, limit: int, others: set[int]) -> None:
        self._limit = limit
        self._others = others | {os.getpid()}
        self._next = time.monotonic() + LOOK_SECONDS

    def due(self) -> bool:
        """Whether it is time to look; if so, the next time is one interval later."""
        if (now := time.monotonic()) < self._next:
            return False
        self._next = now + LOOK_SECONDS
        return True

    def exceeded(self) -> bool:
        """Whether the program's processes hold more than the limit beyond what each was forked with.

        Once may be chance: where some end in the middle of a look, what they shared counts for others once more.
        """
        return self._too_much() and self._too_much()

    def _too_much(self) -> bool:
        at_start = _resident(os.getpid())
        held = {int(name): _resident(int(name)) for name in os.listdir("/proc") if name.isdigit()}
        used = {pid: max(0, size - at_start) for pid, size in held.items() if pid not in self._others}
        if sum(used.values()) <= self._limit:
            return False
        shares = (min(size, _share(pid, size)) for pid, size in used.items() if self._is_the_programs(pid))
        return any(total > self._limit for total in accumulate(shares))  # no longer than it takes to know

    def _is_the_programs(self, pid: int) -> bool:
        """Not what a program before started, which has been killed with it and takes its time to end."""
        while pid > 0 and pid != os.getpid():
            if pid in self._others:
                return False
            pid = _parent(pid)
        return True


def _parent(pid: int) -> int:
    """0 where it has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _resident(pid: int) -> int:
    """Also of a process whose first thread has ended: the others go on and hold its memory."""
    if size := _pages(f"/proc/{pid}/statm"):
        return size * PAGE
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0
    return PAGE * max((_pages(f"/proc/{pid}/task/{thread}/statm") for thread in threads), default=0)


def _pages(file: str) -> int:
    try:
        with open(file, encoding="ascii") as opened:
            return int(opened.read().split()[1])
    except OSError:
        return 0


def _share(pid: int, unknown: int) -> int:
    """What a process holds, where a page that several have counts for each in part: forks share most of theirs.

    Slow, for the kernel goes through all pages. ``unknown`` where it does not tell, less where the process has ended.
    """
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return min(unknown, _resident(pid))
