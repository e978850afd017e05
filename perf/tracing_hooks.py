"""What sys.monitoring would gain over sys.settrace for a tracer that reads the locals of every line (Python 3.12+).

    python3.13 perf/tracing_hooks.py

Prints microseconds per line of a loop, the least of several rounds: without a hook, with a hook that does nothing, and
with one that takes the frame's locals as the tracer does.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

LOOPS = 2000
LINES = 3 * LOOPS
ROUNDS = 15

Look = Callable[[FrameType], object]


def traced(n: int) -> int:
    total = 0
    for number in range(n):
        square = number * number
        total += square
    return total


def nothing(frame: FrameType) -> None:
    """A hook's least work."""


def take_locals(frame: FrameType) -> dict[str, object]:
    """What the tracer does at the least."""
    return dict(frame.f_locals)


@contextmanager
def settrace(look: Look) -> Iterator[None]:
    def inside(frame: FrameType, event: str, argument: object) -> Any:
        look(frame)
        return inside

    def enter(frame: FrameType, event: str, argument: object) -> Any:
        return inside if frame.f_code is traced.__code__ else None

    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(None)


@contextmanager
def monitoring(look: Look) -> Iterator[None]:
    tool, events = sys.monitoring.DEBUGGER_ID, sys.monitoring.events

    def line(code: CodeType, number: int) -> None:
        look(sys._getframe(1))

    sys.monitoring.use_tool_id(tool, "measure")
    sys.monitoring.register_callback(tool, events.LINE, line)
    sys.monitoring.set_local_events(tool, traced.__code__, events.LINE)
    try:
        yield
    finally:
        sys.monitoring.set_local_events(tool, traced.__code__, 0)
        sys.monitoring.free_tool_id(tool)


def microseconds_per_line() -> float:
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        traced(LOOPS)
        rounds.append(time.perf_counter() - started)
    return min(rounds) / LINES * 1e6


def main() -> None:
    if sys.version_info < (3, 12):
        sys.exit("sys.monitoring came with Python 3.12")
    print(f"Python {sys.version.split()[0]}: no hook {microseconds_per_line():.3f}")
    for look in (nothing, take_locals):
        for hook in (settrace, monitoring):
            with hook(look):
                print(f"{hook.__name__:10} {look.__name__:12} {microseconds_per_line():.3f}")


if __name__ == "__main__":
    main()
