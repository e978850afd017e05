"""The scheduler: one thread that merges what all calls wait for into batches, and is the only one to use the model.

A forward pass computes every single token that some call is decoding, and one chunk of somebody's prompt: calls take
turns with it, so a long prompt delays the others by a chunk at a time. Where the cache is full the youngest call gives
up what it holds and begins anew later; its answer is the same.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from linewise.engines.base import LogProbs
from linewise.engines.batching.lane import Call, Lane, Work
from linewise.engines.batching.prefix_store import CacheFull, Node, PrefixStore
from linewise.errors import ContextOverflow, EngineError, Stopped
from linewise.meter import Meter

_GATHER_SECONDS = 0.004
"""Callers that were just served are waited for so long, while others decode: then all share the next pass."""


@dataclass(frozen=True, slots=True)
class Position:
    """One position to compute: its token, its place, its sequences, and whether its distribution is wanted."""

    token: int
    place: int
    sequences: Sequence[int]
    wanted: bool


class Model(Protocol):
    """What the scheduler computes with."""

    def compute(self, batch: Sequence[Position]) -> dict[int, LogProbs]:
        """Put the positions through the model; distributions by index in ``batch`` where wanted.

        Raises ``EngineError``, ``CacheFull`` where there is no room.
        """
        ...


@dataclass(eq=False, slots=True)
class _Item:
    """Tokens to compute at the end of ``node``; ``scratch``: the last one again, in a borrowed sequence."""

    node: Node
    tokens: list[int]
    wanted: bool = False
    scratch: int | None = None


@dataclass(slots=True)
class _Plan:
    """One forward pass: its items, parents first, the room that is left, and the calls that take part."""

    room: int
    items: list[_Item] = field(default_factory=list)
    by_node: dict[Node, _Item] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def add(self, call: Call, item: _Item) -> None:
        self.items.append(item)
        self.by_node[item.node] = item
        self.room -= len(item.tokens)
        call.meter.count(computed=len(item.tokens))
        if call not in self.calls:
            self.calls.append(call)


class Scheduler:
    """Runs calls to their end. ``submit`` and ``close`` may be called from any thread.

    ``chunk``: tokens of prompts in one pass; ``batch``: most tokens of one pass; ``overflow`` words an error.
    """

    def __init__(
        self, model: Model, store: PrefixStore, *, chunk: int, batch: int, overflow: Callable[[str], ContextOverflow]
    ) -> None:
        self._model, self._store = model, store
        self._chunk, self._batch, self._overflow = chunk, batch, overflow
        self._changed = threading.Condition()
        self._arrived: list[Call] = []
        self._calls: list[Call] = []
        self._served = 0
        self._ended = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Call], Work], meter: Meter) -> Call:
        """Begin a call; ``work`` is started in the scheduler's thread."""
        call = Call(self._store, meter)
        call.work = work(call)
        with self._changed:
            if self._closing:
                raise EngineError("the engine is closed")
            self._arrived.append(call)
            self._changed.notify_all()
        return call

    def close(self) -> None:
        """End all calls and the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def forget(self, call: Call) -> Work:
        """Work that forgets every prefix; calls under way begin anew."""
        del call
        self._restart()
        yield ()

    def _restart(self) -> None:
        for call in self._calls:
            call.restart()
        self._store.clear()

    def _run(self) -> None:
        reason = "the engine is closed"
        try:
            while self._take_arrivals():
                self._step()
        except Exception as error:  # a defect of ours: without this the callers would wait for ever
            reason = f"the engine broke: {type(error).__name__}: {error}"
        with self._changed:
            self._closing = True
            self._calls += self._arrived
        for call in self._calls:
            call.finish(error=EngineError(reason))

    def _step(self) -> None:
        self._end_stopped()
        plan = self._planned()
        if plan.items:
            self._compute(plan)
        elif self._calls and not any(call.ready for call in self._calls):
            self._calls[0].finish(error=self._full())  # the oldest cannot go on, though all younger ones gave way
        self._advance()

    def _take_arrivals(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._arrived or self._calls or self._closing))
            if self._calls and self._ended and not self._closing:
                self._changed.wait_for(lambda: len(self._arrived) >= self._ended, timeout=_GATHER_SECONDS)
            self._ended = 0
            if self._closing:
                return False
            arrived, self._arrived = self._arrived, []
        for call in arrived:
            call.served = self._served  # as if just served: ahead of the others it would keep a long prompt waiting
        self._calls += [call for call in arrived if call.advance()]
        return True

    def _end_stopped(self) -> None:
        for call in self._calls:
            try:
                call.meter.check()
            except Stopped as error:
                call.finish(error=error)
            if call.cancelled:
                call.finish()
        self._calls = [call for call in self._calls if not call.done]

    def _planned(self) -> _Plan:
        plan = _Plan(self._batch)
        for call in self._calls:
            for lane in call.awaited:
                if len(lane.rest) <= 1 and not lane.ready and plan.room > self._chunk:
                    self._plan_lane(plan, call, lane, 1)
        plan.room = min(plan.room, self._chunk)
        for call in sorted(self._calls, key=lambda call: call.served):
            for lane in call.awaited:
                if plan.room > 0 and not lane.ready:
                    self._plan_lane(plan, call, lane, plan.room)
                    self._served += 1
                    call.served = self._served
        return plan

    def _plan_lane(self, plan: _Plan, call: Call, lane: Lane, room: int) -> None:
        """Go as far along the lane as what is kept or planned reaches, and plan what comes then."""
        call.reuse(lane)
        try:
            if lane.rest:
                self._plan_growth(plan, call, lane, room)
            elif lane.wanted and lane.node in plan.by_node:
                plan.by_node[lane.node].wanted = True
            elif lane.wanted and lane.node.log_probs is None:
                sequence = self._store.borrow(lane.node)
                plan.add(call, _Item(lane.node, lane.node.tokens[-1:], wanted=True, scratch=sequence))
                call.meter.count(cached=-1)  # it was counted as reused
        except CacheFull:
            if self._preempt(plan, call):
                self._plan_lane(plan, call, lane, room)

    def _plan_growth(self, plan: _Plan, call: Call, lane: Lane, room: int) -> None:
        if lane.rest[0] in lane.node.children:
            return  # part of it is being computed for another call: it is known after this pass
        tokens = lane.rest[:room]
        node = self._store.grow(lane.node, tokens)
        call.move(lane, node, len(tokens))
        item = _Item(node, tokens, wanted=lane.wanted and not lane.rest)
        plan.add(call, item)
        call.meter.count(generated=lane.decoding)

    def _preempt(self, plan: _Plan, call: Call) -> bool:
        """Let the youngest call that is younger than ``call`` and not yet planned give up what it holds."""
        younger = self._calls[self._calls.index(call) + 1 :]
        for victim in reversed(younger):
            held = any(lane.node is not self._store.root for lane in victim.lanes)
            if held and victim not in plan.calls:
                victim.restart()
                return True
        return False

    def _compute(self, plan: _Plan) -> None:
        batch = [position for item in plan.items for position in self._positions(item)]
        for call in plan.calls:
            call.meter.count(passes=1)
        try:
            found = self._model.compute(batch)
        except (EngineError, CacheFull) as error:
            self._fail(plan, error)
            return
        self._store.tick()
        end = 0
        for item in plan.items:
            end += len(item.tokens)
            item.node.pending = False
            if item.wanted:
                self._store.know(item.node, found[end - 1])
            if item.scratch is not None:
                self._store.give_back(item.scratch)

    def _positions(self, item: _Item) -> list[Position]:
        sequences = self._store.sequences_of(item.node) if item.scratch is None else [item.scratch]
        last = len(item.tokens) - 1
        start = item.node.end - len(item.tokens)
        return [
            Position(token, start + offset, sequences, wanted=item.wanted and offset == last)
            for offset, token in enumerate(item.tokens)
        ]

    def _fail(self, plan: _Plan, error: Exception) -> None:
        """The pass failed: its calls end, and nothing kept can be trusted."""
        for item in plan.items:
            item.node.pending = False
            if item.scratch is not None:
                self._store.give_back(item.scratch)
        for call in plan.calls:
            own = self._full() if isinstance(error, CacheFull) else EngineError(str(error))
            call.finish(error=own)  # each thread raises its own: raising writes to an error
        self._calls = [call for call in self._calls if not call.done]
        self._restart()

    def _full(self) -> ContextOverflow:
        return self._overflow(f"{self._store.used} tokens are in use and more are needed")

    def _advance(self) -> None:
        before = len(self._calls)
        self._calls = [call for call in self._calls if not call.done and (not call.ready or call.advance())]
        self._ended = before - len(self._calls)
