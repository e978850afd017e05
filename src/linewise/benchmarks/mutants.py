"""Broken variants of a program: one operator or one constant changed. They should fail where a test looks closely."""

import ast
import random
from collections.abc import Callable, Iterator
from functools import partial

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
"""What each operator becomes."""

Change = Callable[[], None]


def mutant(source: str, seed: int) -> str | None:
    """``source`` with one change, chosen by ``seed``; ``None`` where it holds nothing that could be changed."""
    tree = ast.parse(source)
    changes = list(_changes(tree))
    if not changes:
        return None
    random.Random(seed).choice(changes)()
    return ast.unparse(tree) + "\n"


def _changes(tree: ast.Module) -> Iterator[Change]:
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op) if type(op) in OPERATORS:
                yield partial(setattr, node, "op", OPERATORS[type(op)]())
            case ast.Compare(ops=[op, *others]) if type(op) in OPERATORS:
                yield partial(setattr, node, "ops", [OPERATORS[type(op)](), *others])
            case ast.Constant(value=bool(value)):
                yield partial(setattr, node, "value", not value)
            case ast.Constant(value=int(value)):
                yield partial(setattr, node, "value", value + 1)
            case ast.Constant(value=str(value)):
                yield partial(setattr, node, "value", value + "x")
