"""Calls of all kinds from 16 threads at once, each compared with the same call made alone."""

import threading
from collections.abc import Callable

from engine_runs import Subject, Visits, dists, drafts, prefixes, prompt, sample, scored

from linewise.engines.base import Engine, Pair, Sampled, Stop
from linewise.engines.token_tree import TokenTree

THREADS = 16


def assert_same_sample(subject: Subject, alone: Sampled, found: Sampled) -> None:
    """The same greedy tokens, up to the first that was chosen by less than the noise of the batch."""
    for place, (one, other) in enumerate(zip(alone.tokens, found.tokens, strict=False)):
        subject.assert_same(alone.dists[place], found.dists[place])
        if one != other:
            return
    assert alone.finish == found.finish


def assert_same_visits(subject: Subject, alone: Visits, found: Visits) -> None:
    assert sorted(alone.order) == sorted(found.order)
    for node, pair in alone.found.items():
        for one, other in zip(pair, found.found[node], strict=True):
            assert one is not None
            assert other is not None
            subject.assert_same(one, other)


class Work:
    """What one thread asks for: by its number a sample, distributions or a score."""

    def __init__(self, engine: Engine, number: int, plain: list[int], guided: list[int], tree: TokenTree) -> None:
        self._engine, self._number, self._pair, self._tree = engine, number, Pair(plain, guided), tree
        self._prefixes = plain, guided, [*plain, *guided[:5]]

    def __call__(self) -> object:
        if self._number % 3 == 0:
            return sample(self._engine, self._prefixes[0], Stop(10), n=3, temperature=0, keep_dists=10)
        if self._number % 3 == 1:
            return dists(self._engine, *self._prefixes)
        return scored(self._engine, self._pair, self._tree)

    def compare(self, subject: Subject, alone: object, found: object) -> None:
        if isinstance(alone, Visits) and isinstance(found, Visits):
            assert_same_visits(subject, alone, found)
        else:
            assert isinstance(alone, list)
            assert isinstance(found, list)
            for one, other in zip(alone, found, strict=True):
                same = assert_same_sample if isinstance(one, Sampled) else Subject.assert_same
                same(subject, one, other)


def long_prompt(engine: Engine, number: int, tokens: int) -> list[int]:
    """A prompt of its own, of at least so many tokens."""
    request = f"Task {number}."
    while len(found := prompt(engine, request)) < tokens:
        request += " Add numbers."
    return found


def in_threads(calls: list[Callable[[], object]]) -> list[object]:
    found: dict[int, object] = {}
    gate = threading.Barrier(len(calls))

    def run(number: int) -> None:
        gate.wait()
        found[number] = calls[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[number] for number in range(len(calls))]


def test_sixteen_threads_mixing_all_calls(subject: Subject) -> None:
    engine = subject.engine
    wanted = prefixes(engine, 8)
    tree = drafts(engine, wanted[0], most=6)
    work = [Work(engine, number, wanted[number % 8], wanted[(number + 3) % 8], tree) for number in range(THREADS)]
    alone = []
    for one in work:
        engine.forget()
        alone.append(one())
    engine.forget()
    for found in (in_threads([*work]), in_threads([*work])):
        for one, right, result in zip(work, alone, found, strict=True):
            one.compare(subject, right, result)


def test_more_calls_than_fit_at_once_wait_for_each_other(small: Subject) -> None:
    """Each needs most of the context."""
    engine = small.engine
    wanted = [long_prompt(engine, number, 300) for number in range(6)]
    alone = []
    for prefix in wanted:
        engine.forget()
        alone.append(dists(engine, prefix)[0])
    found = in_threads([lambda prefix=prefix: dists(engine, prefix)[0] for prefix in wanted])
    for right, result in zip(alone, found, strict=True):
        small.assert_same(right, result)
