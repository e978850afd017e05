"""From text that a model wrote so far to a program that can be run."""

import ast
import re
import warnings

_INDENT = "    "


def parses(code: str) -> bool:
    """Whether ``code`` is a complete module."""
    return module_of(code) is not None


def executable(code: str) -> str | None:
    """The runnable form of ``code``, which may stop anywhere; ``None`` where nothing of it can be run.

    Lines at the end are mended in this order, until the whole parses: a ``pass`` inside or after the last line, the
    last line left out, a ``pass`` in its place. An open ``try`` is closed with a ``finally`` that does nothing.
    Comments and docstrings are dropped and the layout is normalised, so that programs which run alike compare equal.
    """
    tree = module_of(code)
    lines = code.rstrip().split("\n")
    while tree is None and lines:
        tree = _mended(lines)
        lines = lines[:-1]
    if tree is None or not tree.body:
        return None
    try:
        return ast.unparse(ast.fix_missing_locations(_Undocumented().visit(tree)))
    except (RecursionError, ValueError):
        # It parses, but cannot be written out again: a chain of some hundred calls or sums, a number of thousands of
        # digits, and up to Python 3.11 an odd space between quotes inside an f-string.
        return None


def ends_with_return(program: str) -> bool:
    """Whether the last line of ``program`` returns."""
    return re.match(r"\s*return\b", program.rstrip().rpartition("\n")[2]) is not None


def _mended(lines: list[str]) -> ast.Module | None:
    last = lines[-1]
    indent = last[: len(last) - len(last.lstrip())]
    endings: tuple[list[str], ...] = (
        [last],
        [last, f"{indent}{_INDENT}pass"],
        [last, f"{indent}pass"],
        [],
        [f"{indent}pass"],
    )
    closers = [f"{start}finally: pass" for start in _open_tries(lines)]
    for closing in (closers, []) if closers else ([],):
        for ending in endings:
            tree = module_of("\n".join([*lines[:-1], *ending, *closing]))
            if tree is not None:
                return tree
    return None


def _open_tries(lines: list[str]) -> list[str]:
    """The indents of the ``try:`` lines that have no ``except`` or ``finally`` yet, innermost first."""
    found: list[str] = []
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        if re.match(r"\s*try\s*:", line):
            found.append(indent)
        elif re.match(r"\s*(except|finally)\b", line) and indent in found:
            found.remove(indent)
    return found[::-1]


def module_of(code: str) -> ast.Module | None:
    """The syntax tree of ``code``, ``None`` where it does not parse; without warnings about the model's style."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in the model's code is no concern of the user's
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


class _Undocumented(ast.NodeTransformer):
    """Drops docstrings; a body that was nothing else becomes ``pass``."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._without_docstring(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._without_docstring(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._without_docstring(node)

    def _without_docstring(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module) -> ast.AST:
        self.generic_visit(node)
        while ast.get_docstring(node, clean=False) is not None:  # a string behind a docstring would become one
            node.body = node.body[1:] or [ast.Pass()]
        return node
