"""A test judges a program from another process, and sees the same as if it were in one with it."""

import pytest
from sandbox_runs import changed, run_assert, run_stdio

from linewise.execution.base import Program, Sandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure, Status, StdioTest, Trust


@pytest.mark.parametrize(
    ("body", "test"),
    [
        ("x.sort(); return None", "x = [2, 1]\nassert f(x) is None\nassert x == [1, 2]"),
        ("x.append(3); return x", "x = [1]\ny = f(x)\nassert y is x and x == [1, 3]"),
        ("x['k'] = [x]; return x", "x = {}\nassert f(x)['k'][0] is x"),
        ("y = x.pop(); y.append(2); return None", "y = [1]\nx = [y]\nf(x)\nassert x == [] and y == [1, 2]"),
        ("x.append(3); x.pop(5)", "x = []\ntry:\n    f(x)\nexcept IndexError:\n    pass\nassert x == [3]"),
        ("raise ValueError(x)", "x = []\ntry:\n    f(x)\nexcept ValueError as e:\n    assert e.args[0] is x"),
        (
            "x.move_to_end('a'); return x",
            "from collections import OrderedDict as D\nassert list(f(D(a=1, b=2)).items()) == [('b', 2), ('a', 1)]",
        ),
        ("return (x, x)", "a, b = f([1])\nassert a is b"),
        ("return [x] * 2 == [[1], [1]]", "assert f([1]) is True"),
        ("return {1: 2.0, 'a': (None, b'x')}", "assert f(0) == {1: 2.0, 'a': (None, b'x')}"),
        ("return float('nan')", "import math\nassert math.isnan(f(0))"),
        ("return 2 ** 100000", "assert f(0) == 2 ** 100000"),
        ("return '\\ud800'", "assert f(0) == '\\ud800'"),
        ("return [v for k, v in sorted(x.items())]", "assert f({'b': 1, 'a': 2}) == [2, 1]"),
        ("return x", "from collections import Counter\nassert type(f(Counter('aab'))) is Counter"),
    ],
)
def test_values_cross(sandbox: Sandbox, body: str, test: str) -> None:
    outcome = run_assert(sandbox, f"def f(x):\n    {body}\n", test)
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.SEPARATE)


RAISING = """\
import json, statistics

class Own(ValueError):
    pass

class Worse(json.JSONDecodeError):
    pass

class Both(ValueError, KeyError):
    pass

class Coded(ValueError):
    def __init__(self, code):
        self.code = code

    def __str__(self):
        return f"code {self.code}"

    def twice(self):
        return 2 * self.code

def noted(error):
    error.add_note("n")
    return error

def f():
"""


@pytest.mark.parametrize(
    ("raised", "caught"),
    [
        ("ValueError('a', 1)", "ValueError as error:\n    assert error.args == ('a', 1)"),
        ("KeyError('k')", "LookupError as error:\n    assert str(error) == repr('k')"),
        ("Own('x')", "ValueError as error:\n    assert str(error) == 'x' and type(error).__name__ == 'Own'"),
        ("SystemExit(3)", "SystemExit as error:\n    assert error.code == 3"),
        ("UnicodeDecodeError('a', b'', 0, 1, 'b')", "UnicodeError as error:\n    assert error.reason == 'b'"),
        ("StopIteration", "StopIteration:\n    pass"),
        ("statistics.StatisticsError('x')", "statistics.StatisticsError as error:\n    assert str(error) == 'x'"),
        ("json.JSONDecodeError('x', '{', 1)", "json.JSONDecodeError as error:\n    assert error.pos == 1"),
        ("Worse('x', '{', 1)", "json.JSONDecodeError as error:\n    assert error.doc == '{'"),
        ("Both('k')", "KeyError as error:\n    assert isinstance(error, ValueError) and error.args == ('k',)"),
        ("Coded(7)", "ValueError as error:\n    assert (error.code, str(error)) == (7, 'code 7')"),
        ("FileNotFoundError(2, 'x', 'y')", "OSError as error:\n    assert (error.errno, error.filename) == (2, 'y')"),
        ("ImportError('x', name='m')", "ImportError as error:\n    assert error.name == 'm'"),
        ("AttributeError('x', name='m', obj=[1])", "AttributeError as error:\n    assert error.obj == [1]"),
        ("noted(ValueError())", "ValueError as error:\n    assert error.__notes__ == ['n']"),
    ],
)
def test_exceptions_cross(sandbox: Sandbox, raised: str, caught: str) -> None:
    test = f"import json, statistics\ntry:\n    f()\nexcept {caught}\nelse:\n    assert False\n"
    outcome = run_assert(sandbox, f"{RAISING}    raise {raised}\n", test)
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.SEPARATE)


@pytest.mark.parametrize(
    ("raised", "caught"),
    [
        ("ValueError('a') from KeyError('b')", "ValueError as error:\n    assert error.__cause__.args == ('b',)"),
        ("Coded(7)", "ValueError as error:\n    assert error.twice() == 14"),
        ("ValueError(print)", "ValueError as error:\n    assert error.args[0] is print"),
        ("ExceptionGroup('a', [ValueError()])", "ExceptionGroup as error:\n    assert len(error.exceptions) == 1"),
    ],
)
def test_what_a_test_misses_of_an_exception_is_judged_in_process(sandbox: Sandbox, raised: str, caught: str) -> None:
    outcome = run_assert(sandbox, f"{RAISING}    raise {raised}\n", f"try:\n    f()\nexcept {caught}\n")
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.IN_PROCESS)


def test_an_exception_that_ends_the_test_is_the_programs(sandbox: Sandbox) -> None:
    outcome = run_assert(sandbox, "class Own(Exception):\n    pass\n\ndef f():\n    raise Own('x')\n")
    assert (outcome.failure, outcome.error, outcome.error_line) == (Failure.EXCEPTION, "Own: x", 5)
    assert outcome.trust is Trust.SEPARATE


def test_calls_share_the_programs_state(sandbox: Sandbox) -> None:
    source = "seen = []\n\ndef f(x):\n    seen.append(x)\n    return len(seen)\n"
    outcome = run_assert(sandbox, source, "assert [f(0), f(0), f(0)] == [1, 2, 3]")
    assert (outcome.passed, outcome.trust) == (True, Trust.SEPARATE)


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("def f(x):\n    yield x\n", "assert list(f(1)) == [1]"),
        ("def f(x):\n    return map(str, x)\n", "assert list(f([1])) == ['1']"),
        ("def f(x):\n    return x(1)\n", "assert f(lambda n: n + 1) == 2"),
        ("class A:\n    x = 1\n\ndef f():\n    return A()\n", "assert f().x == 1"),
        ("class A:\n    x = 1\n\ndef f(a):\n    return a.x\n", "assert f(A()) == 1"),
        ("globals()['extra'] = 1\n\ndef f():\n    return 1\n", "assert f() == extra"),
        ("async def f():\n    return 1\n", "import asyncio\nassert asyncio.run(f()) == 1"),
        ("def f():\n    '''doc'''\n", "assert f.__doc__ == 'doc'"),
        ("def f():\n    print('x')\n", "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as s:\n"
         "    f()\nassert s.getvalue() == 'x\\n'"),
    ],
)  # fmt: skip
def test_what_cannot_cross_is_judged_in_process_and_marked(sandbox: Sandbox, source: str, test: str) -> None:
    outcome = run_assert(sandbox, source, test)
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.IN_PROCESS)


@pytest.mark.parametrize(
    "test",
    [
        "a = f('k')\nb = f('k')\nassert a is b",
        "assert id(f('k')) == id(f('k'))",
        "es = []\nfor _ in range(2):\n    try:\n        f(0)\n    except ValueError as e:\n        es.append(e)\n"
        "assert es[0] is es[1]",
    ],
)
def test_who_asks_for_the_same_object_is_answered_in_process(sandbox: Sandbox, test: str) -> None:
    source = """\
        kept, error = {}, ValueError()

        def f(x):
            if not x:
                raise error
            return kept.setdefault(x, [x])
    """
    outcome = run_assert(sandbox, source, test)
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.IN_PROCESS)


def test_an_object_that_calls_return_again_is_seen_to_change(sandbox: Sandbox) -> None:
    source = "def f(x, seen=[]):\n    seen.append(x)\n    return seen\n"
    outcome = run_assert(sandbox, source, "a = f(1)\nb = f(2)\nassert a == b == [1, 2]")
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.IN_PROCESS)
    outcome = run_assert(sandbox, source, "assert f(1) == [1]\nassert f(2) == [1, 2]")
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.SEPARATE)
    outcome = run_assert(sandbox, "def f(x):\n    return [x]\n", "assert f(1) == [1]\nassert f(1) == [2]")
    assert (outcome.failure, outcome.trust) == (Failure.WRONG, Trust.SEPARATE)


def test_a_test_of_many_calls_is_not_late_for_crossing(sandbox: Sandbox) -> None:
    source = "def f(x):\n    return x\n"
    outcome = run_assert(sandbox, source, "for n in range(500_000):\n    assert f(n) == n", cpu_seconds=0.5)
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.IN_PROCESS)
    outcome = run_assert(sandbox, source, "n = 0\nwhile True:\n    n = f(n) + 1", cpu_seconds=0.3)
    assert (outcome.failure, outcome.trust) == (Failure.TIMEOUT, Trust.IN_PROCESS)


def test_a_value_over_the_bound_is_no_comparison_of_what_was_cut(sandbox: Sandbox) -> None:
    source = "def f(n):\n    return [0] * n\n"
    outcome = run_assert(sandbox, source, "assert f(10_000) == [0] * 10_000", value_bytes=10_000)
    assert (outcome.status, outcome.failure) == (Status.FAILED, Failure.OUTPUT)
    assert run_assert(sandbox, source, "assert f(1_000) == [0] * 1_000", value_bytes=10_000).passed


def test_floats_are_equal_only_where_they_are(sandbox: Sandbox) -> None:
    source = "def f():\n    return 0.1 + 0.2\n"
    assert run_assert(sandbox, source, "assert f() == 0.3").failure is Failure.WRONG
    assert run_assert(sandbox, source, "assert f() == 0.1 + 0.2").passed
    assert run_assert(sandbox, source, "assert abs(f() - 0.3) < 1e-9").passed


def test_an_endless_test_is_ended(sandbox: Sandbox) -> None:
    outcome = run_assert(sandbox, "def f():\n    return 1\n", "f()\nwhile True: pass", cpu_seconds=0.2)
    assert outcome.failure is Failure.TIMEOUT


def test_a_judge_that_ran_out_of_time_is_replaced_unseen(sandbox: Sandbox) -> None:
    program, meter = Program("def f():\n    return 1\n", "f"), Meter()
    limits = changed({"cpu_seconds": 0.2})
    for _ in range(3):
        late, right = (
            sandbox.run(program, [AssertTest(test)], limits, meter=meter)[0]
            for test in ("f()\nwhile True: pass", "assert f() == 1")
        )
        assert (late.failure, right.passed) == (Failure.TIMEOUT, True)
    assert meter.ledger().sandbox_runs == 6


def test_tests_do_not_see_each_other(sandbox: Sandbox) -> None:
    for _ in range(4):
        run_assert(sandbox, "def f():\n    return 1\n", "from collections import Counter\nCounter.mark = f()\n")
    outcome = run_assert(
        sandbox,
        "def f():\n    return 1\n",
        "from collections import Counter\nassert not hasattr(Counter, 'mark')\nassert f() == 1",
    )
    assert (outcome.passed, outcome.trust) == (True, Trust.SEPARATE)


def test_arguments_that_grow_too_large_to_come_back_are_no_failure(sandbox: Sandbox) -> None:
    source = "def f(x):\n    x.extend(['x' * 50] * 4000)\n    return 1\n"
    outcome = run_assert(sandbox, source, "assert f([]) == 1", value_bytes=1 << 12)
    assert (outcome.passed, outcome.trust) == (True, Trust.IN_PROCESS)


def test_a_text_that_is_no_unicode_ends_in_a_failure(sandbox: Sandbox) -> None:
    for source in ("def f():\n    raise ValueError('\\ud800')\n", "raise ValueError('\\ud800')\n"):
        outcome = run_assert(sandbox, source)
        assert (outcome.status, outcome.failure) == (Status.FAILED, Failure.EXCEPTION)


def test_what_one_test_holds_is_no_burden_to_the_next(sandbox: Sandbox) -> None:
    test = AssertTest("def g():\n    pass\nx = [0] * (5 << 20)\nassert f() == 1")
    program = Program("def f():\n    return 1\n", "f")
    outcomes = sandbox.run(program, [test] * 24, changed({"memory_bytes": 160 << 20}), meter=Meter())
    assert all(outcome.passed for outcome in outcomes)


def test_a_heap_that_one_test_has_worn_is_no_burden_to_the_next(sandbox: Sandbox) -> None:
    program, limits = Program("def f():\n    return 1\n", "f"), changed({"memory_bytes": 160 << 20})
    for number in range(4):
        wearing = (
            f"import re\nx = [bytes(1000) for _ in range(80_000)]\nre.compile('a' * 2000 + '{number}')\nassert f() == 1"
        )
        for test in (wearing, "x = [0] * (10 << 20)\nassert f() == 1"):
            (outcome,) = sandbox.run(program, [AssertTest(test)], limits, meter=Meter())
            assert (outcome.failure, outcome.passed) == (None, True)


LOOKED_INTO = """
import functools

@functools.lru_cache
def f(x=0):
    "Adds."
    return x + 1
f.calls = 3
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert hasattr(f, 'cache_info') and f(1) == 2",
        "assert getattr(f, 'calls') == 3",
        "g = f\nassert g.calls == 3",
        "def check(c):\n    assert c.__doc__ == 'Adds.'\ncheck(f)",
        "g = f\ng.more = 1\nassert f.more == 1".replace("f.more", "g.more"),
    ],
)
def test_who_looks_into_the_entry_point_sees_the_programs(sandbox: Sandbox, test: str) -> None:
    outcome = run_assert(sandbox, LOOKED_INTO, test)
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.IN_PROCESS)


@pytest.mark.parametrize(
    "test",
    [
        "assert list(map(f, [1, 2])) == [2, 3]",
        "assert callable(f) and f(1) == 2",
        "def check(c):\n    assert c.__name__ == 'f' and c(1) == 2 and isinstance(c, object)\ncheck(f)",
        "from functools import partial, reduce\nassert partial(f, 1)() == 2",
        "class T:\n    g = f\nassert T.g(1) == 2",
        "assert sorted([2, 1], key=f) == [1, 2] and f in [f] and {f: 1}[f] == 1",
    ],
)
def test_who_calls_the_entry_point_or_hands_it_on_does_not_look_into_it(sandbox: Sandbox, test: str) -> None:
    outcome = run_assert(sandbox, LOOKED_INTO, test)
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.SEPARATE)


def test_what_the_task_calls_by_a_name_is_what_its_tests_call(sandbox: Sandbox) -> None:
    source = "from math import sqrt\n\ndef f():\n    return 1j\n"
    outcome = run_assert(sandbox, source, "assert f() == sqrt(-1)", prelude="from cmath import *")
    assert (outcome.error, outcome.passed, outcome.trust) == (None, True, Trust.SEPARATE)


DEEP = "def f(n=995):\n    return n and 1 + f(n - 1)\n"


@pytest.mark.parametrize(
    "test", ["assert f(995) == 995", "import sys\nassert f(995) == 995", "assert [*map(f, [995])]"]
)
def test_a_program_recurses_as_deep_as_by_itself(sandbox: Sandbox, test: str) -> None:
    assert run_assert(sandbox, DEEP, test).passed
    assert run_assert(sandbox, DEEP, test, trace="delta").passed
    assert run_assert(sandbox, DEEP, test.replace("995", "1010")).error_line == 2


def test_a_script_recurses_as_deep_as_by_itself(sandbox: Sandbox) -> None:
    assert run_stdio(sandbox, DEEP + "print(f())\n", "", "995").passed


@pytest.mark.parametrize(
    "source",
    [
        "import threading as t, time\ndef main():\n    time.sleep(0.1)\n    print(42)\nt.Thread(target=main).start()",
        "import atexit\natexit.register(print, 42)",
        "import atexit, sys\natexit.register(print, 42)\nsys.exit()",
        "import sys\nsys.__stdout__.write('4')\nprint(2)",
        "import atexit, io, sys\nsys.stdout = text = io.StringIO()\nprint(42)\n"
        "atexit.register(lambda: sys.__stdout__.write(text.getvalue()))",
    ],
)
def test_a_script_ends_as_in_an_interpreter_of_its_own(sandbox: Sandbox, source: str) -> None:
    outcome = run_stdio(sandbox, source, "", "42")
    assert (outcome.error, outcome.passed) == (None, True)


def test_a_script_that_ends_too_late_is_late(sandbox: Sandbox) -> None:
    source = "import threading, time\nprint(42)\nthreading.Thread(target=time.sleep, args=[60]).start()"
    program = Program(source, "solve", "program")
    (outcome,) = sandbox.run(program, [StdioTest("", "42")], changed({"wall_seconds": 0.5}), meter=Meter())
    assert outcome.failure is Failure.TIMEOUT


def test_a_program_may_have_workers(sandbox: Sandbox) -> None:
    source = """\
        from multiprocessing import Pool

        def double(x):
            return 2 * x

        def f():
            with Pool(2) as pool:
                return pool.map(double, [1, 2])
    """
    outcome = run_assert(sandbox, source, "assert f() == [2, 4]")
    assert (outcome.error, outcome.passed) == (None, True)
