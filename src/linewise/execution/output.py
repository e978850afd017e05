"""When printed output is the expected one, by the rule that the test names."""

import math

from linewise.schema import StdioTest


def same_output(printed: str, test: StdioTest) -> bool:
    """Whether ``printed`` is what the test expects; see ``StdioTest.compare``."""
    if test.compare == "lines":
        return _lines(printed) == _lines(test.stdout)
    tolerance = test.tolerance if test.compare == "numbers" else None
    tokens, expected = printed.split(), test.stdout.split()
    return len(tokens) == len(expected) and all(
        _same_token(one, other, tolerance) for one, other in zip(tokens, expected, strict=True)
    )


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _same_token(printed: str, expected: str, tolerance: float | None) -> bool:
    if printed == expected or tolerance is None:
        return printed == expected
    if tolerance == 0 and (digits := _digits(printed)) and (others := _digits(expected)):
        return digits == others  # as floats, neighbours are equal from 2**53 on
    number, wanted = _number(printed), _number(expected)
    return abs(number - wanted) <= tolerance * max(1.0, abs(wanted))


def _digits(text: str) -> str:
    """A whole number in its shortest form, of any length; empty where a token is none."""
    sign = text[:1] if text[:1] in {"+", "-"} else ""
    digits = text[len(sign) :]
    if not (digits.isascii() and digits.isdigit()):
        return ""
    digits = digits.lstrip("0") or "0"
    return f"-{digits}" if sign == "-" and digits != "0" else digits


def _number(text: str) -> float:
    """The finite number that a token is; else not a number, which is near nothing."""
    try:
        number = math.nan if "_" in text or not text.isascii() else float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan
