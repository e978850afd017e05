"""Executes one request in the child: prelude, program, setup, test, in this order and in one module."""

import builtins
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

from . import instrument, watch
from . import tracer as tracers
from .render import Renderer

PROGRAM = tracers.PROGRAM
ENDED = "the program ended the process"

Send = Callable[[dict[str, Any]], NoReturn]


class Session:
    """One run. It ends by ``send``, which writes the report and ends the process, from wherever the run stands."""

    def __init__(self, request: dict[str, Any], send: Send) -> None:
        self._program, self._test = request["program"], request["test"]
        self._send = send
        limits = request["limits"]
        self._chars = limits["value_chars"]
        self._script = self._test["type"] == "stdio"
        self._renderer = renderer = Renderer(self._chars)
        self._tracer = tracers.make(request["trace"], limits["trace_events"], renderer)
        self._watch = watch.Watch(renderer, self._tracer)
        self._invocation, self._stated = "", list[object]()
        self._module = types.ModuleType("__main__" if self._script else "program")

    def run(self) -> NoReturn:
        """Run to the end and report."""
        try:
            self._run_script() if self._script else self._run_test()
            self._end_trace(None)
        except SystemExit as error:
            self._end_trace(error)
            if self._script and error.code in (None, 0):  # how scripts end; what they printed decides
                self._end("finished")
            self._end("failed", failure="exception", error=f"SystemExit: {ENDED}", error_line=_program_line(error))
        except MemoryError as error:
            self._end_trace(error)
            self._end("failed", failure="memory", error="MemoryError", error_line=_program_line(error))
        except BaseException as error:
            self._end_trace(error)
            self._end("failed", **self._failure(error))
        self._end("finished")

    def out_of_time(self, limit: str) -> NoReturn:
        """Report a time-out; ``limit`` is ``cpu`` or ``wall``."""
        if self._tracer:
            self._tracer.stopped("TimeoutError: stopped at the time limit")
        self._end("failed", failure="timeout", limit=limit)

    def output_full(self) -> NoReturn:
        """Report that more was printed than may be."""
        if self._tracer:
            self._tracer.stopped("OutputError: stopped at the output limit")
        self._end("failed", failure="output")

    def _run_script(self) -> None:
        sys.modules["__main__"] = self._module
        entry_point, space = self._program["entry_point"], self._module.__dict__
        space[instrument.DEFINED] = lambda: self._watch.wrap_global(space, entry_point)
        self._prepare()
        tree = instrument.announce(self._program["source"], entry_point, PROGRAM)
        defined = instrument.defines(tree, entry_point)
        self._invocation = f"{entry_point}()" if defined else ""
        if self._tracer and not defined:
            self._tracer.start()
        exec(compile(tree, PROGRAM, "exec", dont_inherit=True), space)
        if defined and not self._watch.called:
            space[entry_point]()

    def _run_test(self) -> None:
        sys.modules["program"] = self._module
        entry_point, space = self._program["entry_point"], self._module.__dict__
        self._see(instrument.instrument(self._test["source"], entry_point))
        self._prepare()
        self._execute(self._program["source"], PROGRAM)
        self._execute(self._program["setup"], "<setup>")
        is_class = isinstance(space.get(entry_point), type)
        test = instrument.instrument(self._test["source"], entry_point, is_class=is_class)
        self._see(test)
        if not test.invocation:
            self._watch.wrap_global(space, entry_point)
        if self._tracer and is_class:
            self._tracer.start()
        space.update(self._watch.names())
        exec(compile(test.tree, "<test>", "exec", dont_inherit=True), space)

    def _see(self, test: instrument.Instrumented) -> None:
        self._invocation, self._stated = test.invocation, test.stated

    def _prepare(self) -> None:
        vars(builtins).update(exit=sys.exit, quit=sys.exit)  # `site`, which is left out here, defines them
        sys.argv = ["program.py"]
        self._execute(self._program["prelude"], "<prelude>")

    def _execute(self, source: str, name: str) -> None:
        if source:
            exec(compile(source, name, "exec", dont_inherit=True), self._module.__dict__)

    def _end_trace(self, error: BaseException | None) -> None:
        """End what no entry-point call has ended: a script's own trace, a class's, a generator's."""
        if self._tracer and error is not None:
            self._tracer.raised(error)
        elif self._tracer:
            self._tracer.returned(None)

    def _failure(self, error: BaseException) -> dict[str, Any]:
        line = _program_line(error)
        text = tracers.error_text(error, self._chars)
        if isinstance(error, AssertionError) and line is None:
            return {"failure": "wrong", "error": text if text != "AssertionError" else None}
        return {"failure": "exception", "error": text, "error_line": line}

    def _end(self, end: str, **details: Any) -> NoReturn:
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


def _program_line(error: BaseException) -> int | None:
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
