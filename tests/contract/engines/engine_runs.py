"""Short forms of what the contract tests ask of an engine, and the closeness that they ask for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from linewise.engines.base import DistPair, Engine, LogProbs, Message, Pair, Sampled, Stop
from linewise.engines.token_tree import TokenTree
from linewise.meter import Meter

PREFIX = "```python\n"


@dataclass(frozen=True)
class Subject:
    """An engine and its measured batch noise: how far the same distribution may differ between two calls.

    ``distance``: total variation, 0 to 1. ``margin``: nats between the two best tokens beyond which the argmax agrees.
    ``nats``: by how much the log-probability of a token differs that one of both gives at least 1 in 1000.
    ``held``: tokens whose states the engine keeps; ``bound``: how many it may keep. ``visits_apart``: whether other
    calls go on while the ``visit`` of one runs.
    """

    engine: Engine
    distance: float
    margin: float
    nats: float
    held: Callable[[], int] = lambda: 0
    bound: int = 0
    visits_apart: bool = True

    def assert_same(self, left: LogProbs, right: LogProbs) -> None:
        assert distance(left, right) <= self.distance
        assert difference(left, right) <= self.nats
        best, second = np.sort(left)[:-3:-1]
        assert best - second <= self.margin or left.argmax() == right.argmax()


def distance(left: LogProbs, right: LogProbs) -> float:
    """The total variation between two distributions."""
    return float(np.abs(np.exp(left) - np.exp(right)).sum() / 2)


def difference(left: LogProbs, right: LogProbs) -> float:
    """The largest difference between log-probabilities of tokens that are not rare."""
    common = np.maximum(left, right) >= np.log(1e-3)
    return float(np.abs(left[common] - right[common]).max())


def prompt(engine: Engine, request: str = "Write a function that adds two numbers.") -> list[int]:
    return engine.prompt([Message("user", request)], PREFIX)


def prefixes(engine: Engine, count: int) -> list[list[int]]:
    """Prefixes that share some of their tokens, in several ways."""
    requests = ("Add two numbers.", "Sort a list of words by their lengths.", "Remove duplicates from a list.")
    written = ("", "def add(a, b):\n", "def add(a, b):\n    return", "x = [1,")
    made = [[*prompt(engine, request), *engine.encode(text)] for text in written for request in requests]
    return made[:count]


def dists(engine: Engine, *wanted: Sequence[int], meter: Meter | None = None) -> list[LogProbs]:
    """The distributions after these prefixes, asked for in one call."""
    found = engine.next_dists([Pair(prefix, None) for prefix in wanted], meter=meter or Meter())
    return [pair.plain for pair in found if pair.plain is not None]


def sample(engine: Engine, prefix: Sequence[int], stop: Stop, **changes: Any) -> list[Sampled]:
    """Two samples at temperature 1, unless told otherwise."""
    settings: dict[str, Any] = {"n": 2, "temperature": 1.0, "top_p": 0.95, "seed": 0, **changes}
    settings.setdefault("meter", Meter())
    return engine.sample(prefix, stop=stop, **settings)


def drafts(engine: Engine, prefix: Sequence[int], most: int = 10) -> TokenTree:
    """What samples of the engine go on with: a greedy one and others, which share some of their beginnings."""
    found = sample(engine, prefix, Stop(most), n=1, temperature=0, seed=3)
    found += sample(engine, prefix, Stop(most), n=4, seed=4)
    return TokenTree([*(item.tokens for item in found), found[0].tokens[:2], (*found[0].tokens[:3], 70, 71)])


class Visits:
    """Visits all nodes, or those that ``wanted`` names, and keeps copies of what it is shown."""

    def __init__(self, tree: TokenTree, wanted: set[int] | None = None) -> None:
        self._tree, self._wanted = tree, wanted
        self.order: list[int] = []
        self.found: dict[int, DistPair] = {}

    def __call__(self, node: int, dists: DistPair) -> list[int]:
        self.order.append(node)
        self.found[node] = DistPair(*(None if side is None else side.copy() for side in dists))
        children = self._tree.children[node].values()
        return [child for child in children if self._wanted is None or child in self._wanted]


def scored(engine: Engine, pair: Pair, tree: TokenTree, wanted: set[int] | None = None) -> Visits:
    """``score`` with a visit of all nodes, or of those in ``wanted``."""
    visits = Visits(tree, wanted)
    engine.score(pair, tree, visits, meter=Meter())
    return visits
