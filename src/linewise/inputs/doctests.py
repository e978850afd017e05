"""Doctests as visible tests.

The rules, by what an example shows:

- a literal: ``assert call == literal`` (``True`` after a comparison or ``not``: the expression itself);
- another expression, such as ``Point(x=1)`` or ``nan``: ``assert repr(call) == 'Point(x=1)'``;
- ``print(one_value)``: ``assert str(one_value) == 'the text'``;
- a traceback: the same type of exception with the same message (the message is not compared where the example
  abbreviates it with ``...`` or says ``IGNORE_EXCEPTION_DETAIL``);
- nothing: no test, but a step that is taken before the tests of the examples that follow.

Every other example is left out: other printed output, ``...`` inside a value, ``+SKIP``, texts to be compared with
``+NORMALIZE_WHITESPACE``, and examples that do not reach the entry point. An example that shows a result is also a step
only where it calls something and uses a name that an earlier step has bound, for it may have changed what that name
stands for.
"""

import ast
import doctest
from dataclasses import dataclass, field

from linewise.inputs.entry_point import reaches
from linewise.inputs.files import PARSE_ERRORS, input_error, parse, parse_python
from linewise.names import bound, calls, used
from linewise.schema import AssertTest

SIMPLE = (ast.Call, ast.Attribute, ast.Subscript, ast.Name, ast.Constant, ast.List, ast.Dict, ast.Set, ast.Tuple)
NO_EXCEPTIONS = ("SystemExit", "KeyboardInterrupt", "GeneratorExit")
"""What `except Exception` lets through."""
TRUTHS = (ast.Compare, ast.BoolOp, ast.UnaryOp)


@dataclass(frozen=True)
class Doctests:
    """The tests of a docstring, the source of the examples that became none, and the text around the examples."""

    tests: tuple[AssertTest, ...]
    left_out: tuple[str, ...]
    prose: str


@dataclass
class _Reader:
    entry_point: str
    where: str
    steps: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    tests: list[AssertTest] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)

    def read(self, piece: str | doctest.Example) -> None:
        if isinstance(piece, str):
            self.prose.append(piece)
            return
        tree = self._parsed(piece.source, piece)
        check = None if piece.options.get(doctest.SKIP) else _check(piece, tree)
        test = None if check is None else "\n".join([*self.steps, check])
        if test is not None and reaches(self._parsed(test, piece), self.entry_point, {}):
            self.tests.append(AssertTest(test))
        elif piece.want or piece.options.get(doctest.SKIP):
            self.left_out.append(piece.source.strip())
            self.prose.append(_as_written(piece))
        self._step(piece, tree)

    def _parsed(self, source: str, piece: doctest.Example) -> ast.Module:
        return parse_python(source, f"{self.where}: doctest {piece.source.strip()!r}", "mend the example")

    def _step(self, piece: doctest.Example, tree: ast.Module) -> None:
        if piece.options.get(doctest.SKIP) or piece.exc_msg is not None:
            return
        if not piece.want or (calls(tree) and used(tree) & self.names):
            self.steps.append(piece.source.rstrip("\n"))
            self.names |= bound(tree)


def read_doctests(docstring: str, entry_point: str, where: str) -> Doctests:
    """Turn the examples of ``docstring`` into tests of ``entry_point``; ``where`` names the place in errors.

    Raises ``InputError`` where an example is malformed.
    """
    try:
        pieces = doctest.DocTestParser().parse(docstring)
    except ValueError as error:
        raise input_error(f"{where}: bad doctest ({error}); mend the docstring") from error
    reader = _Reader(entry_point, where)
    for piece in pieces:
        reader.read(piece)
    return Doctests(tuple(reader.tests), tuple(reader.left_out), "".join(reader.prose))


def _as_written(example: doctest.Example) -> str:
    first, *rest = example.source.splitlines()
    lines = [f">>> {first}", *(f"... {line}" for line in rest), *example.want.splitlines()]
    return "".join(f"{' ' * example.indent}{line}\n" for line in lines)


def _check(example: doctest.Example, tree: ast.Module) -> str | None:
    """The example as statements that assert what it shows; ``None`` where no rule covers it."""
    if example.exc_msg is not None:
        return _raises(example)
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    call = tree.body[0].value
    source = ast.get_source_segment(example.source, call) or ast.unparse(call)
    if isinstance(call, ast.Tuple) and not source.startswith("("):
        source = f"({source})"  # else what stands behind its first comma would be the message of the assert
    want = example.want.rstrip("\n")
    if not want or _abbreviated(example, want):
        return None
    exact = not example.options.get(doctest.NORMALIZE_WHITESPACE)
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print":
        return _prints(call, want) if exact else None
    return _returns(call, source, want, exact=exact)


def _abbreviated(example: doctest.Example, text: str) -> bool:
    return bool(example.options.get(doctest.ELLIPSIS)) and "..." in text


def _raises(example: doctest.Example) -> str:
    name, _, message = (example.exc_msg or "").strip().partition(": ")
    kind = name.rpartition(".")[2]
    caught = kind if kind in NO_EXCEPTIONS else "Exception"
    condition = f"type(error).__name__ == {kind!r}"
    if not (_abbreviated(example, message) or example.options.get(doctest.IGNORE_EXCEPTION_DETAIL)):
        condition += f" and str(error) == {message!r}"
    body = "\n".join(f"    {line}" for line in example.source.rstrip("\n").split("\n"))
    return (
        f"try:\n{body}\nexcept {caught} as error:\n    assert {condition}\n"
        f"else:\n    raise AssertionError('{name} was not raised')"
    )


def _prints(call: ast.Call, want: str) -> str | None:
    if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        return None
    return f"assert str({ast.unparse(call.args[0])}) == {want.replace('<BLANKLINE>', '')!r}"


def _returns(call: ast.expr, source: str, want: str, *, exact: bool) -> str | None:
    try:
        shown = parse(want).body
    except PARSE_ERRORS:
        return None
    if len(shown) != 1 or not isinstance(shown[0], ast.Expr):
        return None
    if want == "True" and isinstance(call, TRUTHS):
        return f"assert {source}"
    left = source if isinstance(call, SIMPLE) else f"({source})"
    try:
        ast.literal_eval(want)
    except (ValueError, TypeError):
        # A bare word is far more likely to be printed than to be a ``repr``.
        word = isinstance(shown[0].value, ast.Name) and want not in ("nan", "inf")
        return None if word or not exact else f"assert repr({source}) == {want!r}"
    return f"assert {left} == {want if len(want.splitlines()) == 1 else ast.unparse(shown[0])}"
