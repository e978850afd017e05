"""Sees the first entry-point call of a run: its arguments, its value, and what a test compares that with."""

import functools
import types
from collections.abc import Callable
from typing import Any

from . import instrument
from .render import Renderer
from .tracer import Tracer

SUSPENDED = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)


class Watch:
    """``value`` and ``expected`` are bounded texts; ``invocation`` is rendered from the arguments of the call."""

    def __init__(self, renderer: Renderer, tracer: Tracer | None) -> None:
        self.called = False
        self.invocation = ""
        self.value: str | None = None
        self.expected: str | None = None
        self._renderer = renderer
        self._tracer = tracer
        self._result: Any = None
        self._left = ""
        self._called_before_right = False

    def names(self) -> dict[str, Callable[..., Any]]:
        """What an instrumented test calls."""
        return {
            instrument.WATCH: self.wrap,
            instrument.LEFT: self._see_left,
            instrument.RIGHT: self._see_right,
            instrument.TRUTH: self._see_truth,
        }

    def wrap(self, function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
        """``function``, whose first call is recorded, and rendered where the ``name`` it goes by is given."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs) if self.called else self._first_call(function, args, kwargs, name)

        return watched

    def wrap_global(self, namespace: dict[str, Any], name: str) -> None:
        """Record the first call made through a global name. Meanwhile the name means the function itself, so that
        recursion is as deep and as fast as ever.
        """
        function = namespace.get(name)
        if not isinstance(function, types.FunctionType | functools._lru_cache_wrapper):
            return

        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if namespace.get(name) is watched:
                namespace[name] = function
            if self.called:
                return function(*args, **kwargs)
            return self._first_call(function, args, kwargs, name)

        namespace[name] = watched

    def _first_call(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str = ""
    ) -> Any:
        self.called = True
        if name:
            self.invocation = self._rendered_call(name, args, kwargs)
        self._result = self._traced(function, args, kwargs)
        self.value = self._renderer.text(self._result)
        return self._result

    def _traced(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._tracer is None:
            return function(*args, **kwargs)
        self._tracer.start()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            self._tracer.raised(error)
            raise
        if not isinstance(result, SUSPENDED):  # a generator's body is still to run
            self._tracer.returned(result)
        return result

    def _rendered_call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        parts = [self._renderer.text(value) for value in args]
        parts += [f"{key}={self._renderer.text(value)}" for key, value in kwargs.items()]
        return f"{name}({', '.join(parts)})"

    def _see_left(self, value: Any) -> Any:
        if self.expected is None:
            self._left = self._renderer.text(value)
            self._called_before_right = self.called
        return value

    def _see_right(self, value: Any, expected_first: bool) -> Any:
        if self.expected is None and self.called:
            left_is_expected = expected_first or not self._called_before_right
            self.expected = self._left if left_is_expected else self._renderer.text(value)
        return value

    def _see_truth(self, value: Any, wanted: bool) -> Any:
        if self.expected is None and self.called and value is self._result:
            self.expected = str(wanted)
        return value
