"""What each kind of call does, as a generator that yields the lanes it waits for (``lane.Work``)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from linewise.engines.base import DistPair, Pair, Visit
from linewise.engines.batching.lane import Call, Lane, Work
from linewise.engines.sampling import Draw
from linewise.engines.token_tree import TokenTree

_Sides = list[Lane | None]
"""The lanes of one node in the plain and in the guided context."""


def distributions(call: Call, pairs: Sequence[Pair]) -> Work:
    """``Engine.next_dists``."""
    lanes = [[None if prefix is None else call.lane(prefix) for prefix in pair] for pair in pairs]
    awaited = [lane for pair in lanes for lane in pair if lane is not None]
    for lane in awaited:
        lane.decoding = len(lane.rest) == 1
    if awaited:
        yield awaited
    return [_dists(pair) for pair in lanes]


def samples(
    call: Call, prefix: Sequence[int], draws: Sequence[Draw], *, wave: int, check: Callable[[int], None]
) -> Work:
    """``Engine.sample``, at most ``wave`` draws at a time. ``check`` raises where a prefix is longer than it may be."""
    base = call.lane(prefix)
    for start in range(0, len(draws), wave):
        yield [base]
        active = [(draw, call.lane((), behind=base)) for draw in draws[start : start + wave]]
        call.meter.count(cached=len(prefix) * (len(active) - (start == 0)))
        while active := [(draw, lane) for draw, lane in active if _drawn(call, draw, lane)]:
            check(len(prefix) + max(len(draw.tokens) for draw, _ in active))
            yield [lane for _, lane in active]
    return [draw.result() for draw in draws]


def scores(call: Call, pair: Pair, drafts: TokenTree, visit: Visit, *, chunk: int) -> Work:
    """``Engine.score``: drafts ride on the last step of the prefixes, then as many as fit into a step of ``chunk``."""
    bases = [None if prefix is None else call.lane(prefix) for prefix in pair]
    yield from _all_but_last_step([base for base in bases if base is not None], chunk)
    lanes: dict[int, _Sides] = {}
    due, tail = [0], sum(len(base.rest) for base in bases if base is not None)
    while due:
        ahead = list(islice(_breadth_first(due, drafts), _drafts_per_step(call, bases, chunk - tail)))
        tail = 0
        for node in ahead:
            lanes[node] = _behind(call, lanes.get(drafts.parents[node], bases), drafts.tokens[node])
        yield [lane for node in ahead for lane in lanes[node] if lane is not None]
        due = _visited(due, lanes, visit)
        needed = {drafts.parents[node] for node in due}
        for node in lanes.keys() - needed:
            for lane in lanes.pop(node):
                if lane is not None:
                    call.close(lane)


def _dists(sides: _Sides) -> DistPair:
    plain, guided = (None if lane is None else lane.log_probs for lane in sides)
    return DistPair(plain, guided)


def _drawn(call: Call, draw: Draw, lane: Lane) -> bool:
    """Draw the next token; where it was the last, its lane is closed."""
    if draw.extend(lane.log_probs):
        lane.rest.append(draw.tokens[-1])
        lane.decoding = True
        return True
    call.close(lane)
    return False


def _all_but_last_step(bases: Sequence[Lane], chunk: int) -> Iterator[list[Lane]]:
    """Wait until 1 to ``chunk`` tokens of every base are left, if any were, so that drafts can ride on their step."""
    tails = [lane.rest[(len(lane.rest) - 1) // chunk * chunk :] if lane.rest else [] for lane in bases]
    for lane, tail in zip(bases, tails, strict=True):
        del lane.rest[len(lane.rest) - len(tail) :]
        lane.wanted = False
    if bases:
        yield list(bases)
    for lane, tail in zip(bases, tails, strict=True):
        lane.rest += tail


def _drafts_per_step(call: Call, bases: _Sides, room: int) -> int:
    """How many nodes fit into ``room`` positions; one, where drafts cannot share what they have in common."""
    sides = sum(base is not None for base in bases)
    return max(1, room // sides) if call.store.shares and sides else 1


def _behind(call: Call, parents: _Sides, token: int) -> _Sides:
    """The lanes of a node, behind those of its parent; of the root (token -1), the prefixes' own."""
    tokens = [token] if token >= 0 else []
    return [parent and call.lane(tokens, behind=parent) for parent in parents]


def _breadth_first(due: Sequence[int], drafts: TokenTree) -> Iterator[int]:
    queue = list(due)
    for node in queue:
        yield node
        queue += drafts.children[node].values()


def _visited(due: Sequence[int], lanes: dict[int, _Sides], visit: Visit) -> list[int]:
    """Visit all that is known; returns what is to be visited next."""
    left = []
    queue = list(due)
    for node in queue:
        if node in lanes:
            queue += visit(node, _dists(lanes[node]))
        else:
            left.append(node)
    return left
