"""Which of the tests that score an answer were shown too: a score on these says nothing about unseen tests."""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from linewise.guidance.program import module_of

SHOWN = "shown tests"
"""How ``scored_on`` says that every scoring test of every task was shown."""


class Overlap(NamedTuple):
    """Of ``scoring`` tests ``shown`` are among the visible ones."""

    shown: int
    scoring: int

    @property
    def whole(self) -> bool:
        """Whether there are tests and all of them were shown."""
        return 0 < self.scoring == self.shown


class ShownCalls:
    """The calls of one function in visible tests, by their arguments where these are literals.

    A test of the same call counts as shown whatever its form, for what is right was told: ``(1, 2)`` and ``[1.0, 2]``
    are the same here.
    """

    def __init__(self, visible: Iterable[str], name: str) -> None:
        self._name = name
        calls = (call for source in visible for call in _calls(module_of(source), name))
        self._arguments = {_arguments(call) for call in calls} - {None}

    def among_inputs(self, inputs: Iterable[Sequence[Any]]) -> Overlap:
        """Of calls with ``inputs``, a sequence of arguments each."""
        found = [_text(list(arguments)) in self._arguments for arguments in inputs] if self._arguments else list(inputs)
        return Overlap(sum(one is True for one in found), len(found))

    def among_asserts(self, sources: Iterable[str]) -> Overlap:
        """Of separate tests."""
        found = [self._holds(module_of(source), self._name) for source in sources]
        return Overlap(sum(found), len(found))

    def within(self, script: str, name: str) -> Overlap:
        """Of the asserts of ``script``, which calls the function ``name``; those that compare nothing do not count."""
        asserts = [node for node in ast.walk(module_of(script) or ast.Module([], [])) if isinstance(node, ast.Assert)]
        tests = [one.test for one in asserts if not isinstance(one.test, ast.Constant)]
        return Overlap(sum(self._holds(test, name) for test in tests), max(1, len(tests)))

    def _holds(self, test: ast.AST | None, name: str) -> bool:
        """Whether all calls of ``name`` in ``test`` were shown, and there is one."""
        found = [_arguments(call) in self._arguments for call in _calls(test, name)]
        return bool(found) and all(found)


def _calls(tree: ast.AST | None, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _arguments(call: ast.Call) -> str | None:
    """The arguments as one text; ``None`` where one of them is no literal or has a name."""
    try:
        return None if call.keywords else _text([ast.literal_eval(one) for one in call.args])
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _text(value: Any) -> str:
    """The same for values that differ in the kind of sequence or number alone."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, set | dict):
        items = value.items() if isinstance(value, dict) else value
        return f"{{{', '.join(sorted(map(_text, items)))}}}"
    if isinstance(value, complex) and not value.imag:
        value = value.real
    return repr(int(value) if isinstance(value, float) and value.is_integer() else value)


def scored_on(tasks: int, shown: int, partly: Collection[Mapping[str, Overlap]] = ()) -> str:
    """In plain words, which tests score ``tasks`` tasks.

    Those of ``shown`` tasks were all visible. ``partly``: of each task with some of them visible its overlap by part.
    """
    if shown == tasks:
        return SHOWN
    counts = [f"{words} in {count}" for words, count in (("all", shown), ("some", len(partly))) if count]
    if not counts:
        return "unseen tests"
    return f"unseen tests, some shown ({', '.join(counts)} of {tasks} tasks{_by_part(tasks, shown, partly)})"


def _by_part(tasks: int, shown: int, partly: Collection[Mapping[str, Overlap]]) -> str:
    """Parts of a suite that were wholly shown for some tasks, such as ``; base: mostly shown, all in 30``."""
    parts = dict.fromkeys(part for found in partly for part in found)
    whole = {part: shown + sum(found[part].whole for found in partly if part in found) for part in parts}
    told = {part: count for part, count in whole.items() if count > shown}
    return "".join(
        f"; {part}: {'mostly shown, ' if 2 * count > tasks else ''}all in {count}" for part, count in told.items()
    )
