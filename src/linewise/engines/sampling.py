"""From logits to log-probabilities and to tokens. Pure numpy, shared by all engines."""

import codecs
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from linewise.engines.base import LogProbs, Sampled, Stop


def log_softmax(logits: NDArray[np.float32]) -> LogProbs:
    """Natural log-probabilities of ``logits``, shape ``[vocabulary]``; invariant to a constant shift."""
    shifted: LogProbs = logits - logits.max()
    shifted -= np.float32(np.log(np.exp(shifted).sum(dtype=np.float64)))
    return shifted


def draw(log_probs: LogProbs, *, temperature: float, top_p: float, rng: np.random.Generator) -> int:
    """One token from the nucleus: the fewest most likely tokens (at ``temperature``) whose mass reaches ``top_p``.

    ``temperature`` 0 is the argmax; ties go to the lowest token.
    """
    if temperature == 0:
        return int(log_probs.argmax())
    weights = log_probs * np.float32(1 / temperature)
    weights -= weights.max()
    np.exp(weights, out=weights)
    total = float(weights.sum(dtype=np.float64))
    # Tokens below this bound weigh less than 1 - top_p together, so the nucleus lies within the others: a short sort.
    likely = np.flatnonzero(weights >= np.float32((1.0 - top_p) * total / len(weights)))
    likely = likely[np.argsort(-weights[likely], kind="stable")]
    shares = weights[likely].astype(np.float64) / total
    mass = np.cumsum(shares)
    mass = mass[: int(np.searchsorted(mass, top_p)) + 1]
    chosen = int(np.searchsorted(mass, rng.random() * mass[-1], side="right"))
    return int(likely[min(chosen, len(mass) - 1)])


class Draw:
    """One continuation while it is being sampled: its tokens, its text, its own random numbers, its end."""

    def __init__(
        self,
        *,
        stop: Stop,
        temperature: float,
        top_p: float,
        seed: tuple[int, int],
        end_tokens: frozenset[int],
        piece: Callable[[int], bytes],
        keep_dists: int = 0,
    ) -> None:
        """``seed`` is (seed of the call, number of the sample); ``piece`` gives a token's bytes.

        The distributions of the first ``keep_dists`` tokens become part of the result.
        """
        self.tokens: list[int] = []
        self.finish: Literal["stop", "end", "length"] | None = None
        self._text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rng = np.random.default_rng(seed)
        self._stop, self._temperature, self._top_p = stop, temperature, top_p
        self._end_tokens, self._piece = end_tokens, piece
        self._keep = keep_dists
        self._dists: list[LogProbs] = []

    def extend(self, log_probs: LogProbs) -> bool:
        """Draw the next token; returns whether the continuation goes on."""
        if len(self._dists) < self._keep:
            self._dists.append(log_probs)
        token = draw(log_probs, temperature=self._temperature, top_p=self._top_p, rng=self._rng)
        if token in self._end_tokens:
            self.finish = "end"
            return False
        self.tokens.append(token)
        grown = self._decoder.decode(self._piece(token))
        self._text += grown
        if self._stop.reached(self._text, grown):
            self.finish = "stop"
        elif len(self.tokens) >= self._stop.max_tokens:
            self.finish = "length"
        return self.finish is None

    def result(self) -> Sampled:
        """The finished continuation."""
        return Sampled(tuple(self.tokens), self._text, self.finish or "length", tuple(self._dists))


def new_draws(
    n: int,
    *,
    stop: Stop,
    temperature: float,
    top_p: float,
    seed: int,
    keep_dists: int,
    end_tokens: frozenset[int],
    piece: Callable[[int], bytes],
) -> list[Draw]:
    """The continuations of one call of ``Engine.sample``, none of them begun."""
    return [
        Draw(
            stop=stop,
            temperature=temperature,
            top_p=top_p,
            seed=(seed, number),
            end_tokens=end_tokens,
            piece=piece,
            keep_dists=keep_dists,
        )
        for number in range(n)
    ]
