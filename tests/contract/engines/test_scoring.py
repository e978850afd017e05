"""``score``: what is shown along drafts agrees with one step after the other, and only what is asked for is shown."""

import threading
from itertools import pairwise

import pytest
from engine_runs import Subject, Visits, distance, dists, drafts, prefixes, prompt, scored

from linewise.engines.base import DistPair, Engine, LogProbs, Pair
from linewise.engines.token_tree import TokenTree
from linewise.errors import Cancelled, ContextOverflow
from linewise.meter import Meter


def two_contexts(engine: Engine) -> Pair:
    return Pair(*prefixes(engine, 2))


def behind(engine: Engine, pair: Pair, path: list[int]) -> DistPair:
    """The distributions after ``path`` in both contexts."""
    longer = (None if prefix is None else [*prefix, *path] for prefix in pair)
    (found,) = engine.next_dists([Pair(*longer)], meter=Meter())
    return found


def assert_agrees(subject: Subject, found: DistPair, expected: DistPair) -> None:
    for side, right in zip(found, expected, strict=True):
        assert (side is None) == (right is None)
        if side is not None and right is not None:
            subject.assert_same(right, side)


def assert_along(subject: Subject, pair: Pair, tree: TokenTree, visits: Visits) -> None:
    """Every node was shown what stepping along the tree gives: parents first, so that each is one step more."""
    subject.engine.forget()
    for node in sorted(visits.found):
        assert_agrees(subject, visits.found[node], behind(subject.engine, pair, tree.path(node)))


def test_score_against_step_by_step(subject: Subject) -> None:
    engine = subject.engine
    pair = two_contexts(engine)
    assert pair.plain is not None
    tree = drafts(engine, pair.plain)
    assert len(tree) > 20
    engine.forget()
    visits = scored(engine, pair, tree)
    assert sorted(visits.order) == list(range(len(tree))), "every node once"
    assert_along(subject, pair, tree, visits)


def test_nodes_differ(subject: Subject) -> None:
    """The control of the test above: a node that was shown its parent's distribution would be noticed."""
    engine = subject.engine
    pair = Pair(prompt(engine), None)
    tree = TokenTree([engine.encode("def add(a, b):\n    return")])
    visits = scored(engine, pair, tree)
    shown = [visits.found[node].plain for node in range(len(tree))]
    far = [
        distance(one, other) > max(2 * subject.distance, 0.3)
        for one, other in pairwise(shown)
        if one is not None and other is not None
    ]
    assert sum(far) > len(far) / 2


def test_parents_come_first(engine: Engine) -> None:
    tree = drafts(engine, prompt(engine))
    order = scored(engine, Pair(prompt(engine), None), tree).order
    assert order[0] == 0
    assert all(order.index(tree.parents[node]) < order.index(node) for node in order[1:])


@pytest.mark.parametrize("sides", ["plain", "guided"])
def test_one_side_may_be_absent(subject: Subject, sides: str) -> None:
    engine = subject.engine
    pair = Pair(prompt(engine), None) if sides == "plain" else Pair(None, prompt(engine))
    tree = drafts(engine, prompt(engine), most=5)
    engine.forget()
    visits = scored(engine, pair, tree)
    assert len(visits.found) == len(tree)
    assert_along(subject, pair, tree, visits)


def test_only_what_visit_returns_is_shown(subject: Subject) -> None:
    """Along one path alone; the others, and what stands behind its end, are left out."""
    engine = subject.engine
    pair = two_contexts(engine)
    assert pair.plain is not None
    tree = drafts(engine, pair.plain)
    deepest = max(range(len(tree)), key=lambda node: len(tree.path(node)))
    path = tree.add(tree.path(deepest))
    for wanted in (path[1:], path[1:4], []):
        engine.forget()
        visits = scored(engine, pair, tree, set(wanted))
        assert visits.order == [0, *wanted]
        assert_along(subject, pair, tree, visits)


def test_a_pruned_tree_costs_less(small_engine: Engine) -> None:
    prefix = prompt(small_engine)
    tree = TokenTree([[70 + at] + [80] * 60 for at in range(4)])
    costs = []
    for wanted in (None, set(tree.add([70] + [80] * 60)), set()):
        small_engine.forget()
        meter = Meter()
        small_engine.score(Pair(prefix, None), tree, Visits(tree, wanted), meter=meter)
        costs.append(meter.ledger().computed or 0)
    assert costs[0] >= len(prefix) + len(tree) - 1
    assert costs[0] > costs[1] > costs[2]


def test_no_drafts_at_all(subject: Subject) -> None:
    engine = subject.engine
    pair = two_contexts(engine)
    visits = scored(engine, pair, TokenTree())
    assert visits.order == [0]
    assert_agrees(subject, visits.found[0], behind(engine, pair, []))


PARTING = [[65] * 128 + [70] * 18, [65] * 128 + [71] * 10]
"""Two that part where they are some steps old, and end at different lengths."""


@pytest.mark.parametrize(
    "sequences", [[[65] * 200], [[70 + at, *range(65, 75)] for at in range(40)], PARTING, PARTING[::-1]]
)
def test_long_drafts_and_many(subject: Subject, sequences: list[list[int]]) -> None:
    engine, tree = subject.engine, TokenTree(sequences)
    engine.forget()
    pair = Pair(prompt(engine), None)
    visits = scored(engine, pair, tree)
    assert sorted(visits.order) == list(range(len(tree)))
    for node in (1, len(tree) // 2, len(tree) - 1):
        assert_agrees(subject, visits.found[node], behind(engine, pair, tree.path(node)))


def test_score_leaves_its_prefixes_as_they_were(subject: Subject) -> None:
    engine = subject.engine
    prefix = prompt(engine)
    engine.forget()
    (expected,) = dists(engine, prefix)
    scored(engine, Pair(prefix, prefix), drafts(engine, prefix))
    subject.assert_same(expected, dists(engine, prefix)[0])
    meter = Meter()
    dists(engine, [*prefix, 70], meter=meter)
    assert (meter.ledger().computed or 0) < len(prefix), "the prefix is still there"


def test_an_error_of_the_callers_visit_is_the_callers(subject: Subject) -> None:
    engine = subject.engine
    tree = TokenTree([[70, 71], [72, 73]])
    engine.forget()
    (expected,) = dists(engine, prompt(engine))

    def broken(node: int, found: DistPair) -> list[int]:
        del found
        return [1] if node == 0 else [][node]

    with pytest.raises(IndexError):
        engine.score(Pair(prompt(engine), None), tree, broken, meter=Meter())
    subject.assert_same(expected, dists(engine, prompt(engine))[0])


def test_a_call_that_is_cancelled_while_it_visits_ends(subject: Subject) -> None:
    engine, meter = subject.engine, Meter()
    tree = TokenTree([[65] * 600])

    def cancelling(node: int, found: DistPair) -> list[int]:
        del found
        if node == 1:
            meter.cancel()
        return list(tree.children[node].values())

    with pytest.raises(Cancelled):
        engine.score(Pair(prompt(engine), None), tree, cancelling, meter=meter)
    assert dists(engine, prompt(engine))


def test_drafts_that_do_not_fit_name_the_sizes_and_the_option(small: Subject) -> None:
    engine = small.engine
    with pytest.raises(ContextOverflow, match=r"512.*--ctx"):
        scored(engine, Pair(prompt(engine), None), TokenTree([[70] * 600]))
    assert dists(engine, prompt(engine))


def test_a_call_beside_a_visit(subject: Subject) -> None:
    """Where visits have the caller's thread to themselves other calls go on, else they wait for it and then go on."""
    engine = subject.engine
    engine.forget()
    inside, go = threading.Event(), threading.Event()
    found: list[LogProbs] = []

    def slow(node: int, shown: DistPair) -> list[int]:
        del node, shown
        inside.set()
        assert go.wait(30)
        return []

    visiting = threading.Thread(
        target=engine.score, args=(Pair(prompt(engine), None), TokenTree(), slow), kwargs={"meter": Meter()}
    )
    other = threading.Thread(target=lambda: found.extend(dists(engine, prompt(engine))))
    visiting.start()
    assert inside.wait(60)
    other.start()
    other.join(20 if subject.visits_apart else 0.5)
    assert other.is_alive() != subject.visits_apart
    assert visiting.is_alive(), "the control: it still visits"
    go.set()
    other.join(60)
    visiting.join(60)
    assert not other.is_alive()
    assert not visiting.is_alive()
    assert len(found) == 1
