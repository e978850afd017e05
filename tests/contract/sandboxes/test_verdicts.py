"""What every sandbox must say about programs and tests."""

import pytest
from sandbox_runs import LIMITS, run_assert, run_stdio

from linewise.execution.base import Program, Sandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure, ProbeTest, Status, Trust

DOUBLE = """\
    def f(x):
        return x * 2
"""


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("assert f(2) == 4", "4"),
        ("assert 4 == f(2)", "4"),
        ("four = 4\nassert four == f(2)", "4"),
        ("x = f(2)\nassert x == 4", "4"),
        ("assert set(f([1])) == set([1])", "{1}"),
        ("assert sorted(f([1])) == [1, 1], 'message'", "[1, 1]"),
        ("import math\nassert math.isclose(f(0.5), 1.0, rel_tol=1e-9)", "1.0"),
        ("from math import isclose\nassert isclose(1.0, f(0.5))", "1.0"),
        ("assert abs(f(0.5) - 1.0) < 1e-9", "1.0"),
        ("assert 1e-9 > abs(1.0 - f(0.5))", "1.0"),
        ("assert f(1)", "True"),
        ("assert not f(0)", "False"),
        ("assert f('') is not None", None),
        ("assert f(2) == 4 and f(3) == 6", "4"),
        ("def check(candidate):\n    assert candidate(2) == 4\ncheck(f)", "4"),
    ],
)
def test_expected_value_of_every_assert_form(sandbox: Sandbox, test: str, expected: str | None) -> None:
    outcome = run_assert(sandbox, DOUBLE, test)
    assert (outcome.status, outcome.error) == (Status.PASSED, None)
    assert outcome.expected == expected


@pytest.mark.parametrize(
    ("test", "invocation", "value"),
    [
        ("assert f(2) == 4", "f(2)", "4"),
        ("assert f( x = 'a' ) == 'aa'", "f( x = 'a' )", "'aa'"),
        ("assert f(f(2)) == 8", "f(f(2))", "8"),
        ("def check(candidate):\n    assert candidate([1]) == [1, 1]\ncheck(f)", "f([1])", "[1, 1]"),
        ("for n in (3, 4):\n    assert f(n) == 2 * n", "f(n)", "6"),
    ],
)
def test_invocation_and_value(sandbox: Sandbox, test: str, invocation: str, value: str) -> None:
    outcome = run_assert(sandbox, DOUBLE, test)
    assert outcome.passed
    assert (outcome.invocation, outcome.value) == (invocation, value)


def test_wrong_answer_keeps_both_values(sandbox: Sandbox) -> None:
    outcome = run_assert(sandbox, DOUBLE, "assert f(2) == 5")
    assert (outcome.status, outcome.failure) == (Status.FAILED, Failure.WRONG)
    assert (outcome.value, outcome.expected, outcome.error, outcome.error_line) == ("4", "5", None, None)


def test_message_of_an_assert(sandbox: Sandbox) -> None:
    outcome = run_assert(sandbox, DOUBLE, "assert f(2) == 5, f'not {f(2)}'")
    assert (outcome.failure, outcome.error) == (Failure.WRONG, "AssertionError: not 4")


def test_assertion_of_the_program_is_an_exception(sandbox: Sandbox) -> None:
    outcome = run_assert(sandbox, "def f():\n    assert False, 'mine'\n")
    assert (outcome.failure, outcome.error, outcome.error_line) == (Failure.EXCEPTION, "AssertionError: mine", 2)


def test_exception_names_the_innermost_line_of_the_program(sandbox: Sandbox) -> None:
    outcome = run_assert(sandbox, "import json\n\ndef g():\n    json.loads('{')\n\ndef f():\n    g()\n")
    assert outcome.failure is Failure.EXCEPTION
    assert outcome.error is not None
    assert outcome.error.startswith("JSONDecodeError: ")
    assert outcome.error_line == 4


@pytest.mark.parametrize(
    ("source", "line"),
    [("def f(:\n    pass\n", 1), ("def f():\n    return 1\n  x = 2\n", 3), ("def f():\n    return (1\n", 2)],
)
def test_syntax_error_of_the_program(sandbox: Sandbox, source: str, line: int) -> None:
    outcome = run_assert(sandbox, source)
    assert outcome.failure is Failure.EXCEPTION
    assert outcome.error is not None
    assert outcome.error.split(":")[0] in ("SyntaxError", "IndentationError")
    assert outcome.error_line == line
    assert outcome.invocation == "f()"


def test_prelude_and_setup_surround_the_program(sandbox: Sandbox) -> None:
    source = """\
        class Node:
            def __init__(self, v):
                self.v = v * FACTOR

        def f(node):
            return node.v + OFFSET
    """
    outcome = run_assert(
        sandbox, source, "assert f(root) == 7", prelude="FACTOR = 2", setup="root = Node(3)\nOFFSET = 1"
    )
    assert (outcome.passed, outcome.error) == (True, None)


def test_class_as_entry_point(sandbox: Sandbox) -> None:
    source = """\
        class Adder:
            def __init__(self, n):
                self.n = n

            def add(self, x):
                return self.n + x
    """
    outcome = run_assert(sandbox, source, "assert Adder(1).add(2) == 3", entry_point="Adder")
    assert outcome.passed
    assert (outcome.invocation, outcome.value, outcome.expected) == ("Adder(1).add(2)", "3", "3")


def test_method_as_entry_point(sandbox: Sandbox) -> None:
    source = "class Stack(list):\n    def push(self, x):\n        self.append(x)\n        return self\n"
    outcome = run_assert(sandbox, source, "s = Stack()\nassert s.push(1) == [1]", entry_point="push")
    assert (outcome.passed, outcome.invocation, outcome.value) == (True, "s.push(1)", "[1]")


def test_helper_in_setup_may_call_the_entry_point(sandbox: Sandbox) -> None:
    setup = "def check(function):\n    assert function(1) == 3\n"
    outcome = run_assert(sandbox, DOUBLE, "check(f)", setup=setup)
    assert (outcome.failure, outcome.invocation, outcome.value) == (Failure.WRONG, "f(1)", "2")


def test_recursion_is_as_deep_as_usual(sandbox: Sandbox) -> None:
    source = "def f(n):\n    return n and 1 + f(n - 1)\n"
    for test in ("assert f(900) == 900", "def check(g):\n    assert g(900) == 900\ncheck(f)"):
        assert run_assert(sandbox, source, test).passed


def test_dataclasses_with_postponed_annotations_work(sandbox: Sandbox) -> None:
    source = """\
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class Point:
            x: int

        def f():
            return Point(1)
    """
    outcome = run_assert(sandbox, source, "assert f().x == 1")
    assert (outcome.passed, outcome.value) == (True, "Point(x=1)")


def test_main_guard_does_not_run_in_a_function_task(sandbox: Sandbox) -> None:
    source = "def f():\n    return 1\n\nif __name__ == '__main__':\n    raise ValueError\n"
    assert run_assert(sandbox, source).passed


def test_stdout_is_captured(sandbox: Sandbox) -> None:
    source = "import os\n\ndef f():\n    print('a', flush=True)\n    os.write(1, b'b')\n    print('ä')\n    return 1\n"
    outcome = run_assert(sandbox, source)
    assert (outcome.passed, outcome.stdout) == (True, "a\nbä\n")


def test_warnings_are_not_shown(sandbox: Sandbox) -> None:
    outcome = run_assert(sandbox, "def f():\n    return 1 if '\\d' is '\\d' else 1\n")
    assert (outcome.passed, outcome.stdout) == (True, "")


def test_probe_passes_when_it_ends(sandbox: Sandbox) -> None:
    program = Program("def f(x):\n    return 1 // x\n", "f")
    tests = [ProbeTest("f(1)"), ProbeTest("f(0)")]
    ended, raised = sandbox.run(program, tests, LIMITS, meter=Meter())
    assert (ended.status, ended.invocation, ended.value, ended.expected) == (Status.PASSED, "f(1)", "1", None)
    assert (raised.failure, raised.error_line) == (Failure.EXCEPTION, 2)


def test_sets_of_text_have_one_order(sandbox: Sandbox) -> None:
    outcomes = [run_assert(sandbox, "def f():\n    return set('linewise')\n", "assert f()") for _ in range(3)]
    assert len({outcome.value for outcome in outcomes}) == 1


@pytest.mark.parametrize(
    "source",
    [
        "def solve():\n    print(int(input()) * 2)\n",
        "def solve():\n    print(int(input()) * 2)\n\nsolve()\n",
        "def solve():\n    print(int(input()) * 2)\n\ndef main():\n    solve()\n\nif __name__ == '__main__': main()\n",
        "import sys\nprint(int(sys.stdin.read()) * 2, '  ')\nprint()\n",
        "print(int(open(0).read()) * 2)\nexit()\n",
        "import sys\nprint(int(sys.stdin.buffer.readline()) * 2)\nsys.exit(0)\n",
    ],
)
def test_stdio_forms(sandbox: Sandbox, source: str) -> None:
    outcome = run_stdio(sandbox, source, "21\n", "42\n")
    assert (outcome.status, outcome.error, outcome.expected) == (Status.PASSED, None, "42\n")


def test_stdio_of_a_long_output(sandbox: Sandbox) -> None:
    source = "for n in range(int(input())):\n    print(n)\n"
    expected = "\n".join(map(str, range(30_000)))
    assert run_stdio(sandbox, source, "30000\n", expected).passed
    assert run_stdio(sandbox, source, "29999\n", expected).failure is Failure.WRONG
    assert run_stdio(sandbox, source, "30000\n", "0\n").failure is Failure.OUTPUT
    assert run_stdio(sandbox, source, "9000000\n", expected).failure is Failure.OUTPUT
    assert run_stdio(sandbox, "print('\u0436' * 4_000_000)", "", "\u0436" * 4_000_000).passed


@pytest.mark.parametrize(
    ("source", "failure"),
    [
        ("import os\nprint(42, flush=True)\nos._exit(0)\n", None),
        ("import os\nos.write(1, b'42')\nif os.fork() == 0:\n    os._exit(0)\nos.wait()\nos._exit(0)\n", None),
        ("import os, threading\ndef main():\n    print(42, flush=True)\n    os._exit(0)\n"
         "threading.Thread(target=main).start()\nwhile True:\n    pass\n", None),
        ("import os\nprint(42)\nos._exit(0)\n", Failure.WRONG),
        ("import os\nprint(42, flush=True)\nos._exit(1)\n", Failure.EXCEPTION),
    ],
)  # fmt: skip
def test_stdio_ends_at_once(sandbox: Sandbox, source: str, failure: Failure | None) -> None:
    outcome = run_stdio(sandbox, source, "", "42\n")
    assert (outcome.failure, outcome.passed) == (failure, failure is None)


def test_a_program_has_a_file_name(sandbox: Sandbox) -> None:
    assert run_stdio(sandbox, "import os\nprint(os.path.basename(__file__))", "", "program.py").passed


def test_standard_streams_have_the_modes_and_names_that_scripts_ask_for(sandbox: Sandbox) -> None:
    source = "import sys\nprint(sys.stdin.mode, sys.stdout.mode, sys.stderr.mode, sys.stdin.name, sys.stdout.name)"
    for stdin in ("", "1\n"):
        assert run_stdio(sandbox, source, stdin, "r w w <stdin> <stdout>").passed


@pytest.mark.parametrize(
    "test",
    [
        "try:\n    f()\n    assert False\nexcept StopIteration as error:\n    assert error.value == 7",
        "try:\n    next(map(lambda _: f(), [1]))\n    assert False\nexcept Exception:\n    pass",
        "try:\n    list(f() for _ in [1])\n    assert 0\nexcept Exception as e:\n    assert type(e) is RuntimeError",
        "try:\n    f()\n    assert False\nexcept* StopIteration:\n    pass",
    ],
)
def test_an_end_of_iteration_that_the_test_handles(sandbox: Sandbox, test: str) -> None:
    program = Program(
        "def f():\n    raise StopIteration(7)\n", "f", setup="try:\n    0 / 0\nexcept ZeroDivisionError:\n    pass"
    )
    (outcome,) = sandbox.run(program, [AssertTest(test)], LIMITS, meter=Meter())
    assert (outcome.passed, outcome.trust) == (True, Trust.SEPARATE), outcome


def test_stdio_wrong_output(sandbox: Sandbox) -> None:
    outcome = run_stdio(sandbox, "def solve():\n    print(input() * 2)\n", "21\n", "42\n")
    assert (outcome.failure, outcome.stdout, outcome.invocation) == (Failure.WRONG, "2121\n", "solve()")


def test_stdio_exit_with_a_code_fails(sandbox: Sandbox) -> None:
    outcome = run_stdio(sandbox, "print(42)\nraise SystemExit(1)\n", "", "42\n")
    assert outcome.failure is Failure.EXCEPTION


def test_one_outcome_per_test_in_order(sandbox: Sandbox) -> None:
    meter = Meter()
    tests = [ProbeTest(f"f({n})") for n in range(9)]
    outcomes = sandbox.run(Program("def f(x):\n    return x\n", "f"), tests, LIMITS, meter=meter)
    assert [outcome.value for outcome in outcomes] == [str(n) for n in range(9)]
    assert meter.ledger().sandbox_runs == 9
    assert meter.ledger().seconds["sandbox"] > 0
