"""Short forms of what the contract tests ask of an engine, and the closeness that they ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from linewise.engines.base import Engine, LogProbs, Message, Pair, Sampled, Stop
from linewise.meter import Meter

PREFIX = "```python\n"


@dataclass(frozen=True)
class Subject:
    """An engine and its measured batch noise: how far the same distribution may differ between two calls.

    ``distance``: total variation, 0 to 1. ``margin``: nats between the two best tokens beyond which the argmax agrees.
    """

    engine: Engine
    distance: float
    margin: float

    def assert_same(self, left: LogProbs, right: LogProbs) -> None:
        assert distance(left, right) <= self.distance
        best, second = np.sort(left)[:-3:-1]
        assert best - second <= self.margin or left.argmax() == right.argmax()


def distance(left: LogProbs, right: LogProbs) -> float:
    """The total variation between two distributions."""
    return float(np.abs(np.exp(left) - np.exp(right)).sum() / 2)


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
