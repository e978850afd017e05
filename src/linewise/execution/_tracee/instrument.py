"""Rewrites a test so that its entry-point call and the value it is compared with can be seen.

The first call of the entry point in the test's text, ``f(x)``, becomes ``WATCH(f)(x)``. In each assert the two
sides of the comparison become ``LEFT(a) == RIGHT(b)``. All of these hand their argument on unchanged.
"""

import ast
from typing import NamedTuple

WATCH = "__linewise_watch__"
LEFT = "__linewise_left__"
RIGHT = "__linewise_right__"
TRUTH = "__linewise_truth__"
DEFINED = "__linewise_defined__"
HANDLED = "__linewise_handled__"
RAISED_AGAIN = "__linewise_raised_again__"


class Instrumented(NamedTuple):
    """A rewritten test.

    ``invocation`` is the call's own text, empty where the test does not call by name; ``stated`` holds the value that
    the call is compared with, where that is a literal, so that it is known although the call raises.
    """

    tree: ast.Module
    invocation: str
    stated: list[object]


def instrument(source: str, entry_point: str, *, is_class: bool = False, filename: str = "<test>") -> Instrumented:
    """Rewrite ``source``. ``is_class``: the entry point is a class, its call is a chain ``Name(...).method(...)``."""
    tree = ast.parse(source, filename)
    call = _entry_call(tree, entry_point, is_class=is_class)
    invocation = (ast.get_source_segment(source, call) or "") if call else ""
    stated = _stated(tree, call)
    if call:
        call.func = _call(WATCH, call.func)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            node.test = _seen(node.test)
    return Instrumented(ast.fix_missing_locations(tree), invocation, stated)


def announce_handling(tree: ast.Module) -> ast.Module:
    """``tree``, where every handler of exceptions first calls ``HANDLED``, and ``RAISED_AGAIN`` where one leaves it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            again = ast.ExceptHandler(None, None, [_announcement(RAISED_AGAIN), ast.Raise()])
            body = ast.Try(body=node.body, handlers=[again], orelse=[], finalbody=[])
            node.body = [_announcement(HANDLED), ast.copy_location(body, node.body[0])]
    return ast.fix_missing_locations(tree)


def _announcement(name: str) -> ast.Expr:
    return ast.Expr(ast.Call(ast.Name(name, ast.Load()), [], []))


def announce(source: str, entry_point: str, filename: str) -> ast.Module:
    """``source`` with an announcement right after each module-level definition of the entry point."""
    tree = ast.parse(source, filename)
    body: list[ast.stmt] = []
    for statement in tree.body:
        body.append(statement)
        if _is_definition(statement, entry_point):
            body.append(ast.copy_location(_announcement(DEFINED), statement))
    tree.body = body
    return ast.fix_missing_locations(tree)


def defines(tree: ast.Module, entry_point: str) -> bool:
    """Whether the entry point is a function of the module."""
    return any(_is_definition(statement, entry_point) for statement in tree.body)


def _is_definition(statement: ast.stmt, entry_point: str) -> bool:
    return isinstance(statement, ast.FunctionDef) and statement.name == entry_point


def _entry_call(tree: ast.Module, entry_point: str, *, is_class: bool) -> ast.Call | None:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == entry_point]
    # x.sort() is another's method where the test also calls sort(x)
    named = named or [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == entry_point]
    first = min(named, key=lambda call: (call.lineno, call.col_offset), default=None)
    return _whole_chain(tree, first) if first and is_class else first


def _whole_chain(tree: ast.Module, call: ast.Call) -> ast.Call:
    """The longest chain of method calls that begins with ``call``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.value is call:
            return _whole_chain(tree, node)
    return call


def _seen(test: ast.expr) -> ast.expr:
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            test.values = [_seen(value) for value in values]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            test.operand = _call(TRUTH, operand, ast.Constant(False))
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            test.left, test.comparators[0] = _sides(left, right)
        case ast.Call(func=ast.Name("isclose") | ast.Attribute(attr="isclose"), args=[left, right, *_]):
            test.args[0], test.args[1] = _sides(left, right)
        case ast.Call():
            return _call(TRUTH, test, ast.Constant(True))
    if difference := _difference(test):
        difference.left, difference.right = _sides(difference.left, difference.right)
    return test


def _difference(test: ast.expr) -> ast.BinOp | None:
    """``a - b`` in ``abs(a - b) < tolerance`` or the same the other way round."""
    match test:
        case ast.Compare(left=distance, ops=[ast.Lt() | ast.LtE()], comparators=[_]):
            pass
        case ast.Compare(ops=[ast.Gt() | ast.GtE()], comparators=[distance]):
            pass
        case _:
            return None
    match distance:
        case ast.Call(func=ast.Name("abs") | ast.Attribute(attr="fabs"), args=[ast.BinOp(op=ast.Sub()) as difference]):
            return difference
    return None


def _stated(tree: ast.Module, call: ast.Call | None) -> list[object]:
    """The literal that the assert around ``call`` compares with, in a list; an empty list where there is none."""
    asserts = (node.test for node in ast.walk(tree) if isinstance(node, ast.Assert))
    test = next((test for test in asserts if _holds(test, call)), None)
    match test:
        case ast.Call() if test is call:
            return [True]
        case ast.UnaryOp(op=ast.Not(), operand=operand) if operand is call:
            return [False]
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            return _literal(right if _holds(left, call) else left)
        case ast.Call(func=ast.Name("isclose") | ast.Attribute(attr="isclose"), args=[left, right, *_]):
            return _literal(right if _holds(left, call) else left)
    if test and (difference := _difference(test)):
        return _literal(difference.right if _holds(difference.left, call) else difference.left)
    return []


def _holds(node: ast.expr, call: ast.Call | None) -> bool:
    return any(part is call for part in ast.walk(node))


def _literal(node: ast.expr) -> list[object]:
    try:
        return [ast.literal_eval(node)]
    except (ValueError, TypeError, MemoryError, RecursionError):
        return []


def _sides(left: ast.expr, right: ast.expr) -> tuple[ast.expr, ast.expr]:
    expected_first = _is_literal(left) and not _is_literal(right)
    return _call(LEFT, left), _call(RIGHT, right, ast.Constant(expected_first))


def _is_literal(node: ast.expr) -> bool:
    return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute) for part in ast.walk(node))


def _call(function: str, *arguments: ast.expr) -> ast.Call:
    made = ast.Call(ast.Name(function, ast.Load()), list(arguments), [])
    return ast.copy_location(made, arguments[0])
