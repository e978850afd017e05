"""The memory that all processes of a program hold together, as far as it is their own.

A limit of address space holds for one process alone, and a program may have many.
"""

import os
import time

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
        numbers = (int(name) for name in os.listdir("/proc") if name.isdigit())
        used = (max(0, _resident(number) - at_start) for number in numbers if number not in self._others)
        return sum(used) > self._limit


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0
