"""Putting an answer in the place of a stub without touching another byte of its file."""

import ast
import codecs
import os
import re
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from linewise.inputs.answer import Answer, read_answer, same_body
from linewise.inputs.files import input_error, parse_python
from linewise.inputs.stub_prelude import first_line
from linewise.names import bound_at_top

INDENT = b"    "


@dataclass(frozen=True)
class StubText:
    """The bytes of a stub's file and where the stub stands in them. ``where`` names the file in errors."""

    data: bytes
    tree: ast.Module
    stub: ast.FunctionDef
    where: str

    def merged(self, code: str) -> str:
        """See ``StubTask.merged``."""
        future = [node for node in self.tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        head = "".join(f"{ast.unparse(node)}\n" for node in future)
        return head + _decode(self._replacement(self._answer(code)))

    def write(self, path: Path, code: str) -> None:
        """See ``StubTask.write``."""
        answer = self._answer(code)
        result = self._head + self._replacement(answer) + self._tail
        self._check(result, answer)
        if path.read_bytes() != self.data:
            raise input_error(f"{self.where}: has changed since it was read; run the command again")
        replace_file(path.resolve(), result)

    def _answer(self, code: str) -> Answer:
        others = [statement for statement in self.tree.body if statement is not self.stub]
        return read_answer(code, self.stub, others, self.where)

    def _check(self, result: bytes, answer: Answer) -> None:
        """The written file must parse and hold the very function that was verified."""
        problem = f"{self.where}: the answer cannot be put into this file"
        tree = parse_python(_decode(result.removeprefix(codecs.BOM_UTF8)), problem, "copy it by hand")
        found = [node for node in tree.body if bound_at_top(node) == {self.stub.name}]
        if not any(isinstance(node, ast.FunctionDef) and same_body(node, answer.function) for node in found):
            raise input_error(f"{problem} without changing its meaning; copy it by hand")

    def _replacement(self, answer: Answer) -> bytes:
        signature, indent = self._signature_and_indent
        body = answer.body(indent.decode()).encode()
        before = "".join(f"{part}\n" for part in answer.before)
        after = "".join(f"\n\n{part}\n" for part in answer.after)
        gap = "\n\n" if before else ""
        inserted = [(before + gap).encode(), signature, body, after.encode()]
        return b"".join(part if part is signature else part.replace(b"\n", self._newline) for part in inserted)

    @cached_property
    def _newline(self) -> bytes:
        found = re.search(rb"\r\n|\r|\n", self.data)
        return found.group() if found else b"\n"

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line begins, and the end of the file."""
        start = len(codecs.BOM_UTF8) if self.data.startswith(codecs.BOM_UTF8) else 0
        ends = [found.end() for found in re.finditer(rb"\r\n|\r|\n", self.data)]
        return [start, *ends, len(self.data)]

    @property
    def _head(self) -> bytes:
        return self.data[: self._lines[first_line(self.stub) - 1]]

    @property
    def _tail(self) -> bytes:
        return self.data[self._lines[self.stub.end_lineno or self.stub.lineno] :]

    @cached_property
    def _signature_and_indent(self) -> tuple[bytes, bytes]:
        """All of the stub that stays, ending with a newline, and the indent of what comes after it."""
        start = self._lines[first_line(self.stub) - 1]
        first, *rest = self.stub.body
        end, indent = self._cut(first)
        kept = self.data[start:end]
        if ast.get_docstring(self.stub, clean=False) is not None:
            doc_start, doc_end = self._offset(first.lineno, first.col_offset), self._end(first)
            if indent is None:
                kept += self._newline + INDENT + self.data[doc_start:doc_end]
            else:
                kept = self.data[start : self._cut(rest[0])[0] if rest else self._lines[first.end_lineno or 0]]
        return kept if kept.endswith((b"\n", b"\r")) else kept + self._newline, indent or INDENT

    def _cut(self, node: ast.stmt) -> tuple[int, bytes | None]:
        """Where the text before a statement ends, and the statement's indent if its line begins with it."""
        line, offset = self._lines[node.lineno - 1], self._offset(node.lineno, node.col_offset)
        indent = self.data[line:offset]
        if not indent.strip():
            return line, indent
        return len(self.data[:offset].rstrip(b" \t;")), None

    def _offset(self, line: int, column: int) -> int:
        return self._lines[line - 1] + column

    def _end(self, node: ast.stmt) -> int:
        return self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)


def _decode(text: bytes) -> str:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode()


def replace_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` in one step; its mode stays. Raises ``InputError`` where that is not possible."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, path.stat().st_mode & 0o7777)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise input_error(f"{path}: cannot be written ({error.strerror}); make file and folder writable") from error
