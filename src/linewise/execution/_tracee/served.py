"""The program's side of a judged run: holds the program, and no test.

It loads the program, then answers calls of the entry point over the link until the judge closes it. What loading raised
is the answer to the first call. Its report is evidence: trace and output. No verdict rests on it, except that
a program that says it has failed, or that ends without a report, has not passed.
"""

import os
from collections import deque
from typing import Any

from . import codec, exceptions, wire
from .runner import PROGRAM, Send, Session

REMEMBERED, SMALL = 32, 1 << 14
"""How many of the values that a program has returned are kept alive, and how many bytes they may be, encoded."""


class Served(Session):
    """A program that answers calls."""

    def __init__(self, request: dict[str, Any], send: Send, link: int) -> None:
        super().__init__(request, send)
        self._link = link
        self._bound: int = request["limits"]["value_bytes"]
        self._owner = os.getpid()
        self._returned = deque[Any](maxlen=REMEMBERED)

    def work(self) -> None:
        """Load, then answer. What loading raises ends the work after the judge knows."""
        try:
            self.prepare()
            self.execute(self._request["source"], PROGRAM)
        except BaseException as error:
            self._answer("failed", self.failure(error))
            raise
        while (call := wire.read_frame(self._link)) is not None:
            self._serve(call)

    def _serve(self, message: bytes) -> None:
        call = codec.Decoder(message)
        arguments, named, watched = call.items()
        try:
            function = self._watch.wrap(self._function()) if watched else self._function()
            value = function(*arguments, **named)
        except BaseException as error:
            names, values = exceptions.take_apart(error)
            self._answer_with("raised", {**self.failure(error), **names}, values, call.shells)
        else:
            self._answer_with("returned", {"again": self._returned_before(value)}, value, call.shells)

    def _answer_with(self, kind: str, details: dict[str, Any], value: Any, shells: dict[int, Any]) -> None:
        """Answer with a value, and with what every container that crossed has become, wherever it is by now."""
        try:
            encoded = codec.Encoder(shells).message([value, *shells.values()], self._bound)
        except codec.Unencodable as error:
            self._answer("unencodable", {"error": str(error)})
        except codec.TooLarge:
            if _fits(value, self._bound):
                self._answer("unencodable", {"error": "arguments that have become too large"})
            else:
                self._answer("too large", {})
        else:
            if len(encoded) <= SMALL:
                self._returned.append(value)
            self._answer(kind, details, encoded)

    def _returned_before(self, value: Any) -> bool:
        """Whether an earlier call has returned this very object, so that a test would see it change."""
        kind = type(value)
        return codec.MUTABLE.get(kind.__name__) is kind and any(value is one for one in self._returned)

    def _function(self) -> Any:
        if self._entry_point not in self._space:
            raise NameError(f"name '{self._entry_point}' is not defined")
        return self._space[self._entry_point]

    def _answer(self, kind: str, details: dict[str, Any], value: bytes = b"") -> None:
        if os.getpid() != self._owner:  # a fork that the program made and that came this far
            os._exit(0)
        wire.write_message(self._link, {"kind": kind, **details})
        wire.write_frame(self._link, value)


def _fits(value: Any, limit: int) -> bool:
    try:
        codec.Encoder().message([value], limit)
    except (codec.Unencodable, codec.TooLarge):
        return False
    return True
