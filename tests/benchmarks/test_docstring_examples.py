"""Examples in docstrings become tests where they are certain."""

import pytest

from linewise.benchmarks.suites.docstring_examples import Function, examples


def read_tests(docstring: str, *parameters: str) -> tuple[str, ...]:
    return examples(Function("f", parameters or ("x",), docstring))


@pytest.mark.parametrize(
    "text",
    [
        ">>> f(1)\n2",
        "f(1) == 2",
        "  f(1) ➞ 2  ",
        "* f(1) => 2",
        "f(1) ==> 2",
        "f(1) -> 2",
        "f(1)->2",
        "f(1) = 2",
        "f(1) returns 2",
        "f(1) should return 2.",
        "f(1) # => 2",
        "f(1)   # returns 2",
        "f(1) == 2 # because",
        ">>> f(1) == 2",
        ">>> f(1) == 2\nTrue",
        "For x = 1 the output should be 2.",
        "For x = 1, the result should be 2",
        "Input: 1\nOutput: 2",
        "Input: x = 1\nOutput: 2 # so it is",
        "Example: f(1) == 2",
    ],
)
def test_every_way_to_say_that_one_becomes_two(text: str) -> None:
    assert read_tests(text) == ("assert f(1) == 2",)


@pytest.mark.parametrize(
    "text",
    [
        'f(1) ==> ("text")',  # a text, or a tuple that lacks its comma
        "f(a) == 2",
        "f(1) == 1 + 1 = 2",
        "f(1) => 'No' (for it is so)",
        "g(1) == 2",
        "f(1) gives 2",
        "f(1) = 2\nf(n) = f(n - 1) + 1",
        "For y = 1 the output should be 2",
        "Input: x = 1, y = 2\nOutput: 2",
        "Input: 1\nThen\nOutput: 2",
        ">>> f(1)\n>>> f(2)",
        ">>> f(1) == 2\nFalse",
        'f(1) == ""2"',
    ],
)
def test_what_is_not_certain_is_left_out(text: str) -> None:
    assert read_tests(text) == ()


def test_several_arguments_and_nested_calls() -> None:
    assert read_tests("For x = [1, (2)], y = 'a)', the result should be (1, 2)", "x", "y") == (
        "assert f([1, 2], 'a)') == (1, 2)",
    )
    assert read_tests(">>> g(f(1))\ntrue") == ("assert g(f(1)) == True",)


def test_an_example_that_stands_twice_is_one_test() -> None:
    assert read_tests("f(1) == 2\nf(1) => 2\nf(2) == 3") == ("assert f(1) == 2", "assert f(2) == 3")
