"""``sample(keep_dists=...)``: the distributions that tokens were drawn from."""

import numpy as np
import pytest
from engine_runs import Subject, dists, prefixes, prompt, sample

from linewise.engines.base import Engine, Message, Stop

MOST = 20


def test_they_are_what_next_dists_gives_at_the_same_prefix(subject: Subject) -> None:
    engine = subject.engine
    prefix = prefixes(engine, 4)[3]
    engine.forget()
    found = sample(engine, prefix, Stop(8), n=3, keep_dists=6)
    engine.forget()
    for item in found:
        for end, kept in enumerate(item.dists):
            subject.assert_same(dists(engine, [*prefix, *item.tokens[:end]])[0], kept)


@pytest.mark.parametrize("keep", [0, 1, 5, 1000])
def test_so_many_are_kept_and_that_of_an_end_token_among_them(engine: Engine, keep: int) -> None:
    found = sample(engine, prompt(engine), Stop(MOST), n=6, keep_dists=keep)
    for item in found:
        assert len(item.dists) == min(keep, len(item.tokens) + (item.finish == "end"))


def test_the_distribution_of_an_end_token_is_the_last_one(engine: Engine) -> None:
    """With a prompt that has the larger model answer in a word."""
    prefix = engine.prompt([Message("user", "Reply with the one word yes, and nothing else.")], "")
    found = sample(engine, prefix, Stop(60), n=24, temperature=0.7, keep_dists=61)
    ended = [item for item in found if item.finish == "end"]
    assert ended
    for item in ended:
        assert len(item.dists) == len(item.tokens) + 1
        assert max(item.dists[-1][token] for token in engine.end_tokens) > np.log(1e-6)


def test_keeping_them_changes_no_sample(engine: Engine) -> None:
    without = sample(engine, prompt(engine), Stop(12), n=3, seed=8)
    engine.forget()
    kept = sample(engine, prompt(engine), Stop(12), n=3, seed=8, keep_dists=12)
    assert [item.tokens for item in kept] == [item.tokens for item in without]


def test_samples_share_the_first_one(engine: Engine) -> None:
    """All are drawn from it; a copy each would be 600 KB for a large vocabulary."""
    found = sample(engine, prompt(engine), Stop(2), n=6, keep_dists=1)
    shared = [np.shares_memory(item.dists[0], found[0].dists[0]) for item in found]
    assert all(shared) or engine.name == "scripted"  # which has no large vocabulary
    assert len(shared) == 6


def test_a_token_was_likely_where_it_was_drawn(engine: Engine) -> None:
    for item in sample(engine, prompt(engine), Stop(10), n=4, keep_dists=10, temperature=0):
        for token, log_probs in zip(item.tokens, item.dists, strict=False):
            assert token == log_probs.argmax()
