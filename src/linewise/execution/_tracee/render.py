"""Bounded ``repr``: at most so many characters, whatever the value is or does.

Containers are walked with the methods of their builtin base, element by element, until the bound is reached;
objects without a ``__repr__`` of their own show their attributes; a ``__repr__`` written in Python is called under
a timer, and never again for that class once it has run out. Memory addresses are left out, since they differ
from run to run.
"""

import functools
import re
import signal
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

REPR_SECONDS = 0.05
DEPTH = 8
SMALL = 1 << 62
DIGITS = sys.int_info.str_digits_check_threshold
"""How many an integer can have and be shown whatever the program has set."""
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
OWN_DICT = type.__dict__["__dict__"]
OWN_MRO = type.__dict__["__mro__"]
OWN_NAME = type.__dict__["__name__"]

Pieces = Iterator[str]


class ReprTooSlow(BaseException):
    """A ``__repr__`` ran out of its time."""


def type_name(value: object) -> str:
    """The name of a value's class, whatever its metaclass does."""
    return str(OWN_NAME.__get__(type(value)))


def clean(text: str, limit: int) -> str:
    """At most ``limit`` characters of ``text``, fit for UTF-8."""
    short = text if len(text) <= limit else text[: max(0, limit - 3)] + "..."
    return short.encode("utf-8", "backslashreplace").decode()


def ordered_items(value: OrderedDict[Any, Any], limit: int | None = None) -> Iterable[tuple[Any, Any]]:
    """At most ``limit`` items in an ``OrderedDict``'s own order, which its base does not know."""
    try:
        return list(islice(OrderedDict.items(value), limit))
    except (KeyError, RuntimeError):  # changed by the methods of its base
        return islice(dict.items(value), limit)


class Renderer:
    """Renders values within ``limit`` characters."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._slow: set[type] = set()
        self._walking: set[int] = set()

    @functools.cached_property
    def _handlers(self) -> dict[type, Callable[[Any], Pieces]]:
        """How to show values of a type and of its subclasses. Made when needed, for many runs show but numbers."""
        return {
            list: lambda value: self._sequence("[", list.__iter__(value), "]"),
            tuple: self._tuple,
            set: self._set,
            frozenset: lambda value: self._wrapped("frozenset", self._elements(frozenset.__iter__(value))),
            dict: lambda value: self._mapping(dict.items(value)),
            defaultdict: self._defaultdict,
            OrderedDict: lambda value: self._wrapped(
                "OrderedDict", self._mapping(ordered_items(value, self.limit + 1))
            ),
            Counter: lambda value: self._wrapped("Counter", self._mapping(dict.items(value))),
            deque: lambda value: self._wrapped("deque", self._sequence("[", deque.__iter__(value), "]")),
            type({}.keys()): lambda value: self._wrapped("dict_keys", self._sequence("[", iter(value), "]")),
            type({}.values()): lambda value: self._wrapped("dict_values", self._sequence("[", iter(value), "]")),
            type({}.items()): lambda value: self._wrapped("dict_items", self._sequence("[", iter(value), "]")),
            str: lambda value: iter((repr(str.__getitem__(value, slice(self.limit + 1))),)),
            bytes: lambda value: iter((repr(bytes.__getitem__(value, slice(self.limit + 1))),)),
            bytearray: lambda value: iter((repr(bytearray.__getitem__(value, slice(self.limit + 1))),)),
            int: self._int,
            BaseException: self._exception,
            types.ModuleType: lambda value: iter((f"<module {types.ModuleType.__getattribute__(value, '__name__')}>",)),
            object: self._attributes,
        }

    def text(self, value: object) -> str:
        """The bounded ``repr`` of ``value``."""
        kind = type(value)
        if kind is bool or value is None or kind is float:
            return repr(value)
        if isinstance(value, int) and kind is int and -SMALL < value < SMALL:
            return repr(value)
        parts: list[str] = []
        left = self.limit
        self._walking.clear()
        for piece in self._pieces(value):
            parts.append(piece)
            left -= len(piece)
            if left < 0:
                break
        return clean("".join(parts), self.limit)

    def _pieces(self, value: object) -> Pieces:
        if id(value) in self._walking or len(self._walking) >= DEPTH:
            yield "..."
            return
        owner, method = _repr_owner(type(value))
        handler = self._handlers.get(owner)
        if handler is None and isinstance(method, types.FunctionType):
            handler = self._generated(value, owner, method)
        if handler is None:
            yield self._own_repr(value)
            return
        self._walking.add(id(value))
        yield from handler(value)
        self._walking.discard(id(value))

    def _generated(self, value: object, owner: type, method: types.FunctionType) -> Callable[[Any], Pieces] | None:
        """How to show what ``namedtuple`` and ``dataclass`` made, without calling their unbounded ``__repr__``."""
        names = OWN_DICT.__get__(owner)
        if isinstance(value, tuple) and type(names.get("_fields")) is tuple:
            return lambda it: self._fields(it, zip(names["_fields"], tuple.__iter__(it), strict=False))
        if "__dataclass_fields__" in names and hasattr(method, "__wrapped__"):
            return self._attributes
        return None

    def _sequence(self, opening: str, values: Iterable[object], closing: str) -> Pieces:
        yield opening
        for number, value in enumerate(values):
            if number:
                yield ", "
            yield from self._pieces(value)
        yield closing

    def _tuple(self, value: tuple[object, ...]) -> Pieces:
        return self._sequence("(", tuple.__iter__(value), ",)" if tuple.__len__(value) == 1 else ")")

    def _set(self, value: set[object]) -> Pieces:
        return self._elements(set.__iter__(value)) if set.__len__(value) else iter(("set()",))

    def _elements(self, values: Iterator[object]) -> Pieces:
        elements = list(islice(values, self.limit + 1))
        return self._sequence("{", elements, "}") if elements else iter(())

    def _mapping(self, items: Iterable[tuple[object, object]]) -> Pieces:
        yield "{"
        for number, (key, value) in enumerate(items):
            if number:
                yield ", "
            yield from self._pieces(key)
            yield ": "
            yield from self._pieces(value)
        yield "}"

    def _defaultdict(self, value: defaultdict[object, object]) -> Pieces:
        yield "defaultdict("
        yield from self._pieces(value.default_factory)
        yield ", "
        yield from self._mapping(dict.items(value))
        yield ")"

    def _wrapped(self, name: str, inner: Pieces) -> Pieces:
        yield f"{name}("
        yield from inner
        yield ")"

    def _int(self, value: int) -> Pieces:
        digits = int(int.bit_length(value) * 0.30103) + 1
        yield int.__repr__(value) if digits <= max(20, min(self.limit, DIGITS)) else f"<int of about {digits} digits>"

    def _exception(self, value: BaseException) -> Pieces:
        yield type_name(value)
        arguments = BaseException.__dict__["args"].__get__(value)
        yield from self._sequence("(", tuple.__iter__(arguments), ")")

    def _attributes(self, value: object) -> Pieces:
        return self._fields(value, _attributes(value))

    def _fields(self, value: object, items: Iterable[tuple[str, object]]) -> Pieces:
        yield f"{type_name(value)}("
        for number, (name, item) in enumerate(items):
            yield f"{', ' if number else ''}{name}="
            yield from self._pieces(item)
        yield ")"

    def _own_repr(self, value: object) -> str:
        """What the class's own ``__repr__`` says, within its time."""
        kind = type(value)
        if kind in self._slow:
            return f"<{type_name(value)} object>"
        try:
            text = _timed_repr(value)
        except ReprTooSlow:
            self._slow.add(kind)
            return f"<{type_name(value)} object, repr too slow>"
        except BaseException as error:
            return f"<{type_name(value)} object, repr raised {type_name(error)}>"
        return ADDRESS.sub("", str.__getitem__(text, slice(4 * self.limit + 80)))


def _timed_repr(value: object) -> str:
    if not isinstance(OWN_DICT.__get__(_repr_owner(type(value))[0]).get("__repr__"), types.FunctionType):
        return repr(value)
    previous = signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, REPR_SECONDS)
    try:
        return repr(value)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)


def _too_slow(*_: object) -> None:
    raise ReprTooSlow


def _repr_owner(kind: type) -> tuple[type, object]:
    """The class whose ``__repr__`` a value of class ``kind`` uses, and that method."""
    for owner in OWN_MRO.__get__(kind):
        method = OWN_DICT.__get__(owner).get("__repr__")
        if method is not None:
            return owner, method
    return object, None


def _attributes(value: object) -> Iterator[tuple[str, object]]:
    """Attributes of slots and of the instance's dictionary, read without running any code of its class."""
    for owner in reversed(OWN_MRO.__get__(type(value))):
        for name, slot in list(OWN_DICT.__get__(owner).items()):
            if type(slot) is types.MemberDescriptorType and owner.__module__ != "builtins":
                try:
                    yield name, slot.__get__(value)
                except AttributeError:
                    continue
    try:
        names = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return
    if type(names) is dict:
        yield from ((name, item) for name, item in list(names.items()) if type(name) is str)
