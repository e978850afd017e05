"""The figures of a comparison, as pure functions. Shares are between 0 and 1; percent where a docstring says so."""

import math
from collections.abc import Sequence
from fractions import Fraction

Z95 = 1.959963984540054
"""The 0.975 quantile of the standard normal distribution: intervals of 95%."""

Interval = tuple[float, float]


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that at least one of ``k`` samples passes, estimated from ``n`` samples of which ``c`` pass.

    ``1 - C(n - c, k) / C(n, k)``, without bias (Chen et al., 2021, arXiv 2107.03374, equation 1). Raises
    ``ValueError`` where ``n < k``: fewer samples than that say nothing about ``k`` of them.
    """
    if not 0 <= c <= n:
        raise ValueError(f"{c} of {n} samples cannot pass")
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs at least {max(k, 1)} samples, there are {n}")
    return float(1 - Fraction(math.comb(n - c, k), math.comb(n, k)))


def wilson(successes: float, trials: int, z: float = Z95) -> Interval:
    """The score interval of a share (Wilson, 1927); (0, 1) where there is no trial.

    ``successes`` may be a fraction: the sum of one value in [0, 1] a trial. Such values vary no more than zeros and
    ones of the same mean, so the interval is then at least as wide as it has to be.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes:g} of {trials} trials cannot succeed")
    if not trials:
        return 0.0, 1.0
    share, square = successes / trials, z * z / trials
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / trials + square / (4 * trials))
    # At the ends one limit is the share itself; rounding must not put it beyond.
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))


def rsr(accuracy: float, base: float) -> float | None:
    """Relative success rate in percent: how much of what ``base`` leaves unsolved is solved, less what is lost.

    ``100 (accuracy - base) / (100 - base)``, both in percent (Lavon, Katz, Wolf, arXiv 2506.10948). ``None`` where
    ``base`` is 100 and leaves nothing.
    """
    return None if base >= 100 else 100 * (accuracy - base) / (100 - base)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p of McNemar's test, from the tasks that one of two runs solved and the other did not.

    Where the runs are alike, each such task is as likely to be either's: twice the smaller tail of the binomial
    distribution with chance 1/2 (McNemar, 1947). 1 where there is no such task.
    """
    if min(only_first, only_second) < 0:
        raise ValueError("counts of tasks cannot be negative")
    trials = only_first + only_second
    tail = sum(math.comb(trials, count) for count in range(min(only_first, only_second) + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**trials)))


def paired_difference(first: Sequence[float], second: Sequence[float], z: float = Z95) -> tuple[float, Interval]:
    """The mean of ``second`` less that of ``first``, task by task, and its interval.

    Values are in [0, 1], a pair for each task. Newcombe (1998, Statistics in Medicine 17:2635, method 10): Wilson's
    limits of both means, joined as their correlation demands. Unlike a bootstrap it has a width where the runs agree on
    every task. Values between 0 and 1 (several seeds) make it at least as wide as it has to be, as with ``wilson``.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"{len(first)} and {len(second)} values are no pairs")
    one, two = _share(first, z), _share(second, z)
    phi = _phi(first, second)
    difference = two[0] - one[0]
    low, high = _joined(two[0] - two[1], one[2] - one[0], phi), _joined(two[2] - two[0], one[0] - one[1], phi)
    return difference, (max(-1.0, difference - low), min(1.0, difference + high))


def _share(values: Sequence[float], z: float) -> tuple[float, float, float]:
    """The mean of ``values`` and Wilson's limits."""
    total = math.fsum(values)
    return total / len(values), *wilson(total, len(values), z)


def _joined(up: float, down: float, phi: float) -> float:
    """The distance of a limit of a difference from it, from the distances of limits of its two parts."""
    return math.sqrt(max(0.0, up * up + down * down - 2 * phi * up * down))


def _phi(first: Sequence[float], second: Sequence[float]) -> float:
    """The correlation of pairs, the continuity correction of method 10 taken off where it is positive."""
    n = len(first)
    one, two = math.fsum(first) / n, math.fsum(second) / n
    variances = one * (1 - one) * two * (1 - two)
    if variances <= 0:
        return 0.0
    together = math.fsum(a * b for a, b in zip(first, second, strict=True)) / n - one * two
    corrected = max(0.0, together - 1 / (2 * n)) if together > 0 else together
    return max(-1.0, min(1.0, corrected / math.sqrt(variances)))
