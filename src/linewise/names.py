"""Which names a piece of Python binds, uses and calls: enough scope analysis for tests, helpers, stubs and programs.

All names that are bound anywhere in a piece count as its own; a name that is both used from outside and bound
inside is therefore missed. That is on the safe side for what is decided with it.
"""

import ast
from collections.abc import Iterable, Iterator


def bound(tree: ast.AST) -> set[str]:
    """Every name that is bound in ``tree``, at any depth."""
    return {name for node in ast.walk(tree) for name in _bound_by(node)}


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name):
            yield name
        case ast.alias(name=name, asname=asname):
            yield asname or name.partition(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name


def used(tree: ast.AST) -> set[str]:
    """Every name that is read in ``tree``."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def free(tree: ast.AST) -> set[str]:
    """Names that ``tree`` reads and does not bind."""
    return used(tree) - bound(tree)


def calls(tree: ast.AST) -> list[ast.Call]:
    """Every call in ``tree``."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def called(tree: ast.AST) -> set[str]:
    """Names not bound in ``tree`` that it calls: ``f`` in ``f(1)``, ``C`` in ``C(1).size()`` and in ``C.of(1)``."""
    roots = {_root(call.func) for call in calls(tree)}
    return {name for name in roots if name is not None} - bound(tree)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def bound_at_top(statement: ast.stmt) -> set[str]:
    """Names that a statement of a module binds in that module."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    return bound(statement)


Definitions = dict[str, list[ast.stmt]]


def definitions(statements: Iterable[ast.stmt]) -> Definitions:
    """The statements of a module by the names that they bind in it."""
    found: Definitions = {}
    for statement in statements:
        for name in bound_at_top(statement):
            found.setdefault(name, []).append(statement)
    return found


def closure(names: Iterable[str], defined: Definitions) -> set[str]:
    """``names`` and every name that their definitions use, directly or through others."""
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(found for statement in defined.get(name, ()) for found in free(statement))
    return reached


def calls_itself(tree: ast.Module, name: str) -> bool:
    """Whether a statement of the program ``tree`` leads to its function ``name``, by way of other definitions or not.

    What is named there counts as called: a program that has such a statement runs as it is meant to.
    """
    inner = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    begun = {found for node in tree.body if node not in inner for found in used(node)}
    return name in closure(begun, definitions(inner))
