"""Broken variants: one change, the same for a seed, and caught where a test looks."""

import ast

import pytest

from linewise.benchmarks.mutants import mutant

SOURCE = "def f(a, b):\n    # sum\n    if a < 3 and b:\n        return a + b * 2\n    return 'x'\n"


def test_one_place_is_changed_and_the_seed_says_which() -> None:
    variants = {mutant(SOURCE, seed) for seed in range(40)}
    assert len(variants) == 7
    assert mutant(SOURCE, 3) == mutant(SOURCE, 3)
    plain = ast.unparse(ast.parse(SOURCE)).splitlines()
    for variant in variants:
        assert variant is not None
        assert sum(one != other for one, other in zip(plain, variant.splitlines(), strict=True)) == 1


@pytest.mark.parametrize(
    ("source", "changed"),
    [("x = a // b", "x = a * b"), ("x = a not in b", "x = a in b"), ("x = True", "x = False"), ("x += 1", None)],
)
def test_what_things_become(source: str, changed: str | None) -> None:
    variants = {mutant(source, seed) for seed in range(20)}
    assert variants == ({f"{changed}\n"} if changed else {"x -= 1\n", "x += 2\n"})


def test_nothing_to_change() -> None:
    assert mutant("def f(x):\n    return x\n", 0) is None
