"""``next_dists``: whatever was asked before and whatever is asked beside it, a prefix has one distribution."""

import contextlib
import threading

import numpy as np
from engine_runs import Subject, distance, dists, prefixes, prompt, sample

from linewise.engines.base import DistPair, Engine, Pair, Stop
from linewise.meter import Meter


def cold(subject: Subject, prefix: list[int]) -> np.ndarray:
    subject.engine.forget()
    return dists(subject.engine, prefix)[0]


def test_a_distribution_covers_the_vocabulary(engine: Engine) -> None:
    (found,) = dists(engine, prompt(engine))
    assert found.dtype == np.float32
    assert found.ndim == 1
    assert abs(np.exp(found.astype(np.float64)).sum() - 1) < 1e-3
    assert max(engine.end_tokens) < len(found)


def test_what_is_absent_stays_absent(engine: Engine) -> None:
    one, other = prefixes(engine, 2)
    found = engine.next_dists([Pair(one, None), Pair(None, other), Pair(one, other)], meter=Meter())
    assert [(pair.plain is None, pair.guided is None) for pair in found] == [
        (False, True),
        (True, False),
        (False, False),
    ]
    assert engine.next_dists([], meter=Meter()) == []
    assert engine.next_dists([Pair(None, None)], meter=Meter()) == [DistPair(None, None)]


def test_different_prefixes_differ(subject: Subject) -> None:
    """The control of the tests below: what they accept as the same is much closer than this."""
    engine = subject.engine
    one, other = dists(engine, [*prompt(engine), *engine.encode("def add(a, b):")], prompt(engine))
    assert distance(one, other) > max(2 * subject.distance, 0.5)


def test_a_fresh_engine_repeats_itself_exactly(engine: Engine) -> None:
    wanted = prefixes(engine, 6)
    first = dists(engine, *wanted)
    engine.forget()
    np.testing.assert_array_equal(first, dists(engine, *wanted))


def test_fork_against_cold_start(subject: Subject) -> None:
    """Each prefix after all others: forks, longer prefixes, rewound ones, and samples in between."""
    engine = subject.engine
    wanted = prefixes(engine, 12)
    expected = [cold(subject, prefix) for prefix in wanted]
    engine.forget()
    for prefix in [*wanted, *(prefix[:-3] for prefix in wanted)]:
        dists(engine, prefix)
        sample(engine, prefix, Stop(3))
    for prefix, right in zip(wanted, expected, strict=True):
        subject.assert_same(right, dists(engine, prefix)[0])


def test_token_by_token_against_at_once(subject: Subject) -> None:
    engine = subject.engine
    start, text = prompt(engine), engine.encode("def add(a, b):\n    return a + b\n")
    expected = cold(subject, [*start, *text])
    engine.forget()
    for end in range(len(text)):
        dists(engine, [*start, *text[:end]])
    subject.assert_same(expected, dists(engine, [*start, *text])[0])


def test_batch_against_alone(subject: Subject) -> None:
    engine = subject.engine
    wanted = prefixes(engine, 8)
    expected = [cold(subject, prefix) for prefix in wanted]
    engine.forget()
    for right, found in zip(expected, dists(engine, *wanted), strict=True):
        subject.assert_same(right, found)


def test_plain_and_guided_are_not_mixed_up(subject: Subject) -> None:
    engine = subject.engine
    plain, guided = prefixes(engine, 12)[2::9]
    expected = cold(subject, plain), cold(subject, guided)
    (found,) = engine.next_dists([Pair(plain, guided)], meter=Meter())
    assert found.plain is not None
    assert found.guided is not None
    subject.assert_same(expected[0], found.plain)
    subject.assert_same(expected[1], found.guided)


def test_a_reader_cannot_spoil_what_others_read(engine: Engine) -> None:
    (found,) = dists(engine, prompt(engine))
    kept = found.copy()
    with contextlib.suppress(ValueError):  # read-only is fine
        found[:] = 0
    np.testing.assert_array_equal(dists(engine, prompt(engine))[0], kept)


def test_the_prefix_stays_the_caller_s(engine: Engine) -> None:
    prefix = prompt(engine)
    before = list(prefix)
    (first,) = dists(engine, prefix)
    assert prefix == before
    prefix.append(prefix[0])
    np.testing.assert_array_equal(dists(engine, before)[0], first)


def test_sixteen_threads_at_once(subject: Subject) -> None:
    engine = subject.engine
    wanted = prefixes(engine, 8)
    expected = [cold(subject, prefix) for prefix in wanted]
    engine.forget()
    found: dict[int, np.ndarray] = {}
    texts: dict[int, str] = {}

    def work(number: int) -> None:
        prefix = wanted[number % 8]
        for end in (-2, -1):
            dists(engine, prefix[:end])
        texts[number] = sample(engine, prefix, Stop(4), n=2, seed=number)[0].text
        found[number] = dists(engine, prefix)[0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(texts) == list(range(16))
    for number, right in found.items():
        subject.assert_same(expected[number % 8], right)
