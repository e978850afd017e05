"""Engines that hold a bounded number of tokens: eviction, and what happens when even that is too little."""

import pytest
from engine_runs import Subject, dists, prefixes, sample

from linewise.engines.base import Engine, Message, Stop
from linewise.errors import ContextOverflow


def test_eviction_changes_no_result(small: Subject) -> None:
    """Prefixes of together far more than the context, twice over, with samples in between."""
    engine = small.engine
    wanted = [
        engine.prompt(
            [Message("user", f"Task {number}. {'Add numbers. ' * (30 + number)}")], "def f(a, b):\n    return"
        )
        for number in range(6)
    ]
    assert sum(map(len, wanted)) > 1.5 * engine.capabilities.context
    expected = []
    for prefix in wanted:
        engine.forget()
        expected += dists(engine, prefix)
    engine.forget()
    for _ in range(2):
        for prefix, right in zip(wanted, expected, strict=True):
            small.assert_same(right, dists(engine, prefix)[0])
            sample(engine, prefix, Stop(2), n=2)


def test_samples_that_do_not_fit_at_once_go_in_waves(small_engine: Engine) -> None:
    """12 samples of 20 tokens after a prefix of 400: five fit at a time."""
    prefix = small_engine.encode("one two three four five six seven eight nine ten " * 50)[:400]
    many = sample(small_engine, prefix, Stop(20), n=12, seed=2, temperature=2)
    few = sample(small_engine, prefix, Stop(20), n=2, seed=2, temperature=2)
    assert [item.tokens[0] for item in few] == [item.tokens[0] for item in many[:2]]
    assert all(item.finish == "end" or len(item.tokens) == 20 for item in many)


def assert_usable(subject: Subject) -> None:
    (prefix,) = prefixes(subject.engine, 1)
    found = dists(subject.engine, prefix)[0]
    subject.engine.forget()
    subject.assert_same(dists(subject.engine, prefix)[0], found)


def test_a_prefix_that_does_not_fit_names_the_sizes_and_the_option(small: Subject) -> None:
    prefix = small.engine.encode("word " * 700)
    for call in (lambda: dists(small.engine, prefix), lambda: sample(small.engine, prefix, Stop(5))):
        with pytest.raises(ContextOverflow, match=rf"{len(prefix)} tokens.*512.*--ctx") as caught:
            call()
        assert "\n" not in str(caught.value)
    assert_usable(small)


def test_prefixes_that_do_not_fit_together(small: Subject) -> None:
    halves = [small.engine.encode(f"{number} " + "word " * 250) for number in range(3)]
    with pytest.raises(ContextOverflow, match=r"512.*--ctx"):
        dists(small.engine, *halves)
    assert_usable(small)


def test_an_answer_that_does_not_fit(small: Subject) -> None:
    prefix = small.engine.encode("one two three four five six seven eight nine ten " * 50)[:500]

    def until_it_overflows() -> None:
        for seed in range(50):  # some may end in time
            sample(small.engine, prefix, Stop(100), n=1, seed=seed)

    with pytest.raises(ContextOverflow, match=r"512.*--ctx"):
        until_it_overflows()
    assert_usable(small)


def test_a_prefix_that_just_fits(small: Subject) -> None:
    prefix = small.engine.encode("word " * 700)[:512]
    assert len(dists(small.engine, prefix)) == 1
    assert len(sample(small.engine, prefix, Stop(1), n=3)) == 3
    assert_usable(small)
