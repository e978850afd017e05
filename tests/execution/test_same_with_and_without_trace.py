"""Tracing changes nothing: random programs give the same value, exception and output with it, without it, and where
nothing of ours is around them.
"""

import io
import re
import warnings
from contextlib import redirect_stdout

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure, Outcome, TraceStyle

LIMITS = Limits(trace_events=80)
NAMES = st.sampled_from("abcd")
LITERALS = st.sampled_from(["0", "1", "-3", "2.5", "'xy'", "[3, 1]", "(1, 2)", "{1: 2}", "None", "True"])
OPERATORS = st.sampled_from(["+", "-", "*", "//", "%", "<", "==", "and", "or", "in"])


def expressions() -> st.SearchStrategy[str]:
    return st.recursive(
        NAMES | LITERALS,
        lambda inner: (
            st.builds("({} {} {})".format, inner, OPERATORS, inner)
            | st.builds("[{0} for b in [1, 2] if {1}]".format, inner, inner)
            | st.builds("sorted({}, key=lambda d: {})".format, inner, inner)
            | st.builds("len({})".format, inner)
            | st.builds("helper({})".format, inner)
            | st.builds("list(steps({}))".format, inner)
            | st.builds("Box({}).content".format, inner)
            | st.builds("{}[{}]".format, inner, inner)
        ),
        max_leaves=5,
    )


def indent(block: str) -> str:
    return "".join(f"    {line}\n" for line in block.splitlines())


def statements() -> st.SearchStrategy[str]:
    simple = (
        st.builds("{} = {}\n".format, NAMES, expressions())
        | st.builds("{} += {}\n".format, NAMES, expressions())
        | st.builds("print({})\n".format, expressions())
        | st.builds("return {}\n".format, expressions())
        | st.builds("raise ValueError({})\n".format, expressions())
    )
    return st.recursive(
        simple,
        lambda inner: (
            st.builds("{}{}".format, inner, inner)
            | st.builds(lambda test, body: f"if {test}:\n{indent(body)}", expressions(), inner)
            | st.builds(lambda n, body: f"for {n} in range(3):\n{indent(body)}", NAMES, inner)
            | st.builds(
                lambda body, other, last: (
                    f"try:\n{indent(body)}except TypeError as c:\n{indent(other)}finally:\n{indent(last)}"
                ),
                inner,
                inner,
                inner,
            )
        ),
        max_leaves=8,
    )


FRAME = """\
class Box:
    def __init__(self, content):
        self.content = content

def helper(a):
    b = a
    def inner():
        nonlocal b
        b = [b, a]
        return b
    return inner()

def steps(n):
    for i in range(n):
        got = yield i
    return n

def f(a, b):
    c, d = 5, [a]
"""


def seen(outcome: Outcome) -> tuple[object, ...]:
    return (outcome.status, outcome.failure, outcome.value, outcome.error, outcome.error_line, outcome.stdout)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements())
def test_same_result(sandbox: BubblewrapSandbox, body: str) -> None:
    program = Program(FRAME + indent(body) + "    return a, b, c, d\n", "f")
    test = AssertTest("assert f(2, [1]) == 'other'")
    results = [sandbox.run(program, [test], LIMITS, trace=style, meter=Meter())[0] for style in (None, *TraceStyle)]
    assert results[0].failure in (Failure.WRONG, Failure.EXCEPTION)
    assert len({seen(result) for result in results}) == 1, program.source
    assert all(result.trace and result.trace.steps for result in results[1:] if result.value is not None)


SHOWN_OTHERWISE = re.compile(r" at 0x|\.\.\.|<int of")
"""What the bounded ``repr`` shows in another way: objects, depth, numbers of many digits."""


def plainly(source: str) -> tuple[str | None, str | None, str]:
    """Value, exception type and output of ``f(2, [1])`` in this process."""
    space: dict[str, object] = {}
    with redirect_stdout(io.StringIO()) as printed, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(source, "<plain>", "exec"), space)
        function = space["f"]
        assert callable(function)
        try:
            value, error = repr(function(2, [1])), None
        except Exception as raised:
            value, error = None, type(raised).__name__
    return value, error, printed.getvalue()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements())
def test_same_as_plain_execution(sandbox: BubblewrapSandbox, body: str) -> None:
    source = FRAME + indent(body) + "    return a, b, c, d\n"
    value, error, printed = plainly(source)
    for style in TraceStyle:
        limits = Limits(trace_events=80, value_chars=10_000)
        test = AssertTest("assert f(2, [1]) == 'other'")
        outcome = sandbox.run(Program(source, "f"), [test], limits, trace=style, meter=Meter())[0]
        assert outcome.stdout == printed, source
        assert (outcome.error or "").split(":")[0] == (error or ""), source
        if value is not None and not SHOWN_OTHERWISE.search(f"{value} {outcome.value}"):
            assert outcome.value == value, source
