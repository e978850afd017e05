"""Reading what a user names, with one clear line where it cannot be read."""

import ast
import warnings
from pathlib import Path

from linewise.errors import InputError

MAX_BYTES = 10_000_000

PARSE_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What ``parse`` raises; the last three for null characters and for nesting that is too deep."""


def input_error(text: str) -> InputError:
    """An ``InputError`` whose text is certain to be one line."""
    return InputError(" ".join(line.strip() for line in text.splitlines()))


def read_input(path: Path) -> bytes:
    """The file's bytes, at most ``MAX_BYTES``, known to be UTF-8 and not blank; else ``InputError``."""
    _check_readable(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise input_error(f"{path}: cannot be read ({error.strerror}); make it readable") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise input_error(f"{path}: not UTF-8, first at line {line}; save the file as UTF-8") from error
    if not text.strip():
        raise input_error(f"{path}: the file is empty; write the task into it")
    return data


def _check_readable(path: Path) -> None:
    if path.is_dir():
        raise input_error(f"{path}: is a directory; name a file in it")
    if not path.exists():
        raise input_error(f"{path}: there is no such file; check the path")
    if not path.is_file():
        raise input_error(f"{path}: is no regular file; name a file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise input_error(f"{path}: is {size} bytes, more than the {MAX_BYTES} allowed; name a smaller file")


def parse(source: str) -> ast.Module:
    """The syntax tree of ``source``, checked as far as compiling it does. Raises ``PARSE_ERRORS``.

    Odd escapes and the like are the user's own affair: no warning of the compiler gets through.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
        compile(source, "<input>", "exec", dont_inherit=True)
    return tree


def parse_python(source: str, where: str, mend: str) -> ast.Module:
    """The syntax tree of ``source``; ``InputError`` with ``where``, the faulty line and ``mend`` where it has none."""
    try:
        return parse(source)
    except SyntaxError as error:
        lines = source.splitlines()
        line = lines[error.lineno - 1].strip() if error.lineno and error.lineno <= len(lines) else ""
        shown = f" {line!r}" if line else ""
        raise input_error(f"{where}: line {error.lineno}{shown} does not parse ({error.msg}); {mend}") from error
    except PARSE_ERRORS as error:
        raise input_error(f"{where}: does not parse ({error}); {mend}") from error
