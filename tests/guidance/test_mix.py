"""The formula of guidance."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from linewise.engines.sampling import log_softmax
from linewise.guidance.mix import best_two, mix

FLOOR = 1e-8
SIZES = st.shared(st.integers(2, 30))
logits = arrays(np.float32, SIZES, elements=st.floats(-12, 12, width=32))
gammas = st.sampled_from([0.0, 0.5, 1.0, 3.0])


@given(logits, logits)
def test_gamma_0_ranks_like_plain_and_1_like_guided(left: np.ndarray, right: np.ndarray) -> None:
    plain, guided = log_softmax(left), log_softmax(right)
    floor = np.float32(np.log(FLOOR))
    np.testing.assert_array_equal(mix(plain, guided, gamma=0, floor=FLOOR), np.maximum(plain, floor))
    np.testing.assert_allclose(mix(plain, guided, gamma=1, floor=FLOOR), np.maximum(guided, floor), atol=1e-5)


@given(logits, logits, gammas, st.floats(-100, 100, width=32), st.floats(-100, 100, width=32))
def test_guidance_is_invariant_to_a_shift_of_the_logits(
    left: np.ndarray, right: np.ndarray, gamma: float, one: float, other: float
) -> None:
    scores = mix(log_softmax(left), log_softmax(right), gamma=gamma, floor=FLOOR)
    shifted = mix(log_softmax(left + np.float32(one)), log_softmax(right + np.float32(other)), gamma=gamma, floor=FLOOR)
    np.testing.assert_allclose(shifted, scores, atol=2e-3)


@given(logits, logits, gammas)
def test_the_formula(left: np.ndarray, right: np.ndarray, gamma: float) -> None:
    plain, guided = log_softmax(left), log_softmax(right)
    p, g = np.exp(plain.astype(np.float64)), np.exp(guided.astype(np.float64))
    p, g = np.maximum(p, FLOOR), np.maximum(g, FLOOR)
    expected = np.log(p) + gamma * (np.log(g) - np.log(p))
    np.testing.assert_allclose(mix(plain, guided, gamma=gamma, floor=FLOOR), expected, atol=1e-3)


def test_the_floor_keeps_an_impossible_token_from_winning_by_its_ratio() -> None:
    """Without a floor, gamma 3 makes of 1e-6 against 1e-40 a gain of 235 nats."""
    plain = np.log(np.array([0.9, 0.1, 1e-40], dtype=np.float64)).astype(np.float32)
    guided = np.log(np.array([0.6, 0.4, 1e-6], dtype=np.float64)).astype(np.float32)
    assert mix(plain, guided, gamma=3, floor=1e-8).argmax() == 1
    assert mix(plain, guided, gamma=3, floor=1e-44).argmax() == 2


@given(logits)
def test_best_two_by_the_definition(values: np.ndarray) -> None:
    best, margin = best_two(values)
    ranked = sorted(range(len(values)), key=lambda token: (-values[token], token))
    assert best == ranked[0]
    assert margin == float(values[ranked[0]]) - float(values[ranked[1]])


@given(logits)
def test_the_margin_is_0_where_two_tokens_share_the_first_place(values: np.ndarray) -> None:
    doubled = np.concatenate([values, values])
    assert best_two(doubled) == (int(values.argmax()), 0.0)


@given(logits, logits)
def test_extrapolation_moves_away_from_plain(left: np.ndarray, right: np.ndarray) -> None:
    """Of two tokens the one that gains more by the signal gains more still with a greater gamma."""
    plain, guided = log_softmax(left), log_softmax(right)
    gain = guided - plain
    first, second = int(gain.argmax()), int(gain.argmin())
    assume(first != second and min(plain.min(), guided.min()) > np.log(FLOOR))
    gaps = [
        float(scores[first] - scores[second])
        for scores in (mix(plain, guided, gamma=gamma, floor=FLOOR) for gamma in (0.0, 1.0, 3.0))
    ]
    assert gaps[0] <= gaps[1] + 1e-4
    assert gaps[1] <= gaps[2] + 1e-4
