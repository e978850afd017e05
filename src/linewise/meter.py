"""One task's meter: what it has cost so far, and whether it has to stop.

Engines and sandboxes take a meter with every call, add to its ledger, and call ``check`` between their steps.
So one mechanism serves cancellation, budgets and the ledger, also when many agents share an engine.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from linewise.errors import BudgetSpent, Cancelled
from linewise.schema import Ledger


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a task may cost to be comparable with another run of it. It interrupts nothing, unlike a limit.

    A strategy that works in rounds begins no other one once it is spent. ``None``: no bound of that kind.
    """

    seconds: float | None = None
    tokens_computed: int | None = None


class Meter:
    """Counts what one task costs; raises once it is cancelled or its budget is spent. Safe from any thread."""

    def __init__(
        self,
        *,
        max_seconds: float | None = None,
        max_tokens_computed: int | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """Start counting now. ``max_seconds``: wall seconds; ``max_tokens_computed``: see ``Ledger.computed``."""
        self._ledger = Ledger()
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._started = time.monotonic()
        self._max_seconds = max_seconds
        self._max_tokens = max_tokens_computed
        self._allowance = allowance or Allowance()

    def begin(self) -> None:
        """Start the clock anew: what was before, such as the loading of a model, is no part of the task."""
        self._started = time.monotonic()

    def cancel(self) -> None:
        """Make every call that holds this meter stop soon."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise ``Cancelled`` or ``BudgetSpent`` where the task has to stop; else do nothing."""
        if self._cancelled.is_set():
            raise Cancelled("cancelled")
        if self._max_seconds is not None and self.elapsed >= self._max_seconds:
            raise BudgetSpent(f"the limit of {self._max_seconds:g} seconds is reached")
        computed = self._ledger.computed
        if self._max_tokens is not None and computed is not None and computed >= self._max_tokens:
            raise BudgetSpent(f"the limit of {self._max_tokens} computed tokens is reached")

    @property
    def has_allowance(self) -> bool:
        """Whether the task is to cost what another run of it did."""
        return self._allowance != Allowance()

    @property
    def allowance_spent(self) -> bool:
        """Whether the task has cost as much as it may."""
        seconds, tokens = self._allowance.seconds, self._allowance.tokens_computed
        computed = self._ledger.computed
        return (seconds is not None and self.elapsed >= seconds) or (
            tokens is not None and computed is not None and computed >= tokens
        )

    @property
    def elapsed(self) -> float:
        """Wall seconds since the start."""
        return time.monotonic() - self._started

    def count(
        self, *, computed: int = 0, cached: int = 0, generated: int = 0, passes: int = 0, sandbox_runs: int = 0
    ) -> None:
        """Add to the ledger; units as in ``Ledger``."""
        with self._lock:
            ledger = self._ledger
            ledger.computed = (ledger.computed or 0) + computed
            ledger.cached = (ledger.cached or 0) + cached
            ledger.generated = (ledger.generated or 0) + generated
            ledger.forward_passes = (ledger.forward_passes or 0) + passes
            ledger.sandbox_runs += sandbox_runs

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the wall time of the ``with`` block to ``seconds[part]``."""
        start = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                seconds = self._ledger.seconds
                seconds[part] = seconds.get(part, 0.0) + time.monotonic() - start

    def ledger(self) -> Ledger:
        """A snapshot, with the wall time so far as ``seconds["total"]``."""
        with self._lock:
            snapshot = self._ledger.copy()
        snapshot.seconds["total"] = self.elapsed
        return snapshot
