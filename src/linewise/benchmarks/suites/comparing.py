"""How EvalPlus compares: with what the reference returns for the same input, and for some tasks otherwise.

This module's text is part of every hidden test of these suites, so it needs nothing but the standard library.
"""

import json
from collections.abc import Callable
from typing import Any

RELATIVE = 1e-7
FLOATS = 1e-6
"""Tolerances: relative to the expected value, and absolute where floats are expected and the task names none."""


def check(program: Callable[..., Any], reference: Callable[..., Any], cases: str, rule: str, tolerance: float) -> None:
    """Compare both on every case. Raises ``AssertionError``, and whatever the program raises."""
    compare = RULES.get(rule, equal)
    for case in json.loads(cases):
        expected = reference(*decoded(case))
        arguments = decoded(case)
        returned = program(*arguments)
        assert compare(returned, expected, arguments, tolerance)


def decoded(item: Any) -> Any:
    """The value that ``evalplus.encoded`` made ``item`` of, anew at every call."""
    if type(item) is list:
        return [decoded(one) for one in item]
    if type(item) is not dict:
        return item
    ((kind, content),) = item.items()
    if kind == "complex":
        return complex(*content)
    values = decoded(content)
    return {"tuple": tuple, "set": set, "dict": dict}[kind](values)


def equal(returned: Any, expected: Any, arguments: Any, tolerance: float) -> bool:
    """Equal, or of the same type and near each other where there is a tolerance or floats are expected."""
    if returned == expected:
        return True
    allowed = FLOATS if tolerance == 0 and is_floats(expected) else tolerance
    return allowed != 0 and type(returned) is type(expected) and near(returned, expected, allowed)


def is_floats(value: Any) -> bool:
    """Whether this is a float, or a list or tuple of floats alone."""
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(one, float) for one in value)
    return isinstance(value, float)


def near(returned: Any, expected: Any, allowed: float) -> bool:
    """Whether numbers are near each other, and lists of them item by item."""
    if isinstance(returned, list | tuple) and isinstance(expected, list | tuple):
        alike = len(returned) == len(expected)
        return alike and all(near(one, other, allowed) for one, other in zip(returned, expected, strict=True))
    if not isinstance(returned, int | float | complex) or not isinstance(expected, int | float | complex):
        return False
    if returned == expected:
        return True
    return abs(expected) != float("inf") and abs(returned - expected) <= allowed + RELATIVE * abs(expected)


def same_members(returned: Any, expected: Any, arguments: Any, tolerance: float) -> bool:
    """In any order, however often."""
    return set(returned) == set(expected)


def both_something(returned: Any, expected: Any, arguments: Any, tolerance: float) -> bool:
    """Whether something is found, said by a truth value or by a value that is not ``None``."""
    found = returned if isinstance(returned, bool) else returned is not None
    return bool(found == (expected is not None))


def equal_or_digits(returned: Any, expected: Any, arguments: Any, tolerance: float) -> bool:
    """The expected value, or the sum of differences between the digits of two numbers, aligned on the right."""
    width = max(len(str(number)) for number in arguments)
    first, second = (str(number).zfill(width) for number in arguments)
    digits = sum(abs(int(one) - int(other)) for one, other in zip(first, second, strict=True))
    return bool(returned == digits) or equal(returned, expected, arguments, tolerance)


def equal_or_surface(returned: Any, expected: Any, arguments: Any, tolerance: float) -> bool:
    """The expected value, or a square pyramid's surface where the second number is its height and no slant height."""
    edge, height = arguments
    surface = round(edge**2 + 2 * edge * ((edge / 2) ** 2 + height**2) ** 0.5)
    return equal(returned, expected, arguments, tolerance) or bool(abs(returned - surface) <= tolerance)


def published_root(returned: Any, expected: Any, arguments: Any, tolerance: float) -> bool:
    """As the published test of HumanEval/32 has it. It takes the zero for the coefficients, so that a number is a
    ``TypeError``: EvalPlus passes no answer to this task, and scores are comparable only where nobody else does.
    """
    return bool(abs(polynomial(*returned, *arguments)) <= tolerance)


def polynomial(coefficients: Any, point: Any) -> Any:
    """The value of a polynomial at a point."""
    return sum(coefficient * point**power for power, coefficient in enumerate(coefficients))


RULES: dict[str, Callable[[Any, Any, Any, float], bool]] = {
    "members": same_members,
    "something": both_something,
    "or digits": equal_or_digits,
    "or surface": equal_or_surface,
    "root": published_root,
}
"""By name, what counts as right where equality does not."""
