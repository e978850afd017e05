"""A search for hidden tests in texts.

A hidden test is searched for in pieces: every expression in it that calls the entry point, every line of it, every
constant list, text or the like in it, and every input of EvalPlus. Expressions are compared as syntax trees, the rest
without white space and kinds of quotes; ``candidate``, as HumanEval calls the entry point, is renamed on both sides. So
neither layout nor names hide a test.

A piece tells nothing, and is not searched for, where it is shorter than ``LONG_ENOUGH``, for then it is met by chance,
or where it stands in what a model may read or writes itself: ``given``. There is no list of trivial lines: a line such
as ``return True`` is left out where a worked example has it, and found where only a hidden test has it.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from linewise.benchmarks.base import HiddenAssert, HiddenStdio, Problem
from linewise.benchmarks.suites.comparing import decoded
from linewise.schema import AssertTest, ProbeTest, StdioTest, Task

MARKS = "#>.-*`' \t"
"""What may stand before code in a prompt: comments, prompts of an interpreter, lists."""

LONG_ENOUGH = 8
"""Characters without white space; shorter pieces, such as ``x = 1``, are everywhere."""

_CANDIDATE = re.compile(r"\bcandidate\b")


class Pieces(NamedTuple):
    """What of a test is searched for: ``calls`` as syntax trees, ``lines`` of standard input and output, one or all,
    and ``code`` (lines, constants, inputs) without white space.
    """

    calls: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    code: frozenset[str] = frozenset()


class Texts:
    """Texts to search in."""

    def __init__(self, texts: Iterable[str], entry_point: str) -> None:
        named = [_named(text, entry_point) for text in texts]
        self.calls = set().union(*(expressions(text, entry_point) for text in named), set())
        self._lines = "\n".join(["", *map(_stripped, named), ""])
        self._code = "\n".join(squeeze(one) for text in named for one in (*text.splitlines(), text))

    def hold_lines(self, lines: str) -> bool:
        """Whether ``lines`` are in them, whole."""
        return f"\n{lines}\n" in self._lines

    def hold(self, code: str) -> bool:
        """Whether ``code`` is in them, not as a part of a longer name or number."""
        if code not in self._code:
            return False
        before, after = r"(?<!\w)" * code[0].isalnum(), r"(?!\w)" * code[-1].isalnum()
        return re.search(f"{before}{re.escape(code)}{after}", self._code) is not None


def leaks(problem: Problem, texts: Iterable[str], given: Iterable[str] | None = None) -> set[str]:
    """The pieces of the hidden tests of ``problem`` that ``texts`` hold and ``given`` (else: the task) does not."""
    return found_in(Texts(texts, problem.task.entry_point), searched(problem, given))


def found_in(texts: Texts, pieces: Pieces) -> set[str]:
    """Those of ``pieces`` that ``texts`` hold."""
    lines = {piece for piece in pieces.lines if texts.hold_lines(piece)}
    return (pieces.calls & texts.calls) | lines | {piece for piece in pieces.code if texts.hold(piece)}


def searched(problem: Problem, given: Iterable[str] | None = None) -> Pieces:
    """The pieces of the hidden tests of ``problem`` that tell something, for they are not in ``given``."""
    entry_point = problem.task.entry_point
    public = Texts(texts_of_task(problem.task) if given is None else given, entry_point)
    pieces = [_pieces(test, entry_point) for test in problem.key.tests]
    calls = frozenset().union(*(one.calls for one in pieces)) - public.calls
    lines = frozenset().union(*(one.lines for one in pieces))
    code = frozenset().union(*(one.code for one in pieces))
    return Pieces(
        calls,
        frozenset(piece for piece in lines if not public.hold_lines(piece)),
        frozenset(piece for piece in code if not public.hold(piece)),
    )


def texts_of_task(task: Task) -> Iterator[str]:
    """All that a task shows."""
    yield from (task.prompt, task.prelude, task.setup, task.entry_point)
    for test in task.tests:
        match test:
            case AssertTest(source) | ProbeTest(source):
                yield source
            case StdioTest(stdin, stdout):
                yield from (stdin, stdout)


def texts_of(events: Path) -> Iterator[str]:
    """Every string in a file of events."""
    for line in events.read_text("utf-8").splitlines():
        yield from _strings(json.loads(line))


def squeeze(text: str) -> str:
    """``text`` without what code may be written with or without: white space but between words, kinds of quotes,
    commas at an end.
    """
    words = re.sub(r"(?<!\w) | (?!\w)", "", " ".join(text.replace('"', "'").split()))
    return re.sub(r",(?=[\])}])", "", words).rstrip(",")


def expressions(text: str, entry_point: str) -> set[str]:
    """Calls of the entry point and comparisons with one: in ``text``, or any paragraph or line of it, that is code."""
    found: set[str] = set()
    if not entry_point or entry_point not in text:
        return found
    for piece in (text, *text.split("\n\n"), *text.splitlines()):
        if entry_point in piece and (tree := _parsed(piece.strip().lstrip(MARKS).rstrip("` "))):
            found |= _expressions(tree, entry_point)
    return found


def _expressions(tree: ast.Module, entry_point: str) -> set[str]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Call | ast.Compare))
    return {ast.unparse(node) for node in nodes if _calls(node, entry_point)}


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _calls(node: ast.AST, entry_point: str) -> bool:
    calls = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return any(isinstance(call, ast.Name) and call.id == entry_point for call in calls)


def _named(text: str, entry_point: str) -> str:
    return _CANDIDATE.sub(entry_point, text) if entry_point else text


def _pieces(test: HiddenAssert | HiddenStdio, entry_point: str) -> Pieces:
    if isinstance(test, HiddenStdio):
        texts = [_stripped(test.stdin), _stripped(test.stdout)]
        lines = [*texts, *(line for text in texts for line in text.splitlines())]
        return Pieces(lines=frozenset(line for line in lines if len(line) > LONG_ENOUGH))
    source = _named(test.source, entry_point)
    tree = _parsed(source)
    cases = list(_inputs(tree)) if tree else []
    calls = _expressions(tree, entry_point) if tree else expressions(source, entry_point)
    texts = [*source.splitlines(), *(_constants(tree) if tree else ())]
    for case in cases:
        arguments = [repr(one) for one in case]
        texts += [*arguments, f"{entry_point}({', '.join(arguments)})"]
    code = {squeeze(text) for text in texts}
    return Pieces(
        frozenset(calls),
        code=frozenset(one for one in code if len(one) >= LONG_ENOUGH),
    )


def _stripped(text: str) -> str:
    return "\n".join(line.strip().strip(MARKS) for line in text.strip().splitlines())


def _constants(tree: ast.Module) -> Iterator[str]:
    """The values in code that are written out, as Python shows them."""
    for node in ast.walk(tree):
        match node:
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict() | ast.Constant(value=str()):
                try:
                    yield repr(ast.literal_eval(node))
                except (ValueError, TypeError, RecursionError):
                    continue


def _inputs(tree: ast.Module) -> Iterator[list[Any]]:
    """Of a test that holds a list of inputs as EvalPlus's do, the arguments of each call."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="comparing_check"), args=[_, _, ast.Constant(value=str(cases)), *_]):
                for case in json.loads(cases):
                    yield [decoded(one) for one in case]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
