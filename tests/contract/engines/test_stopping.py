"""Cancelling, budgets and what a call is charged."""

import threading
import time

import numpy as np
import pytest
from engine_runs import Subject, dists, prefixes, prompt, sample, scored

from linewise.engines.base import Engine, Pair, Stop
from linewise.engines.token_tree import TokenTree
from linewise.errors import BudgetSpent, Cancelled, EngineError, Stopped
from linewise.meter import Meter

SOON = 60.0
"""Seconds, generous: it tells a call that ends from one that goes on, no more."""


def test_a_cancelled_meter_starts_nothing(engine: Engine) -> None:
    meter = Meter()
    meter.cancel()
    with pytest.raises(Cancelled):
        dists(engine, prompt(engine), meter=meter)
    with pytest.raises(Cancelled):
        sample(engine, prompt(engine), Stop(2), meter=meter)
    with pytest.raises(Cancelled):
        engine.score(Pair(prompt(engine), None), TokenTree(), lambda node, dists: [], meter=meter)
    assert meter.ledger().computed == 0


def until_forever(started: threading.Event, most: int = 3000) -> Stop:
    """A stop that tells when sampling has begun."""

    def tell(text: str) -> bool:
        started.set()
        return False

    return Stop(most, until=tell)


def endless(engine: Engine, meter: Meter, stop: Stop) -> None:
    """Calls that go on until the meter ends them."""
    while True:
        sample(engine, prompt(engine), stop, n=4, temperature=0.2, meter=meter)


def test_cancel_from_another_thread_ends_a_long_call(subject: Subject) -> None:
    engine, meter, started = subject.engine, Meter(), threading.Event()
    engine.forget()
    expected = dists(engine, *prefixes(engine, 3))
    ended: list[Exception] = []

    def work() -> None:
        try:
            endless(engine, meter, until_forever(started))
        except Stopped as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(60)
    meter.cancel()
    thread.join(SOON)
    assert not thread.is_alive()
    assert [type(error) for error in ended] == [Cancelled]
    for right, found in zip(expected, dists(engine, *prefixes(engine, 3)), strict=True):
        subject.assert_same(right, found)


def test_cancel_ends_a_call_that_waits_for_another(subject: Subject) -> None:
    """One agent's long call is no reason for another's cancelled one to stay."""
    engine, started = subject.engine, threading.Event()
    long_meter, waiting_meter = Meter(), Meter()
    ended: list[str] = []

    def work(name: str, meter: Meter, stop: Stop) -> None:
        with pytest.raises(Cancelled):
            endless(engine, meter, stop)
        ended.append(name)

    long = threading.Thread(target=work, args=("long", long_meter, until_forever(started)))
    long.start()
    assert started.wait(60)
    waiting = threading.Thread(target=work, args=("waiting", waiting_meter, Stop(3000)))
    waiting.start()
    time.sleep(0.2)
    waiting_meter.cancel()
    waiting.join(SOON)
    assert ended == ["waiting"]
    long_meter.cancel()
    long.join(SOON)
    assert ended == ["waiting", "long"]


def test_a_spent_budget_of_tokens_ends_a_call(subject: Subject) -> None:
    engine = subject.engine
    engine.forget()
    meter = Meter(max_tokens_computed=len(prompt(engine)) + 40)
    with pytest.raises(BudgetSpent, match="computed tokens"):
        endless(engine, meter, Stop(3000))
    computed = meter.ledger().computed
    assert computed is not None
    assert len(prompt(engine)) + 40 <= computed < len(prompt(engine)) + 40 + 64, "at most one step too many"
    assert dists(engine, prompt(engine))


def test_a_spent_budget_of_seconds_ends_a_call(engine: Engine) -> None:
    with pytest.raises(BudgetSpent, match="seconds"):
        dists(engine, prompt(engine), meter=Meter(max_seconds=0))


def test_what_is_computed_and_what_is_reused_make_up_what_was_asked(subject: Subject) -> None:
    engine = subject.engine
    engine.forget()
    wanted = prefixes(engine, 12)
    for prefix in [*wanted, *wanted]:
        meter = Meter()
        dists(engine, prefix, meter=meter)
        ledger = meter.ledger()
        assert ledger.computed is not None
        assert ledger.cached is not None
        if subject.distance:  # an engine that computes a whole prefix, not a rule
            assert ledger.computed + ledger.cached == len(prefix)
        assert (ledger.generated or 0) <= ledger.computed
        assert bool(ledger.forward_passes) == bool(ledger.computed)


def test_a_repeated_call_computes_nothing(small_engine: Engine) -> None:
    wanted = prefixes(small_engine, 3)
    first = dists(small_engine, *wanted)
    meter = Meter()
    again = dists(small_engine, *wanted, meter=meter)
    ledger = meter.ledger()
    assert (ledger.computed, ledger.forward_passes, ledger.generated) == (0, 0, 0)
    assert ledger.cached == sum(map(len, wanted))
    np.testing.assert_array_equal(first, again)


def test_a_step_computes_one_token_in_each_context(small_engine: Engine) -> None:
    plain, guided = prefixes(small_engine, 2)
    small_engine.next_dists([Pair(plain, guided)], meter=Meter())
    meter = Meter()
    small_engine.next_dists([Pair([*plain, 5], [*guided, 5])], meter=meter)
    ledger = meter.ledger()
    assert (ledger.computed, ledger.generated) == (2, 2)
    # Where states cannot be laid side by side, contexts of different lengths take a pass each.
    assert ledger.forward_passes == (1 if small_engine.capabilities.rewind else 2)
    assert ledger.cached == len(plain) + len(guided)


def test_samples_share_their_prefix(small_engine: Engine) -> None:
    prefix, meter = prompt(small_engine), Meter()
    found = sample(small_engine, prefix, Stop(5), n=4, meter=meter)
    ledger = meter.ledger()
    beginnings = {item.tokens[:length] for item in found for length in range(1, len(item.tokens) + 1)}
    unread = {item.tokens for item in found if item.finish != "end"}
    decoded = len(beginnings) - len(unread)
    assert ledger.computed == len(prefix) + decoded, "equal beginnings are computed once, last tokens not at all"
    assert ledger.generated == decoded
    assert ledger.cached is not None
    assert ledger.cached >= 3 * len(prefix)


def test_a_closed_engine_says_so(fresh: Subject) -> None:
    engine = fresh.engine
    with engine:
        wanted = prompt(engine)
        dists(engine, wanted)
    for call in (
        lambda: dists(engine, wanted),
        lambda: sample(engine, wanted, Stop(1)),
        lambda: scored(engine, Pair(wanted, None), TokenTree([[70]])),
        engine.forget,
    ):
        with pytest.raises(EngineError, match="closed"):
            call()
    engine.__exit__(None, None, None)


def test_closing_ends_calls_under_way(fresh: Subject) -> None:
    engine, started = fresh.engine, threading.Event()
    ended: list[str] = []

    def work() -> None:
        with pytest.raises(EngineError, match="closed"):
            endless(engine, Meter(), until_forever(started, most=300))
        ended.append("closed")

    with engine:
        thread = threading.Thread(target=work)
        thread.start()
        assert started.wait(60)
    thread.join(SOON)
    assert ended == ["closed"]
