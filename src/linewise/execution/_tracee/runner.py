"""Executes one request in a child, in one module: prelude, program, setup, test, in this order, or a part of these."""

import atexit
import builtins
import sys
import types
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NoReturn

from . import instrument, watch
from . import tracer as tracers
from .render import Renderer

PROGRAM = tracers.PROGRAM
RECURSION_LIMIT = 1000
FRAMES = 10
"""How many of ours may lie between ``run`` and the program: work, execute or serve, the watch's, the tracer's."""
NAME = "program.py"
ENDED = "the program ended the process"


class Reported(BaseException):
    """The report is made, and the process goes on to other work. Never raised where the process ends instead."""


Send = Callable[[dict[str, Any]], NoReturn]


class Session(ABC):
    """One process's part in a run. It ends by ``send``, which writes the report and ends the process, from wherever
    the run stands.
    """

    def __init__(self, request: dict[str, Any], send: Send) -> None:
        self._request = request
        self._entry_point: str = request["entry_point"]
        self._send = send
        limits = request["limits"]
        self._chars: int = limits["value_chars"]
        self._renderer = renderer = Renderer(self._chars)
        self._tracer = tracers.make(request.get("trace"), limits["trace_events"], renderer)
        self._watch = watch.Watch(renderer, self._tracer)
        self._invocation, self._stated = "", list[object]()
        self._module = types.ModuleType("program")
        self._module.__file__ = NAME
        self._space = self._module.__dict__

    @abstractmethod
    def work(self) -> None:
        """Do this session's part. What it raises is what the run ended with."""

    def run(self) -> NoReturn:
        """Work and report."""
        sys.setrecursionlimit(RECURSION_LIMIT + FRAMES + _depth())  # a program recurses as deep as by itself
        try:
            self.work()
        except Reported:
            raise
        except BaseException as error:
            self._end_trace(error)
            self.end("failed", **self.failure(error))
        self.finish()

    def finish(self) -> NoReturn:
        """Report that the work is done."""
        self._end_trace(None)
        self.end("finished")

    def out_of_time(self, limit: str) -> NoReturn:
        """Report a time-out; ``limit`` is ``cpu`` or ``wall``."""
        if self._tracer:
            self._tracer.stopped("TimeoutError: stopped at the time limit")
        self.end("failed", failure="timeout", limit=limit)

    def output_full(self) -> NoReturn:
        """Report that more was printed than may be."""
        if self._tracer:
            self._tracer.stopped("OutputError: stopped at the output limit")
        self.end("failed", failure="output")

    def failure(self, error: BaseException) -> dict[str, Any]:
        """What an exception that ends the work counts as."""
        line = program_line(error)
        if isinstance(error, SystemExit):
            return {"failure": "exception", "error": f"SystemExit: {ENDED}", "error_line": line}
        if isinstance(error, MemoryError):
            return {"failure": "memory", "error": "MemoryError", "error_line": line}
        text = tracers.error_text(error, self._chars)
        if isinstance(error, AssertionError) and line is None:
            return {"failure": "wrong", "error": text if text != "AssertionError" else None}
        return {"failure": "exception", "error": text, "error_line": line}

    def end(self, end: str, **details: Any) -> NoReturn:
        """Report, and end the process."""
        expected = self._watch.expected
        if expected is None and self._stated:
            expected = self._renderer.text(self._stated[0])
        report = {
            "end": end,
            "invocation": self._invocation or self._watch.invocation,
            "value": self._watch.value,
            "expected": expected,
            "trace": self._tracer.content() if self._tracer else None,
        }
        self._send({**report, **details})

    def see(self, test: instrument.Instrumented) -> None:
        """Note what a test's text tells."""
        self._invocation, self._stated = test.invocation, test.stated

    def prepare(self) -> None:
        """Make the module's surroundings and run the prelude."""
        vars(builtins).update(exit=sys.exit, quit=sys.exit)  # `site`, which is left out here, defines them
        sys.modules[self._module.__name__] = self._module
        sys.argv = [NAME]
        self.execute(self._request["prelude"], "<prelude>")

    def execute(self, source: str, name: str) -> None:
        """Run a source text in the module."""
        if source:
            exec(compile(source, name, "exec", dont_inherit=True), self._space)

    def execute_test(self, test: instrument.Instrumented) -> None:
        """Run a test that has been rewritten."""
        self.see(test)
        if not test.invocation:
            self._watch.wrap_global(self._space, self._entry_point)
        self._space.update(self._watch.names())
        exec(compile(test.tree, "<test>", "exec", dont_inherit=True), self._space)

    def _end_trace(self, error: BaseException | None) -> None:
        """End what no entry-point call has ended: a script's own trace, a class's, a generator's."""
        if self._tracer and error is not None:
            self._tracer.raised(error)
        elif self._tracer:
            self._tracer.returned(None)


class Together(Session):
    """Program and test in one process. What comes of it is the program's own word.

    Without an entry point the program's own lines are what is traced, and not the test's.
    """

    def work(self) -> None:
        """Run all of the request."""
        test = self._request["test"]
        self.see(instrument.instrument(test, self._entry_point))
        self.prepare()
        if self._tracer and not self._entry_point:
            self._tracer.start()
        self.execute(self._request["source"], PROGRAM)
        if not self._entry_point:
            self._end_trace(None)
        self.execute(self._request["setup"], "<setup>")
        is_class = isinstance(self._space.get(self._entry_point), type)
        if self._tracer and is_class:
            self._tracer.start()
        self.execute_test(instrument.instrument(test, self._entry_point, is_class=is_class))


class Script(Session):
    """A program that reads standard input and prints. The host compares what it printed."""

    def __init__(self, request: dict[str, Any], send: Send) -> None:
        super().__init__(request, send)
        self._module.__name__ = "__main__"

    def work(self) -> None:
        """Run the program, then its entry point where the program has not called that itself."""
        self._space[instrument.DEFINED] = lambda: self._watch.wrap_global(self._space, self._entry_point)
        self.prepare()
        tree = instrument.announce(self._request["source"], self._entry_point, PROGRAM)
        defined = instrument.defines(tree, self._entry_point)
        self._invocation = f"{self._entry_point}()" if defined else ""
        if self._tracer and not defined:
            self._tracer.start()
        try:
            exec(compile(tree, PROGRAM, "exec", dont_inherit=True), self._space)
            if defined and not (self._request["calls_itself"] or self._watch.called):
                self._space[self._entry_point]()
        except SystemExit as error:
            if error.code not in (None, 0):  # else it is how scripts end; what they printed decides
                raise
        _leave()


def _leave() -> None:
    """What an interpreter does when its script has ended: it waits for threads, then calls what is to be called."""
    if threads := sys.modules.get("threading"):
        threads._shutdown()
    atexit._run_exitfuncs()


def _depth() -> int:
    """How many frames lie beneath the caller's."""
    depth, frame = 0, sys._getframe(1).f_back
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def program_line(error: BaseException) -> int | None:
    """The innermost line of the program that the exception came through, or where its syntax is wrong."""
    line = None
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == PROGRAM:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    if line is None and isinstance(error, SyntaxError) and error.filename == PROGRAM:
        line = error.lineno
    return line
