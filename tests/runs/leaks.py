"""A search for hidden tests in texts. What is compared are syntax trees, so that layout hides nothing."""

import ast
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from linewise.benchmarks.base import HiddenAssert, Problem
from linewise.benchmarks.suites.comparing import decoded
from linewise.schema import AssertTest, StdioTest

MARKS = "#>.-*`' \t"
"""What may stand before code in a prompt: comments, prompts of an interpreter, lists."""

LONG_ENOUGH = 8
"""Shorter inputs and outputs of a program, such as ``1``, are everywhere."""


def leaks(problem: Problem, texts: Iterable[str]) -> set[str]:
    """What of the hidden tests of ``problem``, and not of its visible ones, ``texts`` hold."""
    found: set[str] = set()
    for text in texts:
        found |= expressions(text, problem.task.entry_point)
        found.update(line.strip() for line in text.splitlines())
    hidden = set().union(*(_of_hidden(test, problem.task.entry_point) for test in problem.key.tests), set())
    visible = set().union(*(_of_visible(test, problem.task.entry_point) for test in problem.task.tests), set())
    visible |= expressions(problem.task.prompt, problem.task.entry_point)
    return (hidden - visible) & found


def texts_of(events: Path) -> Iterator[str]:
    """Every string in a file of events."""
    for line in events.read_text("utf-8").splitlines():
        yield from _strings(json.loads(line))


def expressions(text: str, entry_point: str) -> set[str]:
    """Calls of the entry point and comparisons with one: in ``text``, or any paragraph or line of it, that is code."""
    found: set[str] = set()
    for piece in (text, *text.split("\n\n"), *text.splitlines()):
        try:
            tree = ast.parse(piece.strip().lstrip(MARKS).rstrip("` "))
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call | ast.Compare) and _calls(node, entry_point):
                found.add(ast.unparse(node))
    return found


def _calls(node: ast.AST, entry_point: str) -> bool:
    calls = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return any(isinstance(call, ast.Name) and call.id == entry_point for call in calls)


def _of_hidden(test: Any, entry_point: str) -> set[str]:
    if isinstance(test, HiddenAssert):
        found = expressions(test.source.replace("candidate(", f"{entry_point}("), entry_point)
        return found | set(_inputs(test.source, entry_point))
    return {line.strip() for text in (test.stdin, test.stdout) for line in text.splitlines() if len(line) > LONG_ENOUGH}


def _inputs(source: str, entry_point: str) -> Iterator[str]:
    """Of a test that holds a list of inputs as EvalPlus's do, the calls that it comes down to."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="comparing_check"), args=[_, _, ast.Constant(value=str(cases)), *_]):
                for case in json.loads(cases):
                    yield _call(entry_point, [decoded(one) for one in case])


def _call(entry_point: str, arguments: list[Any]) -> str:
    text = f"{entry_point}({', '.join(map(repr, arguments))})"
    return ast.unparse(ast.parse(text))


def _of_visible(test: Any, entry_point: str) -> set[str]:
    if isinstance(test, AssertTest):
        return expressions(test.source, entry_point)
    if isinstance(test, StdioTest):
        return {line.strip() for text in (test.stdin, test.stdout) for line in text.splitlines()}
    return set()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
