"""The scheduler with a model that is a rule: whatever is asked at the same time, every call gets what it asked for."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from fake_model import VOCABULARY, FakeModel, rule
from hypothesis import given, settings
from hypothesis import strategies as st

from linewise.engines.base import DistPair, Pair, Stop
from linewise.engines.batching import calls
from linewise.engines.batching.lane import Call
from linewise.engines.batching.prefix_tree import PrefixTree
from linewise.engines.batching.scheduler import Scheduler
from linewise.engines.batching.whole_prefixes import WholePrefixes
from linewise.engines.sampling import Draw
from linewise.engines.token_tree import TokenTree
from linewise.errors import Cancelled, ContextOverflow, EngineError
from linewise.meter import Meter

CHUNK = 8
END = VOCABULARY - 1


def fits(length: int) -> None:
    """No prefix is too long."""


class Bench:
    """A scheduler, its model and its store; calls as an engine makes them."""

    def __init__(self, *, capacity: int, shares: bool) -> None:
        self.model = FakeModel(capacity=capacity, whole_only=not shares)
        kind = PrefixTree if shares else WholePrefixes
        self.store = kind(self.model, capacity=capacity, sequences=64)
        self.scheduler = Scheduler(self.model, self.store, chunk=CHUNK, batch=64, overflow=ContextOverflow)

    def submit_dists(self, *prefixes: Sequence[int], meter: Meter | None = None) -> Call:
        pairs = [Pair(prefix, None) for prefix in prefixes]
        return self.scheduler.submit(lambda call: calls.distributions(call, pairs), meter or Meter())

    def dists(self, *prefixes: Sequence[int], meter: Meter | None = None) -> list[np.ndarray]:
        return [pair.plain for pair in self.submit_dists(*prefixes, meter=meter).wait()]

    def sample(self, prefix: Sequence[int], n: int, length: int, seed: int, meter: Meter | None = None) -> list[object]:
        draws = [new_draw(seed, number, length) for number in range(n)]
        work = partial(calls.samples, prefix=prefix, draws=draws, wave=4, check=fits)
        found: list[object] = self.scheduler.submit(work, meter or Meter()).wait()
        return found

    def score(self, pair: Pair, drafts: TokenTree, meter: Meter | None = None) -> dict[int, DistPair]:
        """All nodes but those behind a second child, which is pruned everywhere."""
        seen: dict[int, DistPair] = {}

        def visit(node: int, dists: DistPair) -> list[int]:
            seen[node] = dists
            return list(drafts.children[node].values())[:1]

        self.scheduler.submit(
            lambda call: calls.scores(call, pair, drafts, visit, chunk=CHUNK), meter or Meter()
        ).wait()
        return seen


def new_draw(seed: int, number: int, length: int) -> Draw:
    return Draw(
        stop=Stop(length),
        temperature=1.0,
        top_p=1.0,
        seed=(seed, number),
        end_tokens=frozenset({END}),
        piece=lambda token: b"abcdef"[token : token + 1],
    )


@contextmanager
def opened(*, capacity: int = 4096, shares: bool = True) -> Iterator[Bench]:
    bench = Bench(capacity=capacity, shares=shares)
    yield bench
    assert not bench.store._pinned, "a call that has ended holds nothing"
    if shares:
        assert bench.store.used == bench.model.used
    bench.scheduler.submit(bench.scheduler.forget, Meter()).wait()
    assert (bench.store.used, bench.model.used) == (0, 0)
    bench.scheduler.close()


def alone(prefix: Sequence[int], n: int, length: int, seed: int) -> list[tuple[int, ...]]:
    """What sampling is by definition."""
    found = []
    for number in range(n):
        draw = new_draw(seed, number, length)
        while draw.extend(rule([*prefix, *draw.tokens])):
            pass
        found.append(draw.result().tokens)
    return found


PREFIXES = st.lists(st.integers(0, 2), min_size=1, max_size=30)
DISTS = st.tuples(st.just("dists"), st.lists(PREFIXES, max_size=3))
SAMPLES = st.tuples(st.just("sample"), PREFIXES, st.integers(0, 6), st.integers(1, 6), st.integers(0, 99))
SCORES = st.tuples(st.just("score"), PREFIXES, st.lists(st.lists(st.integers(0, 2), max_size=6), max_size=4))


def check(bench: Bench, asked: tuple) -> None:
    kind, *rest = asked
    if kind == "dists":
        (prefixes,) = rest
        for prefix, found in zip(prefixes, bench.dists(*prefixes), strict=True):
            np.testing.assert_array_equal(found, rule(prefix))
    elif kind == "sample":
        assert [item.tokens for item in bench.sample(*rest)] == alone(*rest)
    else:
        prefix, sequences = rest
        tree = TokenTree(sequences)
        seen = bench.score(Pair(None, prefix), tree)
        assert 0 in seen
        for node, dists in seen.items():
            assert dists.plain is None
            np.testing.assert_array_equal(dists.guided, rule([*prefix, *tree.path(node)]))
            for child in list(tree.children[node].values())[:1]:
                assert child in seen


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(DISTS, SAMPLES, SCORES), max_size=8), st.booleans(), st.integers(1, 8))
def test_every_call_gets_what_it_asked_for(asked: list[tuple], shares: bool, threads: int) -> None:
    """Any calls at once, in a cache that holds a few of them at a time."""
    with opened(capacity=220, shares=shares) as bench, ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(check, bench, item) for item in asked]:
            done.result(timeout=60)


def held_back(bench: Bench, *submissions: Callable[[], Call]) -> list[Call]:
    """Calls that all wait while the model is busy with another one, so that they are planned together."""
    bench.model.gate.clear()
    first = bench.submit_dists([5, 5])
    while not bench.scheduler._calls:
        threading.Event().wait(0.001)
    made = [submit() for submit in submissions]
    bench.model.gate.set()
    first.wait()
    return made


def test_a_long_prompt_delays_others_by_a_chunk_at_a_time() -> None:
    """While one call reads 200 tokens another decodes 20: each pass holds one of its tokens beside a chunk."""
    with opened() as bench:
        work = partial(calls.samples, prefix=[1], draws=[new_draw(3, 0, 20)], wave=1, check=fits)
        long, decoding = held_back(
            bench, lambda: bench.submit_dists([2] * 200), lambda: bench.scheduler.submit(work, Meter())
        )
        (sampled,) = decoding.wait()
        read = sum(position.token == 2 and len(p) > 1 for p in bench.model.passes for position in p)
        assert read <= CHUNK * (len(sampled.tokens) + 2)
        assert max(map(len, bench.model.passes)) <= CHUNK + 1
        long.wait()


def test_prompts_take_turns() -> None:
    with opened() as bench:
        long, short = held_back(bench, lambda: bench.submit_dists([2] * 200), lambda: bench.submit_dists([3] * 16))
        short.wait()
        assert sum(position.token == 2 for batch in bench.model.passes for position in batch) <= 4 * CHUNK
        long.wait()


def test_newcomers_do_not_keep_a_long_prompt_waiting() -> None:
    """With every pass another prompt arrives that would fill the next one: whoever waits longest goes first."""
    with opened() as bench:
        arrived: list[Call] = []
        long: list[Call] = []

        def arrive() -> None:
            if len(arrived) < 200 and not (long and long[0].done):
                arrived.append(bench.submit_dists([100 + len(arrived)] * CHUNK))

        bench.model.at_pass = arrive
        long.append(bench.submit_dists([2] * 8 * CHUNK))
        long[0].wait()
        assert len(arrived) <= 60, "a turn comes after those that arrived since the last one: 1 + 2 + ... + 8 passes"
        for call in arrived:
            call.wait()


def test_the_same_prompt_of_several_calls_is_computed_once() -> None:
    with opened() as bench:
        prompt = [1, 2, 3, 4] * 10
        meters = [Meter() for _ in range(4)]
        made = held_back(bench, *(lambda meter=meter: bench.submit_dists(prompt, meter=meter) for meter in meters))
        for call in made:
            np.testing.assert_array_equal(call.wait()[0].plain, rule(prompt))
        ledgers = [meter.ledger() for meter in meters]
        assert sum(ledger.computed or 0 for ledger in ledgers) <= len(prompt) + 3
        assert all((ledger.computed or 0) + (ledger.cached or 0) == len(prompt) for ledger in ledgers)


def test_calls_share_passes() -> None:
    with opened() as bench:
        works = [
            lambda call, number=number: calls.samples(call, [number], [new_draw(number, 0, 12)], wave=1, check=fits)
            for number in range(4)
        ]
        made = held_back(bench, *(lambda work=work: bench.scheduler.submit(work, Meter()) for work in works))
        lengths = [len(call.wait()[0].tokens) for call in made]
        assert len(bench.model.passes) <= 2 + max(lengths)
        assert sum(lengths) > max(lengths), "the control: one after the other would need more"


@pytest.mark.parametrize("length", [8, 9, 15, 16, 17])
def test_drafts_ride_on_the_last_step_of_a_prefix_and_then_fill_steps_of_their_own(length: int) -> None:
    with opened() as bench:
        tree = TokenTree([[number % 5 for number in range(40)]])
        bench.score(Pair([1] * length, None), tree)
        riding = CHUNK - ((length - 1) % CHUNK + 1)
        passes = -(-length // CHUNK) + -(-(40 - max(riding - 1, 0)) // CHUNK)
        assert len(bench.model.passes) <= passes + 1


def test_what_a_draft_has_before_it_is_no_reuse() -> None:
    with opened() as bench:
        tree = TokenTree([[number % 5 for number in range(20)]])
        first, again = Meter(), Meter()
        bench.score(Pair([1, 2, 3], None), tree, first)
        bench.score(Pair([1, 2, 3], None), tree, again)
        assert (first.ledger().computed, first.ledger().cached) == (23, 0)
        assert (again.ledger().computed, again.ledger().cached) == (0, 23)


def test_every_sample_behind_a_prefix_reuses_it_but_the_one_that_read_it() -> None:
    with opened() as bench:
        meter = Meter()
        bench.sample([1, 2, 3], 10, 1, 0, meter=meter)
        assert meter.ledger().cached == 9 * 3


def test_a_sample_that_grows_too_long_is_told_so() -> None:
    def check(length: int) -> None:
        if length > 3:
            raise ContextOverflow(f"{length} tokens")

    draws = [new_draw(3, number, 20) for number in range(6)]
    with opened() as bench:
        work = partial(calls.samples, prefix=[1, 2], draws=draws, wave=6, check=check)
        with pytest.raises(ContextOverflow, match="4 tokens"):
            bench.scheduler.submit(work, Meter()).wait()


def test_samples_with_equal_beginnings_compute_them_once() -> None:
    with opened() as bench:
        meter = Meter()
        found = [item.tokens for item in bench.sample([1, 2], 4, 3, 0, meter=meter)]
        beginnings = {tokens[:length] for tokens in found for length in (1, 2) if len(tokens) > length - 1}
        assert meter.ledger().generated == meter.ledger().computed - 2 <= len(beginnings)


@pytest.mark.parametrize("shares", [True, False])
def test_where_calls_do_not_fit_together_the_younger_begin_anew(shares: bool) -> None:
    """Two calls that each need 90 of 100 cells."""
    with opened(capacity=100, shares=shares) as bench:
        made = held_back(bench, lambda: bench.submit_dists([1] * 90), lambda: bench.submit_dists([2] * 90))
        for number, call in enumerate(made, start=1):
            np.testing.assert_array_equal(call.wait()[0].plain, rule([number] * 90))


def test_a_call_that_cannot_fit_alone_is_told_so_and_the_others_go_on() -> None:
    with opened(capacity=100) as bench:
        large, small = held_back(
            bench, lambda: bench.submit_dists([1] * 60, [2] * 60), lambda: bench.submit_dists([3] * 5)
        )
        with pytest.raises(ContextOverflow, match="in use"):
            large.wait()
        np.testing.assert_array_equal(small.wait()[0].plain, rule([3] * 5))


def test_a_cancelled_call_frees_what_it_held_at_once() -> None:
    with opened(capacity=100) as bench:
        meter = Meter()
        bench.model.gate.clear()
        call = bench.submit_dists([1] * 90, meter=meter)
        while not bench.scheduler._calls:
            threading.Event().wait(0.001)
        meter.cancel()
        bench.model.gate.set()
        with pytest.raises(Cancelled):
            call.wait()
        assert len(bench.model.passes) <= 2
        np.testing.assert_array_equal(bench.dists([2] * 90)[0], rule([2] * 90))


def test_where_the_model_fails_its_calls_end_and_later_ones_are_right() -> None:
    with opened() as bench:
        bench.dists([1, 2, 3])
        bench.model.errors.append(EngineError("no more memory"))
        with pytest.raises(EngineError, match="no more memory"):
            bench.dists([1, 2, 3, 4])
        np.testing.assert_array_equal(bench.dists([1, 2, 3, 4, 5])[0], rule([1, 2, 3, 4, 5]))


def test_calls_that_fail_together_raise_errors_of_their_own() -> None:
    """An error is written to where it is raised, and they are raised in different threads."""
    with opened() as bench:
        bench.model.errors = [EngineError("no more memory"), None]
        one, other = held_back(bench, lambda: bench.submit_dists([1]), lambda: bench.submit_dists([2]))
        errors = []
        for call in (one, other):
            with pytest.raises(EngineError, match="no more memory") as caught:
                call.wait()
            errors.append(caught.value)
        assert errors[0] is not errors[1]


def test_what_a_callers_function_raises_reaches_the_caller() -> None:
    def broken(node: int, dists: DistPair) -> list[int]:
        raise ZeroDivisionError

    with opened() as bench:
        work = partial(calls.scores, pair=Pair([1], None), drafts=TokenTree([[2]]), visit=broken, chunk=CHUNK)
        with pytest.raises(ZeroDivisionError):
            bench.scheduler.submit(work, Meter()).wait()


def test_a_defect_ends_all_calls_instead_of_leaving_them_waiting() -> None:
    bench = Bench(capacity=100, shares=True)
    bench.model.errors.append(RuntimeError("a defect"))
    with pytest.raises(EngineError, match="broke: RuntimeError: a defect"):
        bench.dists([1, 2])
    with pytest.raises(EngineError, match="closed"):
        bench.dists([1, 2])


def test_closing_ends_calls_under_way() -> None:
    bench = Bench(capacity=4096, shares=True)
    bench.model.gate.clear()
    call = bench.submit_dists([1] * 500)
    threading.Timer(0.05, bench.model.gate.set).start()
    bench.scheduler.close()
    with pytest.raises(EngineError, match="closed"):
        call.wait()
