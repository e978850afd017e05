"""The rest of a stub's file as the prelude of its task."""

import ast

from linewise.names import Definitions, bound_at_top, calls, closure, definitions, used

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def prelude_without(stub: ast.stmt, tree: ast.Module, source: str) -> str:
    """The source of every statement that can run before ``stub`` exists.

    Left out are the stub, docstrings, ``if __name__`` guards, what uses the stub while the file is loaded (functions
    may use it: they run later), and in turn what needs something that was left out.
    """
    missing: set[str] = set()
    kept: list[ast.stmt] = []
    defined = definitions(tree.body)
    for statement in tree.body:
        if statement is stub or _needs(statement, missing | bound_at_top(stub), defined):
            missing |= bound_at_top(statement)
        elif not (_is_docstring(statement) or is_main_guard(statement)):
            kept.append(statement)
    return "\n".join(source_of(statement, tree, source) for statement in kept)


def is_main_guard(statement: ast.stmt) -> bool:
    """Whether this is ``if __name__ == ...``."""
    return isinstance(statement, ast.If) and "__name__" in used(statement.test)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _needs(statement: ast.stmt, missing: set[str], defined: Definitions) -> bool:
    names = _used_on_load(statement)
    if calls(statement) and not isinstance(statement, DEFINITIONS):
        names = closure(names, defined)
    return bool(names & missing)


def _used_on_load(statement: ast.stmt) -> set[str]:
    """The names that a statement reads when its module is loaded: of a function all but its body."""
    if not isinstance(statement, DEFINITIONS):
        return used(statement)
    parts: list[ast.AST] = [*statement.decorator_list]
    if isinstance(statement, ast.ClassDef):
        inner = [_used_on_load(node) for node in statement.body]
        parts += [*statement.bases, *statement.keywords]
    else:
        inner = []
        parts += [statement.args, *([statement.returns] if statement.returns else [])]
    return set().union(*inner, *(used(part) for part in parts))


def source_of(statement: ast.stmt, tree: ast.Module, source: str) -> str:
    """A statement's whole lines, or its syntax tree as text where it shares them with a statement of ``tree``."""
    first, last = first_line(statement), statement.end_lineno or statement.lineno
    shared = any(
        other is not statement and first_line(other) <= last and (other.end_lineno or other.lineno) >= first
        for other in tree.body
    )
    if shared:
        return ast.unparse(statement)
    return "\n".join(source.replace("\r\n", "\n").replace("\r", "\n").split("\n")[first - 1 : last])


def first_line(statement: ast.stmt) -> int:
    """The line, from 1, on which a statement begins, decorators included."""
    decorators = statement.decorator_list if isinstance(statement, DEFINITIONS) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])
