"""Exceptions on their way from a program to a judge.

What crosses is which classes an exception is an instance of, by their names, what it was made with, its attributes
and its text. The judge looks the names up among what its own interpreter has loaded of the standard library: a test
can name no other class without holding the program. It imports nothing for it, and calls no ``__init__`` but a builtin
one.
"""

import sys
from typing import Any, NamedTuple

from . import codec

PART_LIMIT = 1 << 14
"""How many bytes of arguments, of attributes, and of text may cross."""
LINEAGE_LIMIT, NAME_LIMIT = 32, 200
SLOTS = ("filename", "filename2", "name", "name_from", "obj", "path")
"""Attributes of builtin exceptions that are neither arguments nor in the instance's dictionary."""
SLOT = type(OSError.filename)


class Made(NamedTuple):
    """The judge's exception.

    ``exact``: a test can see no difference between it and the program's; ``alike``: it is caught where that one is.
    """

    error: BaseException
    exact: bool
    alike: bool


def take_apart(error: BaseException) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """What is said of the exception: names, for the message's head, and values, to be encoded."""
    lineage = [[_module(kind), kind.__name__[:NAME_LIMIT]] for kind in type(error).__mro__[:LINEAGE_LIMIT]]
    made_with: Any = BaseException.__dict__["args"].__get__(error)
    attributes = {**_slots(error), **vars(error)}
    crossing = {name: value for name, value in attributes.items() if type(name) is str and _fits(value)}
    whole = _fits(made_with) and len(crossing) == len(attributes) and _fits(crossing)
    alone = error.__cause__ is None and error.__context__ is None
    values = made_with if _fits(made_with) else None, crossing if _fits(crossing) else {}, _text(error)
    return {"lineage": lineage, "whole": whole and alone}, values


def make(answer: dict[str, Any], values: Any) -> Made:
    """An exception that a test catches by the same names. A program may say anything here."""
    arguments, attributes, text = values if type(values) is tuple and len(values) == 3 else (None, {}, None)
    if type(arguments) is not tuple:
        arguments = (text,) if text else ()
    try:
        own, classes = _classes(answer.get("lineage"))
        kind = _synthetic(own, classes, text) if own else classes[0]
        error = _filled(kind, arguments, attributes if type(attributes) is dict else {})
    except Exception:  # names that are none, classes that exclude each other, arguments that a class does not take
        return Made(Exception(text or ""), exact=False, alike=False)
    return Made(error, exact=not own and answer.get("whole") is True, alike=True)


def _module(kind: type) -> str:
    module = kind.__module__
    return module[:NAME_LIMIT] if type(module) is str else ""


def _slots(error: BaseException) -> dict[str, Any]:
    if not isinstance(error, OSError | ImportError | NameError | AttributeError):
        return {}
    found = ((name, getattr(error, name, None)) for name in SLOTS)
    return {name: value for name, value in found if value is not None}


def _text(error: BaseException) -> str | None:
    try:
        text = str(error)
    except Exception:
        return None
    return text if type(text) is str and _fits(text) else None


def _fits(value: Any) -> bool:
    try:
        codec.Encoder().message([value], PART_LIMIT)
    except (codec.Unencodable, codec.TooLarge):
        return False
    return True


def _classes(lineage: Any) -> tuple[str, list[type[BaseException]]]:
    """The class's name where it is the program's own (else empty), and the nearest classes that are known here."""
    own, known = "", list[type[BaseException]]()
    for position, entry in enumerate(lineage[:LINEAGE_LIMIT] if type(lineage) is list else ()):
        module, name = entry if type(entry) is list and len(entry) == 2 else ("", "")
        kind = _known(str(module), str(name))
        if kind is None and position == 0:
            own = str(name) or "Exception"
        elif kind is not None and not any(issubclass(one, kind) for one in known):
            known.append(kind)
    return own, known or [Exception]


def _known(module: str, name: str) -> type[BaseException] | None:
    if module.partition(".")[0] not in sys.stdlib_module_names or module not in sys.modules:
        return None
    kind = vars(sys.modules[module]).get(name)
    return kind if isinstance(kind, type) and issubclass(kind, BaseException) else None


def _synthetic(name: str, bases: list[type[BaseException]], text: Any) -> type[BaseException]:
    content: dict[str, Any] = {"__module__": "program"}
    if type(text) is str:
        content["__str__"] = lambda _: text
    return type(name, tuple(bases), content)


def _filled(kind: type[BaseException], arguments: tuple[Any, ...], attributes: dict[Any, Any]) -> BaseException:
    error = kind.__new__(kind, *arguments)
    builtin: Any = next(one for one in kind.__mro__ if one.__module__ == "builtins")
    builtin.__init__(error, *arguments)
    error.args = arguments
    if isinstance(error, UnicodeDecodeError | UnicodeEncodeError | UnicodeTranslateError) and error.start < 0:
        raise ValueError("a place that is none")  # its text would be read from there, beyond its object
    for name, value in attributes.items():
        if name in SLOTS and isinstance(getattr(kind, name, None), SLOT):
            setattr(error, name, value)
        elif type(name) is str:
            vars(error)[name] = value
    return error
