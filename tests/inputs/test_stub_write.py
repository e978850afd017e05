"""``--write``: the answer stands in the stub's place, it is the function that was verified, and nothing else moved."""

import ast
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linewise.errors import InputError
from linewise.inputs import StubTask, load_stub
from linewise.inputs.answer import same_body

FILE = '''#!/usr/bin/env python
# Häuser
import math   # odd   spacing


@staticmethod
# about f
def f(a, b = 2):  # trailing
    """Doc: ö."""
    # TODO
    pass  # gone

y = f   # stays
'''

ANSWER = '''import math
import re
from collections import Counter, deque

LIMIT = 10
UNUSED = 1


def helper(x):
    return Counter([x, LIMIT])


def f(a, b=2):
    """Another docstring."""
    # First a comment.
    if a:
        return """two
  lines""", re

    return helper(late(math.pi))


def late(x):
    return x
'''

WRITTEN = '''#!/usr/bin/env python
# Häuser
import math   # odd   spacing


import re
from collections import Counter
LIMIT = 10
def helper(x):
    return Counter([x, LIMIT])


@staticmethod
# about f
def f(a, b = 2):  # trailing
    """Doc: ö."""
    # TODO
    # First a comment.
    if a:
        return """two
  lines""", re

    return helper(late(math.pi))


def late(x):
    return x

y = f   # stays
'''


def loaded(folder: Path, text: str | bytes) -> StubTask:
    path = folder / "stub.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_stub(path)


def function(source: str | bytes, name: str = "f") -> ast.FunctionDef:
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name]
    assert len(found) == 1
    return found[0]


def test_golden(tmp_path: Path) -> None:
    stub = loaded(tmp_path, FILE)
    stub.write(ANSWER)
    assert stub.path.read_text(encoding="utf-8") == WRITTEN
    assert stub.merged(ANSWER) in WRITTEN
    assert os.listdir(tmp_path) == ["stub.py"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(a): ...", "def f(a):\n    return a\n"),
        ("def f(a): pass; ...\nx = 1\n", "def f(a):\n    return a\nx = 1\n"),
        ("def f(a):\n\tpass", "def f(a):\n\treturn a\n"),
        ("def f(a):\n  'd'", "def f(a):\n  'd'\n  return a\n"),
        ("def f(a): 'd'\nx = 1", "def f(a):\n    'd'\n    return a\nx = 1"),
        ("def f(a):\n   'd'; pass", "def f(a):\n   'd'\n   return a\n"),
        ("def f(\n  a,\n): ...\n\n# end", "def f(\n  a,\n):\n    return a\n\n# end"),
        ("def f(a):\n    # why\n\n    ...\n    ...\n\n\nx = 1\n", "def f(a):\n    # why\n\n    return a\n\n\nx = 1\n"),
        ("x = 'ä'\ndef f(a): 'ä'; pass\n", "x = 'ä'\ndef f(a):\n    'ä'\n    return a\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_layouts(before: str, after: str, newline: str, tmp_path: Path) -> None:
    stub = loaded(tmp_path, before.replace("\n", newline))
    stub.write("def f(a):\n    return a\n")
    expected = after.replace("\n", newline if "\n" in before else "\n")
    assert stub.path.read_bytes() == expected.encode()


@pytest.mark.parametrize(
    "answer", ["def f(a): return a", "def f(a):\n  'd'; return a", "def f(a):\n\n  # c\n  return a"]
)
def test_layouts_of_answers(answer: str, tmp_path: Path) -> None:
    stub = loaded(tmp_path, "def f(a):\n    'doc'\n")
    stub.write(answer)
    assert same_body(function(stub.path.read_bytes()), function(answer))


def test_the_end_of_a_docstring_is_no_comment(tmp_path: Path) -> None:
    doc = '    """Add.\n\n    # note"""\n'
    stub = loaded(tmp_path, f"def f(a):\n{doc}    ...\n")
    stub.write(f"def f(a):\n{doc}    return a\n")
    assert stub.path.read_text() == f"def f(a):\n{doc}    return a\n"


def test_byte_order_mark_mode_and_link_stay(tmp_path: Path) -> None:
    stub = loaded(tmp_path, b"\xef\xbb\xbfdef f(a): ...\r\n")
    stub.path.chmod(0o750)
    link = tmp_path / "link.py"
    link.symlink_to(stub.path)
    load_stub(link).write("def f(a):\n    return a\n")
    assert stub.path.read_bytes() == b"\xef\xbb\xbfdef f(a):\r\n    return a\r\n"
    assert stat.S_IMODE(stub.path.stat().st_mode) == 0o750
    assert link.is_symlink()


def test_an_answer_with_a_docstring_for_a_stub_without_one_keeps_it(tmp_path: Path) -> None:
    stub = loaded(tmp_path, "def f(a): ...\n")
    stub.write('def f(a):\n    """Says a."""\n    return a\n')
    assert stub.path.read_text() == 'def f(a):\n    """Says a."""\n    return a\n'


def test_an_empty_answer_becomes_pass(tmp_path: Path) -> None:
    stub = loaded(tmp_path, "def f(a):\n    'doc'\n")
    stub.write('def f(a):\n    "only this"\n')
    assert stub.path.read_text() == "def f(a):\n    'doc'\n    pass\n"


FILE_WITH_HELPER = "from math import pi\ndef helper(x):\n    return x\ndef f(a):\n    ...\n"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("def g(a):\n    return a", "the answer defines no function f; it is not written"),
        ("f = abs", "the answer defines no function f; it is not written"),
        ("async def f(a):\n    return a", "the answer defines no function f; it is not written"),
        ("def f(b):\n    return b", "the answer takes (b), the stub (a); it is not written"),
        ("def f(a, b=1):\n    return b", "the answer takes (a, b=1), the stub (a); it is not written"),
        ("def f(a:", "the answer: line 1 'def f(a:' does not parse ('(' was never closed); it is not written"),
        ("@cache\ndef f(a):\n    return a", "the answer has decorators that the stub has not; it is not written"),
        (
            "def helper(x):\n    return 2\ndef f(a):\n    return helper(a)",
            "the answer redefines helper, which the file defines; it is not written",
        ),
        (
            "from cmath import pi\ndef f(a):\n    return pi",
            "the answer redefines pi, which the file defines; it is not written",
        ),
    ],
)
def test_answers_that_do_not_fit_leave_the_file_alone(answer: str, said: str, tmp_path: Path) -> None:
    stub = loaded(tmp_path, FILE_WITH_HELPER)
    with pytest.raises(InputError) as caught:
        stub.write(answer)
    assert str(caught.value) == f"{stub.path}: {said}"
    assert stub.path.read_text() == FILE_WITH_HELPER
    assert os.listdir(tmp_path) == ["stub.py"]


def test_what_the_file_has_already_is_not_repeated(tmp_path: Path) -> None:
    stub = loaded(tmp_path, FILE_WITH_HELPER)
    stub.write("from math import pi, e\ndef helper(x):\n    return x\ndef f(a):\n    return helper(pi) + e\n")
    assert stub.merged("from math import pi\ndef f(a):\n    return pi") == "def f(a):\n    return pi\n"
    assert stub.path.read_text() == (
        "from math import pi\ndef helper(x):\n    return x\nfrom math import e\n\n\ndef f(a):\n"
        "    return helper(pi) + e\n"
    )


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    stub = loaded(tmp_path, "def f(a): ...\n")
    stub.path.write_text("def f(a): ...\nx = 1\n")
    with pytest.raises(InputError, match="has changed since it was read; run the command again"):
        stub.write("def f(a):\n    return a\n")
    assert stub.path.read_text() == "def f(a): ...\nx = 1\n"


def test_merged_begins_with_the_files_future_imports(tmp_path: Path) -> None:
    stub = loaded(tmp_path, "from __future__ import annotations\nimport re\ndef f(a: Late):\n    ...\n")
    assert stub.merged("def f(a):\n    return a") == (
        "from __future__ import annotations\ndef f(a: Late):\n    return a\n"
    )


LINES = st.sampled_from(
    ["return a", "a = 1", "# note", "", "x = '''\n  s\n\t'''", "if a:", "for i in a:", "y = f'{a}'"]
)


@st.composite
def answers(draw: st.DrawFn) -> str:
    """A function ``f(a)`` of random lines, nested at random, at a random indent."""
    indent = draw(st.sampled_from(["  ", "    ", "\t"]))
    depth, body = 1, []
    for line in draw(st.lists(LINES, min_size=1, max_size=8)):
        body.append(indent * depth + line if line else "")
        depth = depth + 1 if line.endswith(":") else draw(st.integers(1, depth))
        if line.endswith(":"):
            body.append(indent * depth + "pass")
    return "\n".join(["def f(a):", *body, f"{indent}return 0", ""])


OTHER = st.sampled_from(["x = 1", "", "# ä", "def g():\n    return f(1)", "s = '''\n  '''", "class C: pass", "\f"])
STUBS = st.sampled_from(
    ["def f(a): ...", "def f(a):\n    'doc ü'", "def f(a):\n\t'''doc\n  more'''\n\tpass", "@g\ndef f(\n  a): 'd'; pass"]
)


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """What stands before a stub, the stub, and what stands after it."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    head = "".join(f"{part}\n" for part in draw(st.lists(OTHER, max_size=4)))
    tail = "".join(f"{part}\n" for part in draw(st.lists(OTHER, max_size=4)))
    parts = [part.replace("\n", newline).encode() for part in (head, draw(STUBS) + "\n", tail)]
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + parts[0], parts[1], parts[2]


@given(parts=files(), answer=answers())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_writing_keeps_every_other_byte_and_the_answers_body(
    parts: tuple[bytes, bytes, bytes], answer: str, tmp_path: Path
) -> None:
    head, stub_source, tail = parts
    stub = loaded(tmp_path, b"".join(parts))
    stub.write(answer)
    result = stub.path.read_bytes()
    assert result.startswith(head)
    assert result.endswith(tail)
    new = function(result)
    assert same_body(new, function(answer))
    assert ast.get_docstring(new, clean=False) == ast.get_docstring(function(stub_source), clean=False)
    assert result.count(b"\r") in (0, result.count(b"\n"))
