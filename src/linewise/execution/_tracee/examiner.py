"""The judge's side of a judged run: holds the test, and no program.

The entry point is a proxy here. It sends encoded arguments to the program's process and gets back the encoded value,
what became of the arguments, or the exception. So no object of the program is ever in the same process as a comparison.
Where a value cannot cross, the judge gives no verdict but says ``together``: only in one process can that test be run.
"""

import ast
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from . import codec, exceptions, instrument, wire
from .entry_point import EntryPoint
from .render import clean
from .runner import Send, Session

MESSAGE_LIMIT = 1 << 17
MANY_CALLS = 1000
"""From here on a test that is late may be late for what calls across processes take."""


class Examiner(Session):
    """A test that calls a proxy."""

    def __init__(self, request: dict[str, Any], send: Send, link: int) -> None:
        super().__init__(request, send)
        self._link = link
        self._bound: int = request["limits"]["value_bytes"]
        self._raised: BaseException | None = None
        self._told: dict[str, Any] = {}
        self._stops = dict[int, tuple[StopIteration, dict[str, Any]]]()
        self._unhandled = set[int]()
        self._space[instrument.HANDLED] = self._note_handled
        self._space[instrument.RAISED_AGAIN] = self._note_raised_again
        self._inexact = self._alike = self._again = False
        self._calls = 0
        self._watched = False

    def work(self) -> None:
        """Run prelude, setup and test with the proxy."""
        test = instrument.instrument(self._request["test"], self._entry_point)
        instrument.announce_handling(test.tree)
        self.see(test)
        self.execute(self._request["imports"], "<imports>")  # first, so that the prelude's meaning of a name wins
        self.prepare()
        proxy = self._space[self._entry_point] = self._proxy(self._sent)
        self.execute(self._request["setup"], "<setup>")
        if not test.invocation and self._space.get(self._entry_point) is proxy:
            self._space[self._entry_point] = self._proxy(self._watch.wrap(self._sent, self._entry_point))
        self.execute_test(test)

    def failure(self, error: BaseException) -> dict[str, Any]:
        """The program's own failure where its exception ends the test; else the test's. No verdict where in doubt."""
        if doubt := self._doubt(error):
            self._together(doubt)
        if error is self._raised:
            return self._told
        if isinstance(error, NameError):  # a name that the program has made and that nobody saw in its text
            self._together(str(error))
        return super().failure(error)

    def finish(self) -> NoReturn:
        """No pass where no handler of the test's own caught a ``StopIteration``: what did took it for an end."""
        for number in self._unhandled:
            self.end("failed", **self._stops[number][1])
        super().finish()

    def execute(self, source: str, name: str) -> None:
        """Run a source text, whose handlers say when they handle something."""
        if source:
            tree = instrument.announce_handling(ast.parse(source, name))
            exec(compile(tree, name, "exec", dont_inherit=True), self._space)

    def _note_handled(self) -> None:
        waiting, seen = [sys.exception()], set[int]()
        while waiting:
            error = waiting.pop()
            if error is None or id(error) in seen:
                continue
            seen.add(id(error))
            self._unhandled.discard(id(error))
            waiting += error.exceptions if isinstance(error, BaseExceptionGroup) else ()
            waiting += (error.__cause__, error.__context__)

    def _note_raised_again(self) -> None:
        if (number := id(sys.exception())) in self._stops:
            self._unhandled.add(number)

    def out_of_time(self, limit: str) -> NoReturn:
        """No verdict where the calls themselves may have taken the time."""
        if self._calls > MANY_CALLS:
            self.end("together", failure="timeout", error="too many calls")
        super().out_of_time(limit)

    def _doubt(self, error: BaseException) -> str | None:
        """Why a test may fail here that would pass in one process."""
        if self._request["identifies"]:
            return "the same object is asked for"
        if self._again:
            return "two calls return the same object"
        uncaught = error is self._raised and self._alike
        if self._inexact and self._request["handles"] and not uncaught:
            return "an exception that crosses only in part"
        return None

    def _proxy(self, call: Callable[..., Any]) -> EntryPoint:
        return EntryPoint(call, self._entry_point, lambda name: self._together(f"looks at {name} of the entry point"))

    def _sent(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(list(args), kwargs)

    def _call(self, arguments: list[Any], named: dict[str, Any]) -> Any:
        self._calls += 1
        watched = self._watch.called and not self._watched
        self._watched |= watched
        encoder = codec.Encoder()
        try:
            message = encoder.message([arguments, named, watched], self._bound)
        except (codec.Unencodable, codec.TooLarge) as error:
            self._together(str(error) or "arguments that are too large")
        with suppress(OSError):  # the other side has ended; what it said before is still to be read
            wire.write_frame(self._link, message)
        return self._result(encoder, *self._hear())

    def _result(self, encoder: codec.Encoder, answer: dict[str, Any], value: bytes) -> Any:
        self._again |= answer.get("again") is True
        match answer["kind"]:
            case "returned":
                return self._decoded(value, encoder.objects)
            case "raised":
                self._raise(answer, self._decoded(value, encoder.objects))
            case "failed":
                return self.end("failed", **_told_failure(answer, self._chars))
            case "unencodable":
                return self._together(str(answer.get("error")))
            case "too large":
                return self.end("failed", failure="output", error="OutputError: the value is larger than the limit")
        return self._gone()

    def _raise(self, answer: dict[str, Any], values: Any) -> NoReturn:
        self._told = _told_failure(answer, self._chars)
        self._raised, exact, self._alike = exceptions.make(answer, values)
        self._inexact |= not exact
        if isinstance(self._raised, StopIteration):
            self._stops[id(self._raised)] = self._raised, self._told
            self._unhandled.add(id(self._raised))
            if not self._request["handles_stop"]:
                self.end("failed", **self._told)  # ``map`` and ``zip`` would take it for the end of what they have
        raise self._raised

    def _decoded(self, message: bytes, known: list[Any]) -> Any:
        """The value that was sent. What became of the arguments, which comes with it, is in them afterwards."""
        try:
            return codec.Decoder(message, known).items()[0]
        except (codec.Malformed, IndexError):
            self._gone()

    def end(self, end: str, **details: Any) -> NoReturn:
        """Close the link, so that the program's process ends as well, then report."""
        with suppress(OSError):  # closed already, where time has run out in between
            os.close(self._link)
        super().end(end, **details)

    def _hear(self) -> tuple[dict[str, Any], bytes]:
        try:
            heard = wire.read_message(self._link, MESSAGE_LIMIT)
            value = wire.read_frame(self._link, self._bound)
        except (ValueError, OSError, RecursionError):
            self._gone()
        if heard is None or value is None or "kind" not in heard:
            self._gone()
        return heard, value

    def _gone(self) -> NoReturn:
        """No verdict but failure can come of a program that ended or broke the protocol; how it ended says more."""
        if self._calls > MANY_CALLS:
            self._together("it ended after many calls")
        self.end("gone")

    def _together(self, reason: str) -> NoReturn:
        self.end("together", error=clean(reason, self._chars))


def _told_failure(answer: dict[str, Any], chars: int) -> dict[str, Any]:
    """What the program's process said of its failure, in the form of a report."""
    failure = "memory" if answer.get("failure") == "memory" else "exception"
    error, line = answer.get("error"), answer.get("error_line")
    known = type(line) is int and 0 <= line < 1 << 31
    return {"failure": failure, "error": clean(str(error), chars), "error_line": line if known else None}
