"""Metrics: known values from the literature, and what has to hold for all counts."""

import itertools
import math
from statistics import mean

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from linewise.benchmarks.metrics import mcnemar, paired_difference, pass_at_k, rsr, wilson

COUNTS = st.integers(0, 200)
SHARES = st.floats(0, 1)


@st.composite
def samples(draw: st.DrawFn) -> tuple[int, int, int]:
    n = draw(st.integers(1, 300))
    return n, draw(st.integers(0, n)), draw(st.integers(1, n))


@given(samples())
def test_pass_at_k_is_the_share_of_subsets_with_a_passing_sample(given_: tuple[int, int, int]) -> None:
    n, c, k = given_
    product = math.prod(1 - k / i for i in range(n - c + 1, n + 1))  # the product form of Chen et al., figure 3
    assert pass_at_k(n, c, k) == pytest.approx(1 - product if n - c >= k else 1.0)


def test_pass_at_k_counts_subsets() -> None:
    passed = [True, False, False, True, False]
    subsets = list(itertools.combinations(passed, 3))
    assert pass_at_k(5, 2, 3) == pytest.approx(mean(any(subset) for subset in subsets))


@given(samples())
def test_pass_at_1_is_the_share_and_pass_at_n_is_any(given_: tuple[int, int, int]) -> None:
    n, c, k = given_
    assert pass_at_k(n, c, 1) == pytest.approx(c / n)
    assert pass_at_k(n, c, n) == (c > 0)
    assert pass_at_k(n, c, k) <= pass_at_k(n, c, min(n, k + 1))


@pytest.mark.parametrize(("n", "c", "k"), [(3, 1, 4), (0, 0, 1), (3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_pass_at_k_refuses_what_the_samples_do_not_say(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="sample"):
        pass_at_k(n, c, k)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # Newcombe (1998, Statistics in Medicine 17:857), table I, method 3; and the ends
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 1 - 0.1611, 1.0),
    ],
)
def test_wilson_gives_the_published_limits(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.floats(0, n), st.just(n))))
def test_wilson_holds_the_share_and_is_symmetric(given_: tuple[float, int]) -> None:
    successes, trials = given_
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    assert low < high
    assert wilson(trials - successes, trials) == (pytest.approx(1 - high), pytest.approx(1 - low))


@given(st.integers(1, 100).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_solves_the_equation_of_the_score_test(given_: tuple[int, int]) -> None:
    successes, trials = given_
    share = successes / trials
    for limit in wilson(successes, trials, z=2.0):
        assert (share - limit) ** 2 * trials == pytest.approx(4.0 * limit * (1 - limit), abs=1e-9)


def test_wilson_without_trials_knows_nothing() -> None:
    assert wilson(0, 0) == (0, 1)
    with pytest.raises(ValueError, match="2 of 1 trials"):
        wilson(2, 1)


@given(base=st.floats(0, 99), accuracy=st.floats(0, 100))
def test_rsr_is_the_share_of_what_was_left(base: float, accuracy: float) -> None:
    value = rsr(accuracy, base)
    assert value is not None
    assert base + value / 100 * (100 - base) == pytest.approx(accuracy)


def test_rsr_of_a_base_that_leaves_nothing() -> None:
    assert rsr(100, 100) is None
    assert rsr(100, 82.8) == pytest.approx(100)
    assert rsr(82.8, 82.8) == 0


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [(0, 0, 1.0), (1, 1, 1.0), (0, 5, 0.0625), (0, 7, 0.015625), (1, 9, 0.021484375), (12, 2, 0.012939453125)],
)
def test_mcnemar_gives_known_values(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == p


@given(COUNTS, COUNTS)
def test_mcnemar_is_symmetric_and_a_probability(first: int, second: int) -> None:
    p = mcnemar(first, second)
    assert 0 < p <= 1
    assert p == mcnemar(second, first)
    if first >= second:
        assert mcnemar(first + 1, second) <= p


@given(st.integers(0, 25).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_mcnemar_is_the_chance_of_what_is_no_likelier(given_: tuple[int, int]) -> None:
    first, trials = given_
    chances = [math.comb(trials, count) / 2**trials for count in range(trials + 1)]
    assert mcnemar(first, trials - first) == pytest.approx(sum(one for one in chances if one <= chances[first]))


def test_mcnemar_refuses_negative_counts() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


def pairs(both: int, only_first: int, only_second: int, neither: int) -> tuple[list[float], list[float]]:
    """Values of two runs with these counts of tasks."""
    first = [1.0] * both + [1.0] * only_first + [0.0] * only_second + [0.0] * neither
    second = [1.0] * both + [0.0] * only_first + [1.0] * only_second + [0.0] * neither
    return first, second


def test_the_interval_of_a_difference_is_the_published_one() -> None:
    # Newcombe (1998, Statistics in Medicine 17:2635), table III, method 10: 36, 12, 2 and 0 of 50 pairs.
    difference, limits = paired_difference(*pairs(36, 2, 12, 0))
    assert difference == pytest.approx(0.2)
    assert limits == (pytest.approx(0.0569, abs=6e-5), pytest.approx(0.3404, abs=6e-5))


@given(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS))
def test_the_interval_of_a_difference_is_that_of_counts(table: tuple[int, int, int, int]) -> None:
    assume(sum(table))
    a, b, c, d = table
    n, (l1, u1), (l2, u2) = sum(table), wilson(a + b, sum(table)), wilson(a + c, sum(table))
    p1, p2, margins = (a + b) / n, (a + c) / n, (a + b) * (c + d) * (a + c) * (b + d)
    numerator = a * d - b * c
    corrected = max(numerator - n / 2, 0) if numerator > 0 else numerator
    phi = corrected / math.sqrt(margins) if margins else 0
    low = math.sqrt((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2)
    high = math.sqrt((u2 - p2) ** 2 - 2 * phi * (u2 - p2) * (p1 - l1) + (p1 - l1) ** 2)
    found, limits = paired_difference(*pairs(*table))
    assert found == pytest.approx(p2 - p1)
    assert limits == (pytest.approx(found - low), pytest.approx(found + high))


@given(st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=60))
def test_the_interval_of_a_difference_holds_it_and_turns_with_the_order(values: list[tuple[float, float]]) -> None:
    first, second = [one for one, _ in values], [two for _, two in values]
    difference, (low, high) = paired_difference(first, second)
    assert difference == pytest.approx(mean(second) - mean(first))
    assert -1 <= low <= difference + 1e-9
    assert difference - 1e-9 <= high <= 1
    turned, (turned_low, turned_high) = paired_difference(second, first)
    assert (turned, turned_low, turned_high) == pytest.approx((-difference, -high, -low))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_more_tasks_of_the_same_kind_make_the_interval_narrower(values: list[tuple[bool, bool]]) -> None:
    first, second = [float(one) for one, _ in values], [float(two) for _, two in values]
    assume(len(values) > 1)
    _, (low, high) = paired_difference(first, second)
    _, (narrow_low, narrow_high) = paired_difference(first * 4, second * 4)
    assert narrow_high - narrow_low < high - low


def test_pairs_have_to_be_pairs() -> None:
    for values in ([], [1.0]):
        with pytest.raises(ValueError, match="no pairs"):
            paired_difference(values, [])
