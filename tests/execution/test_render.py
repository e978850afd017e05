"""Bounded ``repr``: true for builtin values, bounded for all, and never the program's undoing."""

import dataclasses
import enum
import re
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linewise.execution._tracee.render import Renderer

Pair = namedtuple("Pair", "left right")

SMALL = st.integers(-(10**18), 10**18)  # longer ones are told by their number of digits
PLAIN = st.recursive(
    st.none() | st.booleans() | SMALL | st.floats() | st.text(st.characters(codec="utf-8")) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_builtin_values_are_shown_as_repr_does(value: object) -> None:
    assert Renderer(100_000).text(value) == repr(value)


@given(PLAIN, st.integers(4, 60))
def test_bound_holds_and_keeps_the_beginning(value: object, limit: int) -> None:
    text = Renderer(limit).text(value)
    whole = Renderer(100_000).text(value)
    assert len(text) <= max(limit, 24)  # numbers that fit a machine word are never cut
    assert text == whole or (text.endswith("...") and unquoted(whole).startswith(unquoted(text[:-3])))


def unquoted(text: str) -> str:
    """Without quotes and what escapes them: which of them ``repr`` takes depends on the part that may be cut off."""
    return re.sub("['\"\\\\]", "", text)


class Plain:
    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


class Slots:
    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a = 1


@dataclasses.dataclass
class Point:
    x: int
    y: object = None


class Colour(enum.Enum):
    RED = 1


class Own:
    def __repr__(self) -> str:
        return "own"


class Raises:
    def __repr__(self) -> str:
        raise KeyboardInterrupt


class Loops:
    def __repr__(self) -> str:
        while True:
            pass


class NoText:
    def __repr__(self) -> str:
        return 3


class LiesAboutLength(list):
    def __len__(self) -> int:
        return 10**12

    def __iter__(self) -> object:
        raise ValueError


class Meta(type):
    def __getattribute__(cls, name: str) -> object:
        raise ValueError(name)


class HostileClass(metaclass=Meta):
    pass


OTHER = [
    (set(), "set()"),
    (frozenset(), "frozenset()"),
    (frozenset({1}), "frozenset({1})"),
    ({1}, "{1}"),
    (deque([1, 2]), "deque([1, 2])"),
    (Counter("aab"), "Counter({'a': 2, 'b': 1})"),
    (defaultdict(int, a=1), "defaultdict(<class 'int'>, {'a': 1})"),
    (OrderedDict(a=1), "OrderedDict({'a': 1})"),
    ({"a": 1}.keys(), "dict_keys(['a'])"),
    ({"a": 1}.items(), "dict_items([('a', 1)])"),
    (range(3), "range(0, 3)"),
    (Pair(1, [2]), "Pair(left=1, right=[2])"),
    (Point(1), "Point(x=1, y=None)"),
    (Plain(a=1, b=Plain()), "Plain(a=1, b=Plain())"),
    (Slots(), "Slots(a=1)"),
    (Colour.RED, "<Colour.RED: 1>"),
    (Own(), "own"),
    ([Own()], "[own]"),
    (ValueError("x", 1), "ValueError('x', 1)"),
    (len, "<built-in function len>"),
    (dataclasses, "<module dataclasses>"),
    (object(), "object()"),
    ((i for i in ()), "<generator object <genexpr>>"),
    (Raises(), "<Raises object, repr raised KeyboardInterrupt>"),
    (Loops(), "<Loops object, repr too slow>"),
    (NoText(), "<NoText object, repr raised TypeError>"),
    (LiesAboutLength([1, 2]), "[1, 2]"),
    (HostileClass(), "HostileClass()"),
    (10**100_000, "<int of about 100001 digits>"),
    ("\ud800", "'\\ud800'"),
]


@pytest.mark.parametrize(("value", "text"), OTHER, ids=range(len(OTHER)))
def test_other_values(value: object, text: str) -> None:
    assert Renderer(80).text(value) == text


def test_integers_whose_digits_python_refuses_are_told_by_their_number() -> None:
    assert Renderer(10_000).text(10**5000) == "<int of about 5001 digits>"
    assert Renderer(10_000).text(10**500) == str(10**500)


BIG = [[0] * 10**6, {n: n for n in range(10**5)}, set(range(10**5)), "x" * 10**7, b"x" * 10**7]


@pytest.mark.parametrize("value", BIG, ids=range(len(BIG)))
def test_big_values_are_cut(value: object) -> None:
    text = Renderer(50).text(value)
    assert len(text) == 50
    assert text.endswith("...")


def test_cycles_and_depth() -> None:
    loop: list[object] = [1]
    loop.append(loop)
    node = Plain()
    node.next = node
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    renderer = Renderer(80)
    assert renderer.text(loop) == "[1, ...]"
    assert renderer.text(node) == "Plain(next=...)"
    assert renderer.text(deep) == "[[[[[[[[...]]]]]]]]"


def test_a_slow_class_is_asked_once() -> None:
    renderer = Renderer(80)
    assert renderer.text([Loops(), Loops()]) == "[<Loops object, repr too slow>, <Loops object>]"


def test_an_ordered_dict_is_shown_in_its_order_and_never_fails() -> None:
    ordered = OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    assert Renderer(100).text(ordered) == "OrderedDict({'b': 2, 'a': 1})"
    dict.__delitem__(ordered, "b")
    assert Renderer(100).text(ordered) == "OrderedDict({'a': 1})"
