"""Executable extraction: whatever the model has written so far becomes a program, or nothing."""

import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from real_programs import PROGRAMS

from linewise.guidance.program import ends_with_return, executable, module_of, parses

CUTS = [
    pytest.param("\n".join(text.split("\n")[:lines]) + "\n", id=f"{name}-{lines}")
    for name, text in PROGRAMS.items()
    for lines in range(1, text.count("\n") + 1)
]


def has_definition(code: str) -> bool:
    """Whether a complete `def` or `class` header stands in ``code``."""
    headers = ("def ", "class ", "async def ")
    lines = code.replace("\r", "").split("\n")
    return any(parses(f"{line}\n    pass") or parses(line) for line in lines if line.startswith(headers))


def without_comments_and_docstrings(code: str) -> bool:
    tree = ast.parse(code)
    documented = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return all(ast.get_docstring(node) is None for node in ast.walk(tree) if isinstance(node, documented))


@pytest.mark.parametrize("code", CUTS)
def test_a_program_cut_after_any_line_runs_once_something_is_defined(code: str) -> None:
    program = executable(code)
    if has_definition(code):
        assert program is not None
    if program is not None:
        assert parses(program)
        assert without_comments_and_docstrings(program)
        assert executable(program) == program


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_cut_within_any_line_runs_once_something_is_defined(name: str) -> None:
    text = PROGRAMS[name]
    header = next(offset for offset in range(len(text)) if has_definition(text[:offset]))
    programs = [executable(text[:offset]) for offset in range(header, len(text))]
    assert all(program is not None and parses(program) for program in programs)


WORDS = """def f(x):|class A:|x = 1|x = [|]|)|return x|if x:|else:|elif x:|for a in x:|while x:|try:|except E:|finally:
with x:|'''|'doc'|# comment||@a|pass|x = (|x \\|yield"""
LINES = st.sampled_from(WORDS.replace("\n", "|").split("|"))
SOURCES = st.lists(st.tuples(st.integers(0, 3), LINES), max_size=8).map(
    lambda lines: "\n".join("    " * depth + line for depth, line in lines)
)


@given(SOURCES)
def test_what_parses_once_closed_with_pass_has_a_program(code: str) -> None:
    last = code.rstrip().rpartition("\n")[2]
    indent = last[: len(last) - len(last.lstrip())]
    closed = [f"{code.rstrip()}\n{indent}{deeper}pass" for deeper in ("", "    ")]
    if any(parses(text) for text in closed) and ast.parse(next(text for text in closed if parses(text))).body[1:]:
        assert executable(code) is not None


@given(SOURCES)
@example("'doc'\n'doc'")
def test_a_program_parses_and_stays_as_it_is(code: str) -> None:
    program = executable(code)
    if program is not None:
        assert parses(program)
        assert without_comments_and_docstrings(program)
        assert executable(program) == program


@given(st.text())
def test_any_text_is_a_program_or_none(text: str) -> None:
    program = executable(text)
    assert program is None or parses(program)


@pytest.mark.parametrize(
    ("code", "program"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("def f(x", None),
        ("def f(x):", "def f(x):\n    pass"),
        ("def f(x):\n    y = 1\n    retur", "def f(x):\n    y = 1\n    retur"),
        ("def f(x):\n    y = (1 +", "def f(x):\n    pass"),
        ("def f(x):\n    y = 1\n    for a in", "def f(x):\n    y = 1"),
        (
            "def f(x):\n    if x:\n        y = 1\n    else:",
            "def f(x):\n    if x:\n        y = 1\n    else:\n        pass",
        ),
        ("def f(x):\n    'doc'  # why\n    return x  # done", "def f(x):\n    return x"),
        ("'module'\nx = 1", "x = 1"),
        ("@cache\n", None),
        ("x = 1\n@cache\n", "x = 1"),
        ("x   =  1;y=2", "x = 1\ny = 2"),
        ('def f():\n    """open', "def f():\n    pass"),
        ('def f():\n    x = 1\n    y = """open\n# text\n', "def f():\n    x = 1"),
        ("def f():\n    try:\n        x = 1", "def f():\n    try:\n        x = 1\n    finally:\n        pass"),
        ("def f():\n    try:\n", "def f():\n    try:\n        pass\n    finally:\n        pass"),
        (
            "def f():\n    for a in b:\n        try:\n            x = 1\n            if x:",
            "def f():\n    for a in b:\n        try:\n            x = 1\n            if x:\n                pass\n"
            "        finally:\n            pass",
        ),
        (
            "def f():\n    try:\n        try:\n            x = 1",
            "def f():\n    try:\n        try:\n            x = 1\n        finally:\n            pass\n"
            "    finally:\n        pass",
        ),
        (
            "def f():\n    try:\n        x = 1\n    except E:",
            "def f():\n    try:\n        x = 1\n    except E:\n        pass",
        ),
    ],
)
def test_what_becomes_of_code(code: str, program: str | None) -> None:
    assert executable(code) == program


def test_programs_that_run_alike_compare_equal() -> None:
    assert executable("def f( x ):\n  # why\n  return (x)\n") == executable('def f(x):\n    """Doc."""\n    return x')


def test_odd_escapes_of_the_model_warn_nobody() -> None:
    assert module_of("x = '\\d'") is not None


@pytest.mark.parametrize("code", ["x = '\0'", "(" * 500 + ")" * 500, "x = \ud800", "-" * 5000 + "1"])
def test_hostile_text_does_not_parse_and_does_no_harm(code: str) -> None:
    assert module_of(code) is None


@pytest.mark.parametrize("space", ["\u00a0", "\u200b", "\u3000"])
def test_what_parses_and_cannot_be_written_out_again_does_no_harm(space: str) -> None:
    program = executable(f"def f(x):\n    return f\"{{'{space}'.join(x)}}\"\n")
    assert program is None or parses(program)
    assert executable(f"x = 0x{'f' * 9000}\n") is None


@pytest.mark.parametrize("depth", [150, 250, 500, 1000, 2000])
@pytest.mark.parametrize("link", [".strip()", " + x", "[0]"])
def test_deep_nesting_ends_in_a_program_or_none(link: str, depth: int) -> None:
    """Some depths parse and cannot be written out again; which ones depends on the Python."""
    program = executable(f"def f(x):\n    return x{link * depth}\n")
    assert program is None or parses(program)


@pytest.mark.parametrize(
    ("program", "returns"),
    [
        ("def f():\n    return 1\n", True),
        ("def f():\n    return", True),
        ("def f():\n    x = 1\n", False),
        ("def f():\n    if x:\n        return 1\n    y = 2", False),
        ("returned = 1", False),
        ("", False),
    ],
)
def test_ends_with_return(program: str, returns: bool) -> None:
    assert ends_with_return(program) is returns
