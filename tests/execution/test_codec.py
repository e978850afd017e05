"""Values that cross between judge and program: equal, of the same types and shape, or refused."""

import json
import math
from collections import Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linewise.execution._tracee.codec import Decoder, Encoder, Malformed, TooLarge, Unencodable

LIMIT = 1 << 20
Pair = namedtuple("Pair", "left right")

HASHABLE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.times()
    | st.timedeltas()
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 3)),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.sets(HASHABLE, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.builds(deque, st.lists(inner, max_size=3), st.none() | st.integers(3, 5))
        | st.builds(OrderedDict, st.dictionaries(HASHABLE, inner, max_size=3))
        | st.builds(lambda items: defaultdict(list, items), st.dictionaries(HASHABLE, inner, max_size=3))
        | st.builds(Counter, st.lists(HASHABLE, max_size=4))
        | st.binary().map(bytearray)
    ),
    max_leaves=12,
)


def cross(*values: Any) -> list[Any]:
    return Decoder(Encoder().message(values, LIMIT)).items()


def described(value: Any) -> Any:
    """A value with the exact types of all its parts."""
    kind = type(value)
    if kind in (list, tuple, deque):
        return kind, [described(part) for part in value], getattr(value, "maxlen", None)
    if kind in (dict, OrderedDict, Counter, defaultdict):
        return kind, [(described(key), described(part)) for key, part in value.items()]
    if kind in (set, frozenset):
        return kind, sorted(map(repr, map(described, value)))
    return kind, repr(value)


@given(VALUES)
def test_values_arrive_as_they_were(value: object) -> None:
    (arrived,) = cross(value)
    assert arrived == value
    assert described(arrived) == described(value)


@pytest.mark.parametrize(
    "value",
    [
        *(math.inf, -math.inf, -0.0, 1e308, 5e-324, 0.1, 2**63, -(2**63), 2**5000, complex(-0.0, math.inf)),
        *("\ud800", "\ud83d\ude00", "\0", "a\ud800\udc00b", b"\xff\0", Ellipsis, NotImplemented, int, defaultdict),
        *(slice(1, None, 2), Decimal("1.10"), Decimal("Infinity"), Fraction(1, 3), date(1, 1, 1), timedelta(-1, 5, 7)),
        *(time(1, 2, fold=1), datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=1), "x")), type(None)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_special_values(value: object) -> None:
    assert described(cross(value)[0]) == described(value)


def test_not_a_number() -> None:
    arrived = cross(math.nan, Decimal("sNaN"))
    assert math.isnan(arrived[0])
    assert arrived[1].is_snan()


def test_shared_and_cyclic_references_keep_their_shape() -> None:
    inner: list[Any] = [1]
    cycle: dict[str, Any] = {"inner": inner, "pair": (inner, inner)}
    cycle["self"] = cycle
    arrived, again = cross(cycle, inner)
    assert arrived["self"] is arrived
    assert arrived["inner"] is arrived["pair"][0] is arrived["pair"][1] is again


def test_depth_is_no_limit() -> None:
    deep: list[Any] = []
    for _ in range(30_000):
        deep = [deep]
    (arrived,) = cross(deep)
    depth = 0
    while arrived:
        (arrived,) = arrived
        depth += 1
    assert depth == 30_000


def test_arguments_come_back_as_the_same_objects() -> None:
    numbers, names, bag = [3, 1, 2], {"a": [1]}, {1}
    call = Encoder()
    sent = call.message([numbers, names, bag], LIMIT)
    there = Decoder(sent)
    there_numbers, there_names, there_bag = there.items()
    there_numbers.sort()
    there_names["b"] = there_numbers
    there_names["a"].append(2)
    there_bag.clear()
    reply = Encoder(there.shells).message([there_numbers, there_numbers, there_names, there_bag, [9]], LIMIT)
    value, back, back_names, _, new = Decoder(reply, call.objects).items()
    assert value is back is numbers
    assert back_names is names
    assert (numbers, names, bag, new) == ([1, 2, 3], {"a": [1, 2], "b": numbers}, set(), [9])
    assert names["b"] is numbers


def test_an_ordered_dict_keeps_its_order() -> None:
    ordered = OrderedDict(a=1, b=2, c=3)
    ordered.move_to_end("a")
    (arrived,) = cross(ordered)
    assert list(arrived.items()) == [("b", 2), ("c", 3), ("a", 1)]
    dict.__delitem__(ordered, "b")
    assert cross(ordered) == [{"a": 1, "c": 3}]


def test_a_forged_value_that_is_too_deep_to_hash_is_refused() -> None:
    nodes = [["set", None, [1]], *(["tuple", [number + 2]] for number in range(1_000_000)), ["tuple"]]
    with pytest.raises(Malformed, match="too deep"):
        Decoder(json.dumps([nodes, [[0]]]).encode()).items()


class Sub(list):
    pass


@pytest.mark.parametrize(
    "value",
    [Sub(), Pair(1, 2), object(), print, len, lambda: 1, (x for x in ()), UserDict(), Sub, json, iter([]), {}.keys()],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_refused(value: object) -> None:
    for holder in (value, [value], {"key": value}, (1, (value,))):
        with pytest.raises(Unencodable):
            cross(holder)


TOO_LONG = ("x" * LIMIT, [0] * LIMIT, b"x" * LIMIT, 1 << (8 * LIMIT), [[] for _ in range(LIMIT)])


@pytest.mark.parametrize("value", TOO_LONG, ids=lambda value: type(value).__name__)
def test_a_long_message_is_refused_and_never_cut(value: object) -> None:
    with pytest.raises(TooLarge):
        cross(value)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[[],[[0]]]",
        b'[[["list",null,[1]]],[[0]]]',
        b'[[["tuple",[0]]],[[0]]]',
        b'[[["tuple",[1]],["tuple",[0]]],[[0]]]',
        b'[[["set",null,[1]],["list",null]],[[0]]]',
        b'[[["dict",null,1]],[[0]]]',
        b'[[["module","os"]],[[0]]]',
        b'[[["type","object2"]],[[0]]]',
        b'[[["int","__import__"]],[[0]]]',
        b'[[["str","ff"]],[[0]]]',
        b'[[["deque",null,-1]],[[0]]]',
        b'[[["range",1.5,2,1]],[[0]]]',
        b'[[["Fraction","1e999999999",1]],[[0]]]',
        b'[[["list",0]],[[0]]]',
        b'[[["list","x"]],[[0]]]',
        b'[[[["list"]]],[[0]]]',
        b'[[["defaultdict",null,3]],[[0]]]',
        b'[[],[{"a":1}]]',
        b"[" * 100_000,
    ],
)
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(Malformed):
        Decoder(message).items()


def test_a_container_cannot_come_back_as_another() -> None:
    with pytest.raises(Malformed):
        Decoder(b'[[["dict",0]],[[0]]]', [[1]]).items()
    with pytest.raises(Malformed):
        Decoder(b'[[["deque",0,1]],[[0]]]', [deque([1], 2)]).items()


ANY_JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.binary() | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_garbage_is_refused_or_decoded_but_breaks_nothing(message: bytes) -> None:
    with suppress(Malformed):
        Decoder(message).items()
