"""Values as bytes, between a judge and a program that do not trust each other: a bounded format of exact builtin types.

A message is JSON: one table of nodes, and the items that are sent. An item is ``null``, a truth value, a number, a
text, or ``[n]``: node ``n`` of the table, so that shared and cyclic references keep their shape. A node is a type's
tag and its content. Only values of exactly these types have a form; one of a subclass, or of a class of the program,
has none, for its methods could not be carried over. Decoding runs no code of a program, and builds nothing but these.

A container that crosses in a call and comes back is the same container: its node names the number that it had, and
``decode`` writes the new content into it.
"""

import datetime
import json
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from operator import index
from typing import Any, NamedTuple

from .render import ordered_items

WORD = 1 << 63
PLAIN_TYPES: tuple[type, ...] = (
    *(bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict, range, slice, object),
)
COLLECTIONS = (Counter, OrderedDict, defaultdict, deque)
CLASSES: dict[str, type] = {kind.__name__: kind for kind in (*PLAIN_TYPES, type(None), *COLLECTIONS)}
DEEPEST = 10_000  # fixed values in each other: hashing descends on the stack, which no recursion limit protects
NESTING = ("deque", "defaultdict", "slice")
"""What descends on the stack when it is freed, where one holds another."""
Item = Any
"""What JSON makes of an item."""


class Unencodable(Exception):
    """A value, or something in it, has no form."""


class TooLarge(Exception):
    """The message would be longer than its bound."""


class Malformed(Exception):
    """What arrived is no message of this format."""


class Form(NamedTuple):
    """How a type of fixed content crosses: as the arguments of a call that makes an equal value."""

    take_apart: Callable[[Any], tuple[Any, ...]]
    make: Callable[..., Any]


def _plain(make: Callable[..., Any], *names: str) -> Form:
    return Form(lambda value: tuple(getattr(value, name) for name in names), make)


FIXED: dict[type, Form] = {
    tuple: Form(lambda value: value, lambda *items: items),
    frozenset: Form(tuple, lambda *items: frozenset(items)),
    range: _plain(range, "start", "stop", "step"),
    slice: _plain(slice, "start", "stop", "step"),
    complex: _plain(complex, "real", "imag"),
    Fraction: _plain(lambda above, below: Fraction(index(above), index(below)), "numerator", "denominator"),
    Decimal: Form(lambda value: (str(value),), Decimal),
    datetime.date: _plain(datetime.date, "year", "month", "day"),
    datetime.timedelta: _plain(datetime.timedelta, "days", "seconds", "microseconds"),
    datetime.timezone: Form(lambda value: value.__getinitargs__(), datetime.timezone),
    datetime.time: Form(
        lambda value: (value.hour, value.minute, value.second, value.microsecond, value.tzinfo, value.fold),
        lambda *parts: datetime.time(*parts[:5], fold=parts[5]),
    ),
    datetime.datetime: Form(
        lambda it: (it.year, it.month, it.day, it.hour, it.minute, it.second, it.microsecond, it.tzinfo, it.fold),
        lambda *parts: datetime.datetime(*parts[:8], fold=parts[8]),
    ),
}  # fmt: skip
BYTES = {bytes: bytes.fromhex, bytearray: bytearray.fromhex}
LISTS: tuple[type, ...] = (list, deque)
MAPPINGS: tuple[type, ...] = (dict, OrderedDict, Counter, defaultdict)
MUTABLE: dict[str, type] = {kind.__name__: kind for kind in (*LISTS, *MAPPINGS, set, bytearray)}
FIXED_TAGS = {kind.__name__: form for kind, form in FIXED.items()}


class Encoder:
    """Encodes the items of one message. ``known``: containers that crossed before, as ``Decoder.shells`` has them."""

    def __init__(self, known: dict[int, Any] | None = None) -> None:
        self.objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._origins = {id(value): number for number, value in (known or {}).items()}

    def message(self, items: Iterable[Any], limit: int) -> bytes:
        """The message. Raises ``Unencodable``, and ``TooLarge`` where it is longer than ``limit`` bytes."""
        top = [self._item(value) for value in items]
        nodes: list[Item] = []
        size = 0
        while len(nodes) < len(self.objects):
            node = self._node(self.objects[len(nodes)])
            size += 2 + 2 * len(node)
            if size > limit:
                raise TooLarge
            nodes.append(node)
        data = json.dumps([nodes, top], separators=(",", ":"), check_circular=False).encode("ascii")
        if len(data) > limit:
            raise TooLarge
        return data

    def _item(self, value: Any) -> Item:
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        if kind is int and -WORD < value < WORD:
            return value
        if kind is str and (value.isascii() or not _has_surrogates(value)):
            return value
        number = self._numbers.setdefault(id(value), len(self.objects))
        if number == len(self.objects):
            self.objects.append(value)  # keeps it alive, so that its id stays its own
        return [number]

    def _node(self, value: Any) -> list[Item]:
        kind = type(value)
        if kind in FIXED:
            return [kind.__name__, *map(self._item, FIXED[kind].take_apart(value))]
        if kind.__name__ in MUTABLE and MUTABLE[kind.__name__] is kind:
            return [kind.__name__, self._origins.get(id(value)), *self._content(value, kind)]
        return _special(value, kind)

    def _content(self, value: Any, kind: type) -> Iterator[Item]:
        if kind is bytearray:
            yield value.hex()
            return
        if kind is deque:
            yield value.maxlen
        elif kind is defaultdict:
            yield self._item(value.default_factory)
        if kind in MAPPINGS:
            for key, content in ordered_items(value) if kind is OrderedDict else dict.items(value):
                yield from (self._item(key), self._item(content))
        else:
            yield from map(self._item, value)


def _special(value: Any, kind: type) -> list[Item]:
    if kind is int:
        return ["int", hex(value)]
    if kind is str:
        return ["str", value.encode("utf-8", "surrogatepass").hex()]
    if kind is bytes:
        return ["bytes", value.hex()]
    if value is Ellipsis or value is NotImplemented:
        return ["constant", str(value)]
    if kind is type and CLASSES.get(name := type.__dict__["__name__"].__get__(value)) is value:
        return ["type", name]
    raise Unencodable(f"a value of type {kind.__name__}")


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


class Decoder:
    """Decodes one message. ``shells`` has its containers by their number."""

    def __init__(self, message: bytes, known: list[Any] | None = None) -> None:
        """``known``: the ``Encoder.objects`` of the message that this one answers."""
        self.shells: dict[int, Any] = {}
        self._known = known or []
        self._made: dict[int, Any] = {}
        self._depths: dict[int, int] = {}
        try:
            self._nodes, self._top = json.loads(message)
        except (ValueError, TypeError, RecursionError) as error:
            raise Malformed(str(error)) from error

    def items(self) -> list[Any]:
        """The items. Raises ``Malformed``."""
        try:
            self._make_shells()
            self._make_fixed()
            if sum(map(self._nests, self._nodes)) > DEEPEST:
                raise Malformed("too many containers in each other")
            top = [self._value(item) for item in self._top]
            contents = [(shell, list(self._content(number))) for number, shell in self.shells.items()]
            for shell, content in contents:
                _fill(shell, content)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
            raise Malformed(str(error)) from error
        return top

    def _make_shells(self) -> None:
        for number, node in enumerate(self._nodes):
            if kind := MUTABLE.get(node[0]):
                self.shells[number] = self._shell(kind, node)

    def _shell(self, kind: Any, node: list[Item]) -> Any:
        if node[1] is not None:
            shell: Any = self._known[node[1]]
            if type(shell) is not kind or (kind is deque and shell.maxlen != node[2]):
                raise Malformed("a container comes back as another")
            return shell
        if kind is deque:
            return deque(maxlen=node[2])
        return kind()

    def _nests(self, node: list[Item]) -> bool:
        inner = (self._nodes[item[0]] for item in node[1:] if type(item) is list) if node[0] in NESTING else ()
        return any(one[0] in NESTING for one in inner)

    def _make_fixed(self) -> None:
        """Values that cannot be written to, each after those that it holds."""
        waiting = [number for number in range(len(self._nodes)) if number not in self.shells]
        pending: set[int] = set()
        while waiting:
            number = waiting[-1]
            if number in self._made:
                waiting.pop()
                continue
            inner = [item[0] for item in self._nodes[number][1:] if type(item) is list]
            missing = [one for one in inner if one not in self._made and one not in self.shells]
            if not missing:
                self._depths[number] = depth = 1 + max((self._depths.get(one, 0) for one in inner), default=0)
                if depth > DEEPEST:
                    raise Malformed("values that are too deep")
                self._made[number] = self._fixed(self._nodes[number])
                waiting.pop()
            elif number in pending:
                raise Malformed("a value holds itself")
            else:
                pending.add(number)
                waiting += missing

    def _fixed(self, node: list[Item]) -> Any:
        tag, *content = node
        if form := FIXED_TAGS.get(tag):
            return form.make(*map(self._value, content))
        match tag, content:
            case "int", [str(digits)]:
                return int(digits, 16)
            case "str", [str(digits)]:
                return bytes.fromhex(digits).decode("utf-8", "surrogatepass")
            case "bytes", [str(digits)]:
                return bytes.fromhex(digits)
            case "constant", [str(name)]:
                return {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}[name]
            case "type", [str(name)]:
                return CLASSES[name]
        raise Malformed(f"no such type: {tag}")

    def _value(self, item: Item) -> Any:
        if type(item) is not list:
            if type(item) is dict:
                raise Malformed("an item of no known form")
            return item
        (number,) = item
        return self.shells[number] if number in self.shells else self._made[number]

    def _content(self, number: int) -> Iterator[Any]:
        tag, _, *content = self._nodes[number]
        if tag == "bytearray":
            return iter(bytes.fromhex(content[0]))
        if tag == "deque":
            content = content[1:]
        return map(self._value, content)


def _fill(shell: Any, content: list[Any]) -> None:
    kind = type(shell)
    if kind is defaultdict:
        factory, *content = content
        if not (factory is None or isinstance(factory, type)):
            raise Malformed("a factory that is none")
        shell.default_factory = factory
    if kind in MAPPINGS:
        shell.clear()
        for key, value in zip(content[::2], content[1::2], strict=True):
            kind.__setitem__(shell, key, value)
    elif kind is set:
        shell.clear()
        shell.update(content)
    elif kind is deque:
        shell.clear()
        shell.extend(content)
    else:
        shell[:] = content
