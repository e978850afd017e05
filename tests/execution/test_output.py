"""When printed text is the expected one."""

import pytest

from linewise.execution.output import same_output
from linewise.schema import StdioTest


@pytest.mark.parametrize(
    ("compare", "printed", "expected", "same"),
    [
        ("lines", "1 2 \n3\n\n", "1 2\n3", True),
        ("lines", "1  2", "1 2", False),
        ("lines", " 1", "1", False),
        ("lines", "1\n\n2", "1\n2", False),
        ("lines", "", "", True),
        ("tokens", " 1\t2\n\n3", "1 2 3", True),
        ("tokens", "1 2", "1 2 3", False),
        ("tokens", "1.0", "1", False),
        ("tokens", "YES", "yes", False),
        ("numbers", "0.3333333", "0.33333333", True),
        ("numbers", "1e9", "1000000500", True),
        ("numbers", "1", "1.00001", False),
        ("numbers", "x 1.0", "x 1", True),
        ("numbers", "x", "y", False),
        ("numbers", "nan", "nan", True),
        ("numbers", "nan", "1", False),
        ("numbers", "1", "nan", False),
        ("numbers", "inf", "1e308", False),
        ("numbers", "1_0", "10", False),
        ("numbers", "", "0", False),
        ("numbers", "\u0661", "1", False),
    ],
)
def test_rules(compare: str, printed: str, expected: str, same: bool) -> None:
    assert same_output(printed, StdioTest("", expected, compare=compare)) is same


def test_tolerance_is_the_tests() -> None:
    assert same_output("1.4", StdioTest("", "1", compare="numbers", tolerance=0.5))
    assert not same_output("1.4", StdioTest("", "1", compare="numbers", tolerance=0.0))


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("9007199254740993", "9007199254740992", False),
        ("+007", "7", True),
        ("-0", "0", True),
        ("-1", "1", False),
        ("1.0", "1", True),
        ("0" * 5000 + "1" * 5000, "1" * 5000, True),
    ],
)
def test_whole_numbers_without_tolerance_are_compared_exactly(printed: str, expected: str, same: bool) -> None:
    assert same_output(printed, StdioTest("", expected, compare="numbers", tolerance=0.0)) is same
