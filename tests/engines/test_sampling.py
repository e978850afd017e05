"""The arithmetic of sampling, against naive definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from linewise.engines.base import LogProbs, Stop
from linewise.engines.sampling import Draw, draw, log_softmax

logits = arrays(np.float32, st.integers(1, 40), elements=st.floats(-30, 30, width=32))


def nucleus(log_probs: LogProbs, temperature: float, top_p: float) -> set[int]:
    """By the definition: all tokens sorted, the shortest head whose mass reaches ``top_p``."""
    scaled = log_probs.astype(np.float64) / temperature
    weights = np.exp(scaled - scaled.max())
    weights /= weights.sum()
    mass, found = 0.0, set()
    for token in sorted(range(len(weights)), key=lambda token: (-weights[token], token)):
        found.add(token)
        mass += weights[token]
        if mass >= top_p:
            break
    return found


@given(logits, st.floats(-1000, 1000, width=32))
def test_log_softmax_is_invariant_to_a_shift(values: np.ndarray, shift: float) -> None:
    np.testing.assert_allclose(log_softmax(values), log_softmax(values + np.float32(shift)), atol=2e-3)


@given(logits)
def test_log_softmax_is_normalised_and_keeps_the_order(values: np.ndarray) -> None:
    found = log_softmax(values)
    assert found.dtype == np.float32
    assert np.exp(found.astype(np.float64)).sum() == pytest.approx(1, abs=1e-4)
    assert found[int(values.argmax())] == found.max()


@given(logits, st.sampled_from([0.3, 0.75, 1.0, 1.5]), st.sampled_from([0.1, 0.5, 0.9, 0.95, 1.0]), st.integers(0, 99))
def test_a_drawn_token_lies_in_the_nucleus(values: np.ndarray, temperature: float, top_p: float, seed: int) -> None:
    log_probs = log_softmax(values)
    rng = np.random.default_rng(seed)
    drawn = {draw(log_probs, temperature=temperature, top_p=top_p, rng=rng) for _ in range(20)}
    # Mass that meets top_p up to rounding may or may not take in one token more.
    assert drawn <= nucleus(log_probs, temperature, min(1.0, top_p + 1e-5))


def test_draws_follow_the_weights_of_the_nucleus() -> None:
    log_probs = np.log(np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32))
    rng = np.random.default_rng(7)
    counts = np.bincount([draw(log_probs, temperature=1, top_p=0.9, rng=rng) for _ in range(4000)], minlength=4)
    np.testing.assert_allclose(counts / 4000, [0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0], atol=0.03)


@given(logits)
def test_temperature_0_is_the_argmax(values: np.ndarray) -> None:
    log_probs = log_softmax(values)
    assert draw(log_probs, temperature=0, top_p=0.1, rng=np.random.default_rng(0)) == int(log_probs.argmax())


def test_a_tiny_nucleus_is_the_argmax() -> None:
    log_probs = log_softmax(np.array([0.0, 1.0, 0.5], dtype=np.float32))
    assert {draw(log_probs, temperature=2, top_p=1e-6, rng=np.random.default_rng(n)) for n in range(50)} == {1}


def one_hot(token: int) -> LogProbs:
    return log_softmax(np.where(np.arange(300) == token, 50, 0).astype(np.float32))


def drawing(stop: Stop, text: bytes, end: int = 299) -> Draw:
    """A continuation that writes ``text`` byte by byte and then the end token."""
    found = Draw(
        stop=stop,
        temperature=0,
        top_p=1,
        seed=(0, 0),
        end_tokens=frozenset({end}),
        piece=lambda token: bytes([token]),
    )
    for byte in [*text, end]:
        if not found.extend(one_hot(byte)):
            break
    return found


@pytest.mark.parametrize(
    ("stop", "text", "expected", "finish"),
    [
        (Stop(99), "a\nb", "a\nb", "end"),
        (Stop(2), "abc", "ab", "length"),
        (Stop(99, lines=1), "a\nb\n", "a\n", "stop"),
        (Stop(99, lines=2), "a\n\n  \nb\nc", "a\n\n  \nb\n", "stop"),
        (Stop(99, lines=1), "\n\na\nb", "\n\na\n", "stop"),
        (Stop(99, lines=1, line_head="x = 1"), "\nb\n", "\n", "stop"),
        (Stop(99, lines=1, line_head="    "), "\nb\nc", "\nb\n", "stop"),
        (Stop(99, until=lambda text: "```" in text), "a ``` b", "a ```", "stop"),
        (Stop(99, until=lambda text: text.endswith("b\n")), "a\nb\nc\n", "a\nb\n", "stop"),
    ],
)
def test_when_a_continuation_ends(stop: Stop, text: str, expected: str, finish: str) -> None:
    found = drawing(stop, text.encode()).result()
    assert (found.text, found.finish) == (expected, finish)


def test_a_character_counts_once_its_last_byte_is_there() -> None:
    assert drawing(Stop(3), "aé!".encode()).result().text == "aé"
    assert drawing(Stop(2), "aé!".encode()).result().text == "a"
