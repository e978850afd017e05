"""An answer taken apart, so that it can be put in the place of a stub."""

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass

from linewise.inputs.files import input_error, parse_python
from linewise.inputs.stub_prelude import first_line, is_main_guard, source_of
from linewise.names import bound_at_top, closure, definitions, used

IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Answer:
    """The function of an answer and the source of the statements of its own that it needs, in order."""

    function: ast.FunctionDef
    lines: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    keep_docstring: bool

    def body(self, indent: str) -> str:
        """The function's body, comments included, at ``indent``; it ends with a newline."""
        statements = self.function.body if self.keep_docstring else without_docstring(self.function)
        if not statements:
            return f"{indent}pass\n"
        first, last = statements[0], self.function.end_lineno or self.function.lineno
        margin = self.lines[first.lineno - 1].encode()[: first.col_offset].decode()
        if margin.strip():
            inline = self.lines[first.lineno - 1][len(margin) :]
            return "\n".join([indent + inline, *self.lines[first.lineno : last]]) + "\n"
        start = self._with_comments(first)
        fixed = _inside_strings(self.function)
        return "".join(
            (line if number in fixed or not line.startswith(margin) else indent + line[len(margin) :]) + "\n"
            for number, line in enumerate(self.lines[start - 1 : last], start)
        )

    def _with_comments(self, first: ast.stmt) -> int:
        start, texts = first_line(first), _inside_strings(self.function)
        while self.lines[start - 2].lstrip().startswith("#") and self.function.lineno < start - 1 not in texts:
            start -= 1
        return start


def read_answer(code: str, stub: ast.FunctionDef, others: Sequence[ast.stmt], where: str) -> Answer:
    """Take ``code`` apart as an answer to ``stub``, in whose file ``others`` stand.

    Raises ``InputError`` where the answer's function has another signature than the stub or decorators of its own,
    or where one of its helpers would change something that the file defines.
    """
    tree = parse_python(code, f"{where}: the answer", "it is not written")
    found = [node for node in tree.body if stub.name in bound_at_top(node)]
    if not found or not isinstance(function := found[-1], ast.FunctionDef):
        raise input_error(f"{where}: the answer defines no function {stub.name}; it is not written")
    _check_signature(function, stub, where)
    rest = [part for node in tree.body if node not in found and not _is_idle(node) for part in _single_parts(node)]
    there = {ast.dump(part) for other in others for part in _single_parts(other)}
    new = [part for part in _needed(function, rest) if ast.dump(part) not in there]
    _check_clash(new, others, where)
    texts = [(part.lineno, source_of(part, tree, code)) for part in new]
    before = tuple(text for line, text in texts if line < function.lineno)
    after = tuple(text for line, text in texts if line > function.lineno)
    lines = tuple(code.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return Answer(function, lines, before, after, ast.get_docstring(stub) is None)


def _check_signature(function: ast.FunctionDef, stub: ast.FunctionDef, where: str) -> None:
    if _shape(function.args) != _shape(stub.args):
        expected, got = ast.unparse(stub.args), ast.unparse(function.args)
        raise input_error(f"{where}: the answer takes ({got}), the stub ({expected}); it is not written")
    decorators = {ast.dump(node) for node in function.decorator_list} - {ast.dump(d) for d in stub.decorator_list}
    if decorators:
        raise input_error(f"{where}: the answer has decorators that the stub has not; it is not written")


def _shape(arguments: ast.arguments) -> str:
    plain = copy.deepcopy(arguments)
    for node in ast.walk(plain):
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(plain)


def _is_idle(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) or is_main_guard(node)


def _needed(function: ast.FunctionDef, statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that bind what the function needs, and those that bind nothing (they act on something)."""
    acting = [node for node in statements if not bound_at_top(node)]
    start = set().union(*(used(node) for node in [*function.body, *acting]))
    names = closure(start, definitions(statements)) | {"*"}
    return [node for node in statements if node in acting or bound_at_top(node) & names]


def _check_clash(new: list[ast.stmt], others: Sequence[ast.stmt], where: str) -> None:
    clash = set().union(*map(bound_at_top, new)) & set().union(*map(bound_at_top, others))
    if clash:
        names = ", ".join(sorted(clash))
        raise input_error(f"{where}: the answer redefines {names}, which the file defines; it is not written")


def _single_parts(node: ast.stmt) -> list[ast.stmt]:
    """The statement, or one import for each name that it imports."""
    if not isinstance(node, IMPORTS):
        return [node]
    parts: list[ast.stmt] = []
    for name in node.names:
        part = copy.copy(node)
        part.names = [name]
        parts.append(part)
    return parts


def without_docstring(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function's body but its docstring."""
    return function.body if ast.get_docstring(function, clean=False) is None else function.body[1:]


def same_body(first: ast.FunctionDef, second: ast.FunctionDef) -> bool:
    """Whether two functions do the same by their syntax trees, docstrings apart."""
    one, other = ([ast.dump(node) for node in without_docstring(function)] for function in (first, second))
    return one == other or (not other and one == [ast.dump(ast.Pass())])


def _inside_strings(tree: ast.AST) -> set[int]:
    """Lines that begin inside a string, whose margin is part of a value."""
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)]
    return {line for node in strings for line in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)}
