"""Examples in the docstrings of HumanEval as visible tests: what is certain, and no more.

Besides ``>>>`` there are a dozen ways in which these docstrings say what a call returns. An example becomes a test
where its arguments and its result are literals and nothing else stands there; every other one is left out, such as
``bf("Earth", "Mercury") ==> ("Venus")``, which may mean a text or a tuple.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

RESULT = re.compile(r"\s*(?:#\s*)?(?P<sign>={1,2}>|-{1,2}>|➞|={1,2}|(?:should\s+)?returns?)\s*(?P<value>\S.*)")
"""What stands between a call and the value that it returns."""
PROMPT = ">>> "

IN_WORDS = re.compile(r"^\s*For\s+(?P<given>\w+ = .*?),?\s+the\s+(?:output|result)\s+should\s+be\s+(?P<value>\S.*)$")
INPUT = re.compile(r"^\s*Input:\s*(?P<value>\S.*)$")
OUTPUT = re.compile(r"^\s*Output:\s*(?P<value>\S.*)$")
TRUTHS = {"true": "True", "false": "False"}


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is to be written: its name, its parameters, its docstring."""

    name: str
    parameters: tuple[str, ...]
    docstring: str

    @classmethod
    def of(cls, node: ast.FunctionDef) -> "Function":
        """From its definition. A docstring counts wherever it stands, for one of HumanEval's follows an import."""
        texts = [
            one.value.value
            for one in node.body
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
        ]
        return cls(node.name, tuple(argument.arg for argument in node.args.args), "\n".join(texts))


def examples(function: Function) -> tuple[str, ...]:
    """Assert statements, in order and each once."""
    found = [*_doctests(function), *_calls(function), *_in_words(function), *_inputs(function)]
    return tuple(dict.fromkeys(found))


def _doctests(function: Function) -> Iterator[str]:
    """A line that begins with ``>>>``, and the value on the next one.

    Read by hand: the library's parser rejects a whole docstring for one example with a line break in a text.
    """
    lines = [line.strip() for line in function.docstring.splitlines()]
    for line, following in pairwise(lines):
        tree, want = _parsed(line.removeprefix(PROMPT)), _literal(following)
        if not line.startswith(PROMPT) or tree is None or want is None or function.name not in _called(tree):
            continue
        if not isinstance(tree, ast.Compare):
            yield f"assert {ast.unparse(tree)} == {want}"
        elif want == "True":
            yield f"assert {ast.unparse(tree)}"


def _calls(function: Function) -> Iterator[str]:
    """Lines such as ``f(1) == 2``, ``f(1) ➞ 2`` or ``f(1) should return 2``.

    Where one of them is an equation (``f(n) = f(n - 1) + 1``), a single ``=`` defines and is no example.
    """
    lines = [
        line
        for line, following in pairwise([*function.docstring.splitlines(), ""])
        if function.name in line and not (line.strip().startswith(PROMPT) and _literal(following))
    ]
    shown = [(call, *result) for line in lines for call, result in _shown(line[line.index(function.name) :])]
    equations = any(sign == "=" and not _is_fixed(call) for call, sign, _ in shown)
    for call, sign, value in shown:
        want = _literal(value)
        if want is not None and _is_fixed(call) and not (sign == "=" and equations):
            yield f"assert {ast.unparse(call)} == {want}"


def _shown(text: str) -> Iterator[tuple[ast.Call, tuple[str, str]]]:
    """The call that ``text`` begins with, and the sign and the text behind it."""
    for end in (found.end() for found in re.finditer(r"\)", text)):
        call, result = _parsed(text[:end]), RESULT.fullmatch(text[end:])
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and result:
            yield call, (result["sign"], result["value"])
            return


def _in_words(function: Function) -> Iterator[str]:
    """Lines such as ``For a = 1, b = 2 the output should be 3``."""
    found = (IN_WORDS.match(line) for line in function.docstring.splitlines())
    yield from _given(function, ((one["given"], one["value"]) for one in found if one))


def _inputs(function: Function) -> Iterator[str]:
    """Pairs of lines such as ``Input: a = 1, b = 2`` and ``Output: 3``."""
    lines = [line for line in function.docstring.splitlines() if line.strip()]
    found = ((INPUT.match(one), OUTPUT.match(other)) for one, other in pairwise(lines))
    yield from _given(function, ((one["value"], other["value"]) for one, other in found if one and other))


def _given(function: Function, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Arguments may be given by name, all of them, or one alone without its name."""
    for given, shown in pairs:
        call, want = _parsed(f"{function.name}({given})"), _literal(shown)
        if not isinstance(call, ast.Call) or want is None:
            continue
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        names = tuple(keyword.arg for keyword in call.keywords) or function.parameters
        if len(values) == len(function.parameters) and names == function.parameters and all(map(_is_literal, values)):
            yield f"assert {function.name}({', '.join(map(ast.unparse, values))}) == {want}"


def _parsed(source: str) -> ast.expr | None:
    try:
        return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _called(tree: ast.expr) -> set[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {call.id for call in calls if isinstance(call, ast.Name)}


def _literal(text: str) -> str | None:
    """``text`` as the source of a literal; ``None`` where it is none, or may be meant otherwise."""
    text = text.strip().removesuffix(".")
    tree = _parsed(TRUTHS.get(text, text))
    if tree is None or not _is_literal(tree):
        return None
    in_brackets = text.startswith("(") and not isinstance(tree, ast.Tuple)
    return None if in_brackets else ast.unparse(tree)


def _is_fixed(call: ast.Call) -> bool:
    return not call.keywords and all(map(_is_literal, call.args))


def _is_literal(tree: ast.expr) -> bool:
    try:
        ast.literal_eval(tree)
    except (ValueError, TypeError):
        return False
    return True
