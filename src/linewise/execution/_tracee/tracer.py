"""Records what the program's own frames do, on ``sys.settrace``, in one of three styles (see ``schema.TraceStyle``).

Frames of comprehensions and generator expressions are left out, and so are class bodies: Python 3.12 runs the former
inside their function anyway. A generator's first start is its ``call``, each value that it yields a ``return``.
A frame that an exception leaves ends with its ``exception`` step.
"""

import inspect
import opcode
import sys
import types
from collections.abc import Callable
from typing import Any

from .render import Renderer, clean, type_name

PROGRAM = "<program>"
TABLE_CHARS = 2_000_000
RECURSION_MARGIN = 100
FOREIGN_CALLS = 200
"""Calls of other code that may be seen for each step: so many take a tenth of a second for 1,000 steps, and drawing a
small plot makes half of them.
"""
SKIPPED = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
SUSPENDABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
LEAVING = {
    opcode.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST", "YIELD_VALUE", "RETURN_GENERATOR")
    if name in opcode.opmap
}  # fmt: skip
ITERATING = {opcode.opmap[name] for name in ("FOR_ITER", "SEND", "END_SEND") if name in opcode.opmap}

Snapshot = dict[str, int]


class Active:
    """A frame that is running now; ``line`` is the line it is in and has not finished."""

    __slots__ = ("frame", "line", "snapshot")

    def __init__(self, frame: types.FrameType, snapshot: Snapshot) -> None:
        self.frame = frame
        self.line: int | None = None
        self.snapshot = snapshot


class Tracer:
    """Style ``full``, and what the other styles share. Stops for good after ``events`` steps."""

    def __init__(self, events: int, renderer: Renderer) -> None:
        self.cut = False
        self.steps: list[tuple[str, int, int, str, list[int], str | None]] = []
        self._events = events
        self._renderer = renderer
        self._stack: list[Active] = []
        self._table: dict[tuple[str, str, str], int] = {}
        self._chars = 0
        self._foreign = 0
        self._limits: tuple[int, int] | None = None

    def start(self) -> None:
        """Record from the next call on."""
        if self.cut:
            return
        self._stack.clear()
        limit = sys.getrecursionlimit()
        self._limits = (limit, limit + RECURSION_MARGIN)
        sys.setrecursionlimit(limit + RECURSION_MARGIN)
        sys.settrace(self._enter)

    def stop(self) -> None:
        """Record no more until ``start``."""
        sys.settrace(None)
        if self._limits and sys.getrecursionlimit() == self._limits[1]:
            sys.setrecursionlimit(self._limits[0])
        self._limits = None

    def returned(self, value: object) -> None:
        """The outermost call has returned."""
        self.stop()

    def raised(self, error: BaseException) -> None:
        """The outermost call was left by an exception."""
        self.stop()

    def stopped(self, reason: str) -> None:
        """The run is being ended where it stands."""
        self.stop()

    def content(self) -> dict[str, Any]:
        """The trace for the report: steps name their variables by number in one table."""
        return {"cut": self.cut, "variables": list(self._table), "steps": self.steps}

    def _enter(self, frame: types.FrameType, event: str, argument: object) -> Any:
        if not self._is_ours(frame):
            self._count_foreign()
            return None
        return self._guarded(self._begin, frame)

    def _inside(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        return self._guarded(self._dispatch, frame, event, argument)

    def _guarded(self, record: Callable[..., None], *arguments: Any) -> Any:
        """What goes wrong here, for want of memory or stack, ends the recording and is not the program's matter."""
        try:
            record(*arguments)
        except Exception:
            self._cut()
        return None if self.cut else self._inside

    def _begin(self, frame: types.FrameType) -> None:
        self._stack.append(Active(frame, self._locals(frame)))
        if not _resumed(frame):
            self.on_call(frame)

    def _dispatch(self, frame: types.FrameType, event: str, argument: Any) -> None:
        if event == "line":
            self.on_line(frame)
        elif event == "exception":
            if not _is_end_of_loop(frame, argument[0]):
                self.on_exception(frame, argument[1])
        elif event == "return":
            self.on_leave(frame, argument, by_exception=argument is None and _opcode(frame) not in LEAVING)
            self._stack.pop()

    def _is_ours(self, frame: types.FrameType) -> bool:
        code = frame.f_code
        if code.co_filename != PROGRAM or code.co_name in SKIPPED:
            return False
        return bool(code.co_flags & inspect.CO_OPTIMIZED) or code.co_name == "<module>"

    def _count_foreign(self) -> None:
        """Seeing calls of other code takes time as well, so there is an end to that too."""
        self._foreign += 1
        if self._foreign > FOREIGN_CALLS * self._events:
            self._cut()

    def _cut(self) -> None:
        self.cut = True
        self.stop()

    def on_call(self, frame: types.FrameType) -> None:
        """A frame starts."""
        self._step("call", frame.f_lineno, frame, self._all(frame))

    def on_line(self, frame: types.FrameType) -> None:
        """A line is about to run."""
        self._step("line", frame.f_lineno, frame, self._all(frame))

    def on_exception(self, frame: types.FrameType, error: BaseException) -> None:
        """An exception is raised in, or passes through, a frame."""
        self._step("exception", frame.f_lineno, frame, self._all(frame), self.error_text(error))

    def on_leave(self, frame: types.FrameType, value: object, *, by_exception: bool) -> None:
        """A frame returns, yields, or is left by an exception."""
        if not by_exception:
            self._step("return", frame.f_lineno, frame, self._all(frame), self._renderer.text(value))

    def error_text(self, error: BaseException) -> str:
        """``Type: message``, bounded."""
        return error_text(error, self._renderer.limit)

    def _step(
        self, kind: str, line: int, frame: types.FrameType, variables: list[int], value: str | None = None
    ) -> None:
        if len(self.steps) >= self._events or self._chars > TABLE_CHARS:
            self._cut()
        if not self.cut:
            name = clean(frame.f_code.co_name, self._renderer.limit)
            self.steps.append((kind, max(1, line), max(0, len(self._stack) - 1), name, variables, value))

    def _all(self, frame: types.FrameType) -> list[int]:
        return list(self._locals(frame).values())

    def _locals(self, frame: types.FrameType) -> Snapshot:
        """Every shown local variable, by its number in the table."""
        module = frame.f_code.co_name == "<module>"
        return {
            name: self._number(name, value)
            for name, value in list(frame.f_locals.items())
            if not (name.startswith("__") or name.startswith(".") or (module and _is_definition(value)))
        }

    def _number(self, name: str, value: object) -> int:
        key = (clean(name, self._renderer.limit), type_name(value), self._renderer.text(value))
        number = self._table.get(key)
        if number is None:
            number = self._table[key] = len(self._table)
            self._chars += len(key[0]) + len(key[1]) + len(key[2])
        return number


class DeltaTracer(Tracer):
    """Style ``delta``: a ``line`` step comes after the line has run and holds what it changed."""

    def on_line(self, frame: types.FrameType) -> None:
        self._finish_line(frame)
        self._stack[-1].line = frame.f_lineno

    def on_exception(self, frame: types.FrameType, error: BaseException) -> None:
        self._stack[-1].line = None
        self._step("exception", frame.f_lineno, frame, self._changed(frame), self.error_text(error))

    def on_leave(self, frame: types.FrameType, value: object, *, by_exception: bool) -> None:
        self._finish_line(frame)
        if not by_exception:
            self._step("return", frame.f_lineno, frame, [], self._renderer.text(value))

    def _finish_line(self, frame: types.FrameType) -> None:
        line = self._stack[-1].line
        if line is not None:
            self._step("line", line, frame, self._changed(frame))

    def _changed(self, frame: types.FrameType) -> list[int]:
        active = self._stack[-1]
        before, active.snapshot = active.snapshot, self._locals(frame)
        return [number for name, number in active.snapshot.items() if before.get(name) != number]


class MinimalTracer(Tracer):
    """Style ``minimal``: one step, the locals at the last moment inside the outermost call.

    It only takes hold of that call's frame, whose locals can still be read when it has ended; so tracing is off
    again at once, and a program of many calls runs at its own speed.
    """

    _frame: types.FrameType | None = None

    def _enter(self, frame: types.FrameType, event: str, argument: object) -> Any:
        if self._is_ours(frame):
            self._frame = frame
            self.stop()

    def returned(self, value: object) -> None:
        self._only_step("return", self._renderer.text(value))

    def raised(self, error: BaseException) -> None:
        self._only_step("exception", self.error_text(error))

    def stopped(self, reason: str) -> None:
        self._only_step("exception", reason)

    def _only_step(self, kind: str, value: str) -> None:
        self.stop()
        frame, self._frame = self._frame, None
        if frame:
            self.steps.clear()
            self._table.clear()
            self._step(kind, frame.f_lineno, frame, self._all(frame), value)


def make(style: str | None, events: int, renderer: Renderer) -> Tracer | None:
    """The tracer of a style; ``None`` for no trace."""
    kinds = {"full": Tracer, "delta": DeltaTracer, "minimal": MinimalTracer}
    return kinds[style](events, renderer) if style else None


def error_text(error: BaseException, limit: int) -> str:
    """``Type: message``, bounded, also where the message cannot be had."""
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)[: limit + 1]
    except BaseException as failed:
        message = f"<message raised {type_name(failed)}>"
    return clean(f"{type_name(error)}: {message}" if message else type_name(error), limit)


def _opcode(frame: types.FrameType) -> int:
    return frame.f_code.co_code[frame.f_lasti]


def _resumed(frame: types.FrameType) -> bool:
    """Whether a frame goes on after a ``yield``: its RESUME instruction says so in its argument."""
    code = frame.f_code
    return bool(code.co_flags & SUSPENDABLE) and bool(code.co_code[frame.f_lasti + 1] & 3)


def _is_end_of_loop(frame: types.FrameType, kind: type[BaseException]) -> bool:
    """Whether this is the ``StopIteration`` that ends a loop, which no code ever sees."""
    return issubclass(kind, StopIteration | StopAsyncIteration) and _opcode(frame) in ITERATING


def _is_definition(value: object) -> bool:
    return isinstance(value, types.ModuleType | types.FunctionType | type)
