"""What every strategy is: a stream of events that ends in ``Finished``."""

from collections.abc import Iterator
from typing import Protocol

from linewise.engines.base import Engine
from linewise.events import Event
from linewise.execution.base import Sandbox
from linewise.meter import Meter
from linewise.schema import Task


class Strategy(Protocol):
    """A way to solve a task.

    ``solve`` yields events as things happen and ends with exactly one ``Finished``, also where the budget is
    spent; ``Cancelled`` and every other error pass through. It sees the task's visible tests and nothing else.
    """

    @property
    def name(self) -> str:
        """The name by which the strategy is chosen."""
        ...

    def solve(self, task: Task, engine: Engine, sandbox: Sandbox, *, seed: int, meter: Meter) -> Iterator[Event]:
        """Solve ``task``; the same seed, engine and options give the same events."""
        ...
