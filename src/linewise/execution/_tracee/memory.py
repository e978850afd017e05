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
        """Whether the program's processes hold more than the limit beyond what each was forked with."""
        at_start = _resident(os.getpid())
        held = {int(name): _resident(int(name)) for name in os.listdir("/proc") if name.isdigit()}
        used = {pid: max(0, size - at_start) for pid, size in held.items() if pid not in self._others}
        if sum(used.values()) <= self._limit:
            return False
        shares = (min(size, _share(pid, size)) for pid, size in used.items())
        return any(total > self._limit for total in accumulate(shares))  # no longer than it takes to know


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0


def _share(pid: int, unknown: int) -> int:
    """What a process holds, where a page that several have counts for each in part: forks share most of theirs.

    Slow, for the kernel goes through all pages. ``unknown`` where it does not tell.
    """
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return unknown
