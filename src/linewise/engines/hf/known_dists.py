"""Distributions that were computed lately, by their prefixes."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from linewise.engines.base import LogProbs

MOST = 64
"""64 x vocabulary x 4 bytes: 39 MB for a vocabulary of 152k."""


class KnownDists:
    """The last ``MOST`` of them. Safe from any thread."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[int, ...], LogProbs] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, prefix: Sequence[int]) -> LogProbs | None:
        """What is known after ``prefix``."""
        with self._lock:
            log_probs = self._found.get(tuple(prefix))
            if log_probs is not None:
                self._found.move_to_end(tuple(prefix))
            return log_probs

    def add(self, prefix: Sequence[int], log_probs: LogProbs) -> LogProbs:
        """Keep ``log_probs``, and return it."""
        with self._lock:
            self._found[tuple(prefix)] = log_probs
            if len(self._found) > MOST:
                self._found.popitem(last=False)
        return log_probs

    def clear(self) -> None:
        """Know nothing."""
        with self._lock:
            self._found.clear()
