"""Lanes: prefixes on their way through the model, and the call that waits for them."""

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from linewise.engines.base import LogProbs
from linewise.engines.batching.prefix_store import Node, PrefixStore
from linewise.meter import Meter


@dataclass(eq=False, slots=True)
class Lane:
    """A prefix: ``node`` is how far it is known (pinned), ``rest`` what is still to be computed.

    ``wanted``: whether the distribution after it is. ``decoding``: the rest is what was chosen last, not a prompt.
    ``others``: so many tokens at the beginning of ``rest`` are those of the lane before it, which computes them.
    """

    node: Node
    rest: list[int]
    wanted: bool = True
    decoding: bool = False
    others: int = 0

    @property
    def ready(self) -> bool:
        """Whether nothing is left to compute."""
        return not self.rest and not self.node.pending and (not self.wanted or self.node.log_probs is not None)

    @property
    def log_probs(self) -> LogProbs:
        """The distribution after a lane that is ready and wanted."""
        assert self.node.log_probs is not None, "a lane is read only once it is ready"
        return self.node.log_probs


_LOOK_SECONDS = 0.5
"""A main thread that waits without a limit may miss a Ctrl-C that the system hands to another thread."""

Work = Generator[Sequence[Lane], None, Any]
"""What a call does: yields the lanes that have to be ready before it can go on, and returns its result."""


@dataclass(eq=False)
class Call:
    """One call of an engine, from submission to result. All but ``wait`` and ``cancel`` belong to the scheduler."""

    store: PrefixStore
    meter: Meter
    work: Work | None = None
    lanes: list[Lane] = field(default_factory=list)
    awaited: Sequence[Lane] = ()
    served: int = 0
    cancelled: bool = False
    _result: Any = None
    _error: BaseException | None = None
    _done: threading.Event = field(default_factory=threading.Event)

    def lane(self, tokens: Sequence[int], *, behind: Lane | None = None, wanted: bool = True) -> Lane:
        """A new lane for ``tokens``, which stand behind another lane's prefix or at the beginning."""
        start = self.store.root if behind is None else behind.node
        before = [] if behind is None else behind.rest
        lane = Lane(self.store.pin(start), [*before, *tokens], wanted, others=len(before))
        self.lanes.append(lane)
        self.reuse(lane)
        return lane

    def reuse(self, lane: Lane) -> None:
        """Go as far along ``lane`` as what is kept or planned reaches; what of that is its own was saved by it."""
        node = self.store.walk(lane.node, lane.rest)
        if node is not lane.node:
            steps = node.end - lane.node.end
            self.meter.count(cached=max(0, steps - lane.others))
            self.move(lane, node, steps)

    def move(self, lane: Lane, node: Node, tokens: int) -> None:
        """``lane`` has come to ``node``, and its rest is shorter by ``tokens``."""
        del lane.rest[:tokens]
        lane.others = max(0, lane.others - tokens)
        if node is not lane.node:
            self.store.pin(node)
            self.store.unpin(lane.node)
            lane.node = node

    def close(self, lane: Lane) -> None:
        """``lane`` is no longer needed; what is known of it is kept for later, within the store's bounds."""
        self.lanes.remove(lane)
        self.store.unpin(lane.node)

    def restart(self) -> None:
        """Hold nothing any more; all lanes begin anew."""
        for lane in self.lanes:
            lane.rest[:0] = self.store.path(lane.node)
            self.store.unpin(lane.node)
            lane.node = self.store.pin(self.store.root)
            lane.decoding = False

    @property
    def ready(self) -> bool:
        """Whether the call can go on."""
        return all(lane.ready for lane in self.awaited)

    @property
    def done(self) -> bool:
        """Whether the call has ended."""
        return self._done.is_set()

    def advance(self) -> bool:
        """Go on until the next lanes are awaited; returns whether the call goes on at all."""
        assert self.work is not None
        try:
            self.awaited = next(self.work)
        except StopIteration as end:
            return self.finish(end.value)
        except BaseException as error:  # whatever a caller's function raised is the caller's
            return self.finish(error=error)
        return True

    def finish(self, result: Any = None, error: BaseException | None = None) -> bool:
        """End the call, free what it holds and wake its caller; returns ``False``."""
        if self.work is not None:
            self.work.close()
        while self.lanes:
            self.close(self.lanes[-1])
        self._result, self._error = result, error
        self._done.set()
        return False

    def cancel(self) -> None:
        """Let the scheduler end the call soon."""
        self.cancelled = True

    def wait(self) -> Any:
        """Block until the call has ended; its result, or what it raises."""
        try:
            while not self._done.wait(_LOOK_SECONDS):
                pass
        except BaseException:
            self.cancel()
            raise
        if self._error is not None:
            raise self._error
        return self._result
