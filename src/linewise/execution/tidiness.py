"""Whether a test's text shows that it leaves nothing behind in the process that judges it.

A judge that stays judges other tests after this one. What a test could change for them is forbidden by its look, and
so is much that is harmless: where in doubt, a test gets a judge of its own, which costs time and nothing else.
"""

import ast
import sys
from collections.abc import Collection

REACHING = {
    *("BaseException", "attrgetter", "decoder", "dispatch_table", "encoder", "getattr", "getcontext", "localcontext"),
    *("methodcaller", "mro", "register", "scanner", "setcontext", "update_wrapper", "wraps"),
}
"""Names of what reads or writes attributes by their name, of what changes what others see, and of tables of modules."""

FRAMES = ("ag_", "cr_", "f_", "gi_", "tb_")
"""How attributes begin by which running code can be reached, and its builtin functions with it."""

SAFE = {
    *("__class__", "__contains__", "__doc__", "__eq__", "__getitem__", "__init__", "__iter__", "__len__", "__main__"),
    *("__name__", "__new__", "__next__", "__qualname__"),
    *("__add__", "__call__", "__ge__", "__gt__", "__hash__", "__le__", "__lt__", "__mul__", "__ne__", "__repr__"),
    *("__setitem__", "__str__", "__sub__"),
}
"""Special names that may be read and defined."""

INNER = {"abc", "chain", "date", "datetime", "timedelta", "timezone"}
"""What may be looked into where a module holds it: nothing in it can be changed."""


def is_tidy(tree: ast.Module, modules: Collection[str], stateful: Collection[str]) -> bool:
    """``modules``: names that modules go by; ``stateful``: names that a test should not get at."""
    nodes = list(ast.walk(tree))
    stateful = {*stateful, *sys.stdlib_module_names.difference(modules)}  # modules hold what they import themselves
    named = {*modules, *(alias.asname for node in nodes if isinstance(node, ast.Import) for alias in node.names)}
    looked_at = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    handed_on = (
        isinstance(node, ast.Name) and node.id in named and id(node) not in looked_at | called for node in nodes
    )
    return not any(handed_on) and not any(
        _catches_all(node) or _reaches(node, stateful) or _looks_deep(node, named) for node in nodes
    )


def _catches_all(node: ast.AST) -> bool:
    """Whether it may catch or drop the exception that ends a test from outside."""
    match node:
        case ast.ExceptHandler(type=ast.Name()) | ast.Try(finalbody=[]) | ast.TryStar(finalbody=[]):
            return False  # ``BaseException`` is found by its name
    return isinstance(node, ast.ExceptHandler | ast.Try | ast.TryStar)


def _reaches(node: ast.AST, stateful: Collection[str]) -> bool:
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            return True
        case ast.Attribute(attr=name) | ast.alias(name=name):
            return name in stateful or name in REACHING or name.startswith(FRAMES) or _is_private(name)
        case ast.Name(id=name):
            return name in REACHING or _is_special(name)
        case ast.Constant(value=str(name)) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return _is_special(name)
        case ast.ImportFrom(module=str(module)):
            return "." in module and module != "collections.abc"
    return False


def _is_private(name: str) -> bool:
    return name.startswith("_") and name not in SAFE


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in SAFE


def _looks_deep(node: ast.AST, modules: Collection[str | None]) -> bool:
    """Whether it reads an attribute of an attribute of a module, which may be a table that others use."""
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=module), attr=inner)):
            return module in modules and inner not in INNER
    return False
