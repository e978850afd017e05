"""Whether a test can be judged in another process than the program's, from the texts of both.

It can where all that it needs of the program is calls of the entry point. That values can cross shows only when they
do. The texts alone decide here, and of the program's text no more than which names it binds: so a program cannot
choose to be judged in its own process by what it does, only by what it returns.
"""

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from linewise.execution.base import Program
from linewise.execution.tidiness import is_tidy
from linewise.names import bound_at_top

STATEFUL = {
    *(
        "asyncio",
        "builtins",
        "contextlib",
        "ctypes",
        "decimal",
        "gc",
        "importlib",
        "inspect",
        "io",
        "locale",
        "logging",
    ),
    *("multiprocessing", "os", "pickle", "random", "signal", "subprocess", "sys", "tempfile", "threading", "time"),
    *("tracemalloc", "types", "unittest", "warnings", "weakref"),
}
"""Modules by which a test can see or change the process that it shares with a program."""

REFLECTIVE = {
    *("__import__", "breakpoint", "delattr", "dir", "eval", "exec", "globals", "input", "locals", "open", "setattr"),
    "vars",
}
"""Builtin functions that reach beyond the values they are given."""

HOMES = (
    *("math", "collections", "itertools", "functools", "heapq", "bisect", "copy", "datetime", "decimal", "fractions"),
    *("re", "statistics", "string", "operator", "cmath", "typing"),
)
"""Modules that a judge imports for a test that relies on the program's having imported them.

A name that several of them have is the first one's: what it means in a judge is not the program's to choose.
"""

IMPORTABLE = frozenset(HOMES)

HANDLING = (ast.Try, ast.TryStar, ast.With, ast.AsyncWith)

STATELESS = IMPORTABLE - {"decimal"} | {
    "__future__",
    "abc",
    "array",
    "dataclasses",
    "enum",
    "json",
    "numbers",
    "struct",
}
"""Modules whose use leaves nothing behind that a later test could notice."""


class Plan(NamedTuple):
    """How a test is judged: with these imports, and by a judge that other tests may share or by one of its own.

    ``handles``: it may catch exceptions; ``handles_stop``: ``StopIteration`` in particular; ``identifies``: it asks
    whether two values are the same object, of which copies know nothing.
    """

    imports: str
    shared: bool
    handles: bool
    handles_stop: bool
    identifies: bool


class _Names(NamedTuple):
    """Of a module's text: names it binds at its top level, names it reads, and names whose attributes it reads.

    ``modules``: what it imports; ``imports``: the import statement for each name bound to one of ``IMPORTABLE``;
    ``tidy``: it leaves nothing behind, as ``tidiness`` has it; what follows it: as a ``Plan`` has them.
    """

    bound: frozenset[str]
    read: frozenset[str]
    looked_into: frozenset[str]
    classes: frozenset[str]
    modules: frozenset[str]
    imports: dict[str, str]
    tidy: bool
    handles: bool = False
    handles_stop: bool = False
    identifies: bool = False


def plan(program: Program, test: str) -> Plan | None:
    """How to judge this test; ``None`` where it must run in the program's process.

    An insertion has no function that a test calls: it and its test share the names of one module.
    """
    if program.kind == "insertion":
        return None
    answer, asked, given = _names(program.source), _names(f"{program.setup}\n{test}"), _names(program.prelude)
    known = given.bound | asked.bound | frozenset(vars(builtins))
    needed = (asked.read & answer.bound) - known - {program.entry_point}
    if (
        program.entry_point in answer.classes | asked.looked_into
        or needed - answer.imports.keys()
        or asked.read & (STATEFUL | REFLECTIVE)
        or (_names(program.setup).bound - answer.bound) & answer.read
    ):
        return None
    modules = asked.modules | given.modules | {answer.imports[name].split()[1] for name in needed}
    shared = asked.tidy and given.tidy and modules <= STATELESS and not given.read & (STATEFUL | REFLECTIVE)
    imports = "\n".join(answer.imports[name] for name in sorted(needed))
    return Plan(
        imports,
        shared,
        asked.handles or given.handles,
        asked.handles_stop or given.handles_stop,
        asked.identifies or given.identifies,
    )


@lru_cache(maxsize=1024)
def _names(source: str) -> _Names:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        nothing = frozenset[str]()
        return _Names(nothing, nothing, nothing, nothing, nothing, {}, tidy=True)  # running it tells what is wrong
    nodes = list(ast.walk(tree))
    imports = dict(_imports(tree))
    classes = frozenset(node.name for node in tree.body if isinstance(node, ast.ClassDef))
    return _Names(
        bound=frozenset(name for statement in tree.body for name in bound_at_top(statement)),
        read=frozenset(name for node in nodes for name in _read(node)),
        looked_into=frozenset(
            node.value.id for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        ),
        classes=classes,
        modules=frozenset(name for node in nodes for name in _imported(node)),
        imports=imports,
        tidy=is_tidy(tree, IMPORTABLE | STATELESS, STATEFUL),
        handles=any(isinstance(node, HANDLING) for node in nodes),
        handles_stop=any(_handles_stop(node) for node in nodes),
        identifies=any(_identifies(node) for node in nodes),
    )


def _handles_stop(node: ast.AST) -> bool:
    match node:
        case ast.ExceptHandler(type=None) | ast.With() | ast.AsyncWith():
            return True
        case ast.Name(id=name):
            return name in {"StopIteration", "Exception", "BaseException"}
    return False


def _identifies(node: ast.AST) -> bool:
    match node:
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant()]):
            return False
        case ast.Compare(left=ast.Call(func=ast.Name("type")), ops=[ast.Is() | ast.IsNot()]):
            return False
        case ast.Compare(ops=operators):
            return any(isinstance(operator, ast.Is | ast.IsNot) for operator in operators)
        case ast.Name(id=name):
            return name == "id"
    return False


def _read(node: ast.AST) -> Iterator[str]:
    """Names that a node reads; modules that it imports are among them."""
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            yield name
        case _:
            yield from _imported(node)


def _imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ImportFrom(module=str(module)):
            yield module.split(".")[0]
        case ast.Import(names=names):
            yield from (alias.name.split(".")[0] for alias in names)


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that a judge may import. None that is an alias: a text would say ``isclose`` and mean what is no such."""
    for statement in tree.body:
        match statement:
            case ast.Import(names=names):
                names = [one for one in names if one.asname in (None, one.name) and one.name in IMPORTABLE]
                yield from ((one.name, f"import {one.name}") for one in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                names = [one for one in names if one.asname in (None, one.name) and _home(one.name) == module]
                yield from ((one.name, f"from {module} import {one.name}") for one in names)


@lru_cache(maxsize=1024)
def _home(name: str) -> str | None:
    """The module that a name is imported from."""
    for home in HOMES:
        module = import_module(home)
        if name in getattr(module, "__all__", dir(module)) and not name.startswith("_"):
            return home
    return None
