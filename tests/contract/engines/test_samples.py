"""``sample``: seeds, and where a continuation ends."""

import re

import pytest
from engine_runs import Subject, dists, prefixes, prompt, sample

from linewise.engines.base import Engine, Stop, complete_lines
from linewise.errors import ContextOverflow

STOP = Stop(24)


def test_the_same_seed_gives_the_same_samples(engine: Engine) -> None:
    first = sample(engine, prompt(engine), STOP, n=3, seed=5)
    engine.forget()
    assert sample(engine, prompt(engine), STOP, n=3, seed=5) == first


def test_seeds_and_numbers_of_samples_make_them_differ(engine: Engine) -> None:
    texts = [item.text for seed in range(3) for item in sample(engine, prompt(engine), STOP, n=4, seed=seed)]
    assert len(set(texts)) > 1
    firsts = [tuple(item.tokens[:1] for item in sample(engine, prompt(engine), Stop(1), n=8, seed=s)) for s in range(4)]
    assert len(set(firsts)) > 1


def test_a_sample_does_not_depend_on_how_many_there_are(engine: Engine) -> None:
    """Its first token exactly; the later ones as far as the noise of the batch lets them."""
    many = [item.tokens[0] for item in sample(engine, prompt(engine), Stop(1), n=12, seed=3)]
    for count in (1, 5, 11):
        assert [item.tokens[0] for item in sample(engine, prompt(engine), Stop(1), n=count, seed=3)] == many[:count]
    long, short = (sample(engine, prompt(engine), STOP, n=count, seed=3) for count in (6, 3))
    assert sum(one.tokens[:4] == other.tokens[:4] for one, other in zip(short, long, strict=False)) >= 2


def test_temperature_0_is_greedy(subject: Subject) -> None:
    """Up to the first token whose lead is within the noise of the batch."""
    engine = subject.engine
    engine.forget()
    prefix = prompt(engine)
    (found,) = sample(engine, prefix, STOP, n=1, temperature=0, top_p=1.0)
    assert found.tokens
    for end, token in enumerate(found.tokens):
        (log_probs,) = dists(engine, [*prefix, *found.tokens[:end]])
        assert log_probs.max() - log_probs[token] <= subject.margin


def test_samples_come_from_the_nucleus(engine: Engine) -> None:
    """A nucleus that holds one token is the argmax, at any temperature."""
    best = int(dists(engine, prompt(engine))[0].argmax())
    assert {item.tokens[0] for item in sample(engine, prompt(engine), Stop(1), n=8, top_p=1e-6, temperature=2)} == {
        best
    }


@pytest.mark.parametrize("most", [1, 2, 7])
def test_at_most_so_many_tokens(engine: Engine, most: int) -> None:
    for item in sample(engine, prompt(engine), Stop(most), n=3):
        assert len(item.tokens) == most
        assert item.finish == "length"


def test_the_text_is_that_of_the_tokens(engine: Engine) -> None:
    for prefix in prefixes(engine, 6):
        for item in sample(engine, prefix, STOP, n=4, temperature=1.5, top_p=1.0):
            assert engine.decode(item.tokens) == item.text
            assert not engine.end_tokens & set(item.tokens)


@pytest.mark.parametrize(("lines", "head"), [(1, ""), (2, ""), (1, "def f(x"), (3, "    ")])
def test_lines_end_with_the_token_that_ends_them(engine: Engine, lines: int, head: str) -> None:
    found = [
        item
        for seed in range(3)
        for item in sample(engine, prompt(engine), Stop(60, lines=lines, line_head=head), n=4, seed=seed)
    ]
    stopped = [item for item in found if item.finish == "stop"]
    assert stopped
    for item in stopped:
        assert complete_lines(head + item.text) >= lines
        assert complete_lines(head + engine.decode(item.tokens[:-1])) < lines, "no token more than needed"
    assert all(complete_lines(head + item.text) < lines for item in found if item.finish != "stop")


def test_until_is_asked_with_all_of_the_text_at_newlines_and_back_ticks(engine: Engine) -> None:
    asked: list[str] = []

    def enough(text: str) -> bool:
        asked.append(text)
        return text.count("\n") >= 2

    for seed in range(10):  # some may end before
        asked.clear()
        (found,) = sample(engine, prompt(engine), Stop(80, until=enough), n=1, seed=seed, temperature=0.3)
        if found.finish == "stop":
            break
    assert found.finish == "stop"
    assert asked[-1] == found.text
    assert [text.count("\n") >= 2 for text in asked] == [False] * (len(asked) - 1) + [True]


def test_an_error_of_the_callers_until_leaves_the_engine_as_it_was(subject: Subject) -> None:
    engine = subject.engine
    engine.forget()
    (expected,) = dists(engine, prompt(engine))

    def broken(text: str) -> bool:
        raise ZeroDivisionError(text)

    for _ in range(4):
        with pytest.raises(ZeroDivisionError):
            sample(engine, prompt(engine), Stop(40, until=broken), n=8, temperature=0)
    subject.assert_same(expected, dists(engine, prompt(engine))[0])
    assert sample(engine, prompt(engine), Stop(4), n=90)


@pytest.mark.parametrize("count", [0, 1, 200])
def test_any_number_of_samples(engine: Engine, count: int) -> None:
    assert len(sample(engine, prompt(engine), Stop(2), n=count)) == count


def test_any_number_of_pairs(engine: Engine) -> None:
    dists(engine, prompt(engine))
    found = dists(engine, *([*prompt(engine), number] for number in range(100, 200)))
    assert len(found) == 100


def test_more_pairs_than_can_be_held_are_answered_or_the_error_names_sizes_and_option(small_engine: Engine) -> None:
    """800 tokens in all, where 512 fit."""
    prefixes = [[number, number + 1, number + 2, number + 3] for number in range(50, 250)]
    found, refusal = [], ""
    try:
        found = dists(small_engine, *prefixes)
    except ContextOverflow as error:
        refusal = str(error)
    assert len(found) == 200 or re.search(r"\d+ tokens .*the context holds 512 tokens; raise it with --ctx", refusal)
    assert dists(small_engine, prompt(small_engine))
