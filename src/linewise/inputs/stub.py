"""Function stubs in Python files: ``stub.py`` or ``stub.py::name``.

A stub is a module-level function whose body is only a docstring, ``pass``, ``...`` or ``raise NotImplementedError``.
Its signature and docstring are the prompt, its doctests are the tests (see ``doctests``), and the rest of the file
is the prelude: all of it but ``if __name__`` guards and what would use the stub while the file is loaded.
"""

import ast
import codecs
import inspect
import io
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

from linewise.inputs.doctests import Doctests, read_doctests
from linewise.inputs.files import input_error, parse_python, read_input
from linewise.inputs.stub_prelude import prelude_without
from linewise.inputs.stub_text import StubText
from linewise.schema import Task


@dataclass(frozen=True)
class StubTask:
    """A stub as a task, and the way back into its file.

    ``left_out`` holds the doctest examples that no test could be made of.
    """

    path: Path
    name: str
    task: Task
    left_out: tuple[str, ...]
    text: StubText = field(repr=False)

    def merged(self, code: str) -> str:
        """What would stand in the file in place of the stub: the stub's signature and docstring with the answer's
        body, and the answer's own imports and helpers around it, after the file's ``from __future__`` imports. Run
        this to be certain of what will be written.

        Raises ``InputError`` where ``code`` does not fit into the file.
        """
        return self.text.merged(code)

    def write(self, code: str) -> None:
        """Put the answer ``code`` in the stub's place, atomically; every other byte of the file stays.

        Raises ``InputError``, and leaves the file alone, where ``code`` does not fit into it or the file has changed.
        """
        self.text.write(self.path, code)


def split_stub_argument(argument: str) -> tuple[Path, str | None]:
    """``stub.py::name`` as path and name; the name is ``None`` without ``::``."""
    path, mark, name = argument.partition("::")
    return Path(path), (name if mark else None)


def load_stub(path: Path, name: str | None = None) -> StubTask:
    """The stub ``name`` in the file at ``path``, without a name its only stub. Raises ``InputError``."""
    data = read_input(path)
    _check_encoding(data, path)
    source = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    tree = parse_python(source, str(path), "mend that line")
    stub = _find(tree, name, path)
    docs = read_doctests(ast.get_docstring(stub, clean=False) or "", stub.name, f"{path}: {stub.name}")
    prompt = _prompt(stub, docs)
    task = Task(
        prompt, stub.name, docs.tests, prelude=prelude_without(stub, tree, source), name=f"{path.stem}::{stub.name}"
    )
    return StubTask(path, stub.name, task, docs.left_out, StubText(data, tree, stub, str(path)))


def _check_encoding(data: bytes, path: Path) -> None:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise input_error(f"{path}: line 1: {error.msg}; declare no other encoding than UTF-8") from error
    if encoding not in ("utf-8", "utf-8-sig"):
        raise input_error(f"{path}: declared as {encoding}, not UTF-8; save the file as UTF-8")


def _find(tree: ast.Module, name: str | None, path: Path) -> ast.FunctionDef:
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if name is not None:
        return _named(functions, name, path)
    stubs = [function for function in functions if is_stub(function)]
    if len(stubs) == 1:
        return stubs[0]
    if stubs:
        names = ", ".join(f"{path.name}::{stub.name}" for stub in stubs)
        raise input_error(f"{path}: has {len(stubs)} stubs; name one of {names}")
    raise input_error(
        f"{path}: has no stub, which is a module-level function with only a docstring, pass, ... or raise "
        "NotImplementedError in it; empty the body of the function to be written"
    )


def _named(functions: list[ast.FunctionDef], name: str, path: Path) -> ast.FunctionDef:
    found = [function for function in functions if function.name == name and not _overload(function)]
    if not found:
        known = ", ".join(function.name for function in functions if is_stub(function)) or "none"
        raise input_error(f"{path}: has no module-level function {name!r}; the stubs in it: {known}")
    if len(found) > 1:
        raise input_error(f"{path}: defines {name} {len(found)} times; leave one definition")
    if not is_stub(found[0]):
        problem = f"{name} (line {found[0].lineno}) has a body already"
        raise input_error(f"{path}: {problem}; replace it by pass to have it written anew")
    return found[0]


def is_stub(function: ast.FunctionDef) -> bool:
    """Whether there is nothing in the body but a docstring and fillers."""
    return not _overload(function) and all(_is_filler(node, first=n == 0) for n, node in enumerate(function.body))


def _overload(function: ast.FunctionDef) -> bool:
    return any("overload" in ast.unparse(decorator) for decorator in function.decorator_list)


def _is_filler(node: ast.stmt, *, first: bool) -> bool:
    match node:
        case ast.Pass():
            return True
        case ast.Expr(value=ast.Constant(value=value)):
            return value is ... or (first and isinstance(value, str))
        case ast.Raise(exc=ast.Name(id="NotImplementedError") | ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
    return False


def _prompt(stub: ast.FunctionDef, docs: Doctests) -> str:
    returns = f" -> {ast.unparse(stub.returns)}" if stub.returns else ""
    request = f"Write the function `def {stub.name}({ast.unparse(stub.args)}){returns}`."
    prose = re.sub(r"\n(\s*\n){2,}", "\n\n", inspect.cleandoc(docs.prose)).strip()
    return f"{request}\n\n{prose}" if prose else request
