"""Classifier-free guidance on token distributions."""

import math

import numpy as np

from linewise.engines.base import LogProbs


def mix(plain: LogProbs, guided: LogProbs, *, gamma: float, floor: float) -> LogProbs:
    """The scores that a token is chosen by; equation 6 of EG-CFG (arXiv 2506.10948), unnormalised.

    ``log P = log P_plain + gamma * (log P_guided - log P_plain)``, both probabilities raised to at least ``floor``.
    ``plain``, ``guided``: natural log-probabilities, shape ``[vocabulary]``, in nats. ``gamma`` 0 ranks like
    ``plain``, 1 like ``guided``, above 1 extrapolates.
    """
    lowest = np.float32(math.log(floor))
    raised_plain, raised_guided = np.maximum(plain, lowest), np.maximum(guided, lowest)
    return np.asarray(raised_plain + np.float32(gamma) * (raised_guided - raised_plain), dtype=np.float32)


def best_two(scores: LogProbs) -> tuple[int, float]:
    """The best token (the lowest of equals) and how far its score is above the second best, in nats."""
    best = int(scores.argmax())
    top = float(scores[best])
    rest = max(scores[:best].max(initial=-np.inf), scores[best + 1 :].max(initial=-np.inf))
    return best, top - float(rest)
