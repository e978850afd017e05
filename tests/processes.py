"""The processes of this machine, as tests look at them."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

SETTLE_SECONDS = 30.0
"""Paid only where something does not settle."""


def children(pid: int) -> set[int]:
    """The processes that ``pid``, or a thread of it, has started and that are there."""
    found: set[int] = set()
    with suppress(OSError):  # it may end while it is looked at
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
                found |= {int(number) for number in text.split()}
    return found


def descendants(pid: int) -> set[int]:
    """The processes that ``pid`` has started, and those that they have."""
    first = children(pid)
    return first.union(*map(descendants, first))


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits for its parent to take note of its end does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def named(name: str) -> list[int]:
    """The processes of this machine that run under that name."""
    found = []
    for file in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            found += [int(file.parent.name)] if file.read_text().strip() == name else []
    return [pid for pid in found if alive(pid)]


def settled(holds: Callable[[], bool]) -> bool:
    """Whether it holds, now or a little later."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not (now := holds()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return now
