"""Whether a test's text shows that it leaves nothing behind in the process that judges it.

A judge that stays judges other tests after this one. What a test could change for them is forbidden by its look, and
so is much that is harmless: where in doubt, a test gets a judge of its own, which costs time and nothing else.
"""

import ast
from collections.abc import Collection

REACHING = {
    *("attrgetter", "getattr", "getcontext", "localcontext", "methodcaller", "register", "setcontext"),
    *("update_wrapper", "wraps"),
}
"""Names of functions and methods that read or write attributes by their name, or that change what others see."""

SAFE = {
    *("__class__", "__contains__", "__doc__", "__eq__", "__getitem__", "__init__", "__iter__", "__len__", "__main__"),
    *("__name__", "__new__", "__next__", "__qualname__"),
}
"""Names with underscores that may be read."""

INNER = {"abc", "chain", "date", "datetime", "timedelta", "timezone"}
"""What may be looked into where a module holds it: nothing in it can be changed."""


def is_tidy(tree: ast.Module, modules: Collection[str], stateful: Collection[str]) -> bool:
    """``modules``: names that modules go by; ``stateful``: names that a test should not get at."""
    nodes = list(ast.walk(tree))
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
    """Whether it may catch the exception that ends a test from outside."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    return not isinstance(node.type, ast.Name) or node.type.id == "BaseException"


def _reaches(node: ast.AST, stateful: Collection[str]) -> bool:
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            return True
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name):
            return name in REACHING or name in stateful or (name.startswith("_") and _is_special(name))
        case ast.Constant(value=str(name)):
            return name.startswith("__") and name.endswith("__") and name not in SAFE
        case ast.FunctionDef(name=name):
            return name == "__del__"
        case ast.ImportFrom(module=str(module)):
            return "." in module and module != "collections.abc"
    return False


def _is_special(name: str) -> bool:
    """Whether it is a private or special name, other than ``_`` and those that are known to be safe."""
    return bool(name.strip("_")) and name not in SAFE


def _looks_deep(node: ast.AST, modules: Collection[str | None]) -> bool:
    """Whether it reads an attribute of an attribute of a module, which may be a table that others use."""
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=module), attr=inner)):
            return module in modules and inner not in INNER
    return False
