"""What a test has in place of the program's function."""

import types
from collections.abc import Callable
from typing import Any, NoReturn


class EntryPoint:
    """Can be called and handed on like a function. An attribute is the program's own, and is asked for by ``look``,
    which does not return.
    """

    __slots__ = ("_call", "_look", "_name")

    def __init__(self, call: Callable[..., Any], name: str, look: Callable[[str], NoReturn]) -> None:
        for slot, value in (("_call", call), ("_name", name), ("_look", look)):
            object.__setattr__(self, slot, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return object.__getattribute__(self, "_call")(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __getattribute__(self, name: str) -> Any:
        match name:
            case "__name__" | "__qualname__":
                return object.__getattribute__(self, "_name")
            case "__call__" | "__class__":
                return object.__getattribute__(self, name)
        return object.__getattribute__(self, "_look")(name)

    def __setattr__(self, name: str, value: object) -> None:
        object.__getattribute__(self, "_look")(name)

    def __delattr__(self, name: str) -> None:
        object.__getattribute__(self, "_look")(name)
