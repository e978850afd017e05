"""Limits, programs that end or disturb their process, and calls that are stopped."""

import os
import secrets
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from processes import children, descendants, named, settled
from sandbox_runs import LIMITS, changed, run_assert

from linewise.errors import BudgetSpent, Cancelled, SandboxError
from linewise.execution.base import Program, Sandbox
from linewise.execution.self_check import self_check
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure, Status, TraceStyle

EITHER = {
    *("right answer passes", "wrong answer fails", "endless loop is ended", "environment is empty"),
    *("no process is left over", "runs do not meet", "verdict is made outside"),
}
ISOLATED = {"network is refused", "writing outside is refused", "home is unreadable"}


def test_self_check(sandbox: Sandbox) -> None:
    checks = {check.name: check for check in self_check(sandbox)}
    assert set(checks) == EITHER | ISOLATED
    demanded = EITHER | (ISOLATED if sandbox.name == "bubblewrap" else set())
    assert [checks[name] for name in sorted(demanded) if not checks[name].ok] == []


def test_unsafe_sandbox_does_not_claim_isolation(sandbox: Sandbox) -> None:
    claimed = {check.name for check in self_check(sandbox) if check.ok} & ISOLATED
    assert (claimed == ISOLATED) == (sandbox.name == "bubblewrap")


@pytest.mark.parametrize(
    "statement",
    [
        "import os; os._exit(0)",
        "import sys; sys.exit(0)",
        "exit()",
        "raise SystemExit",
        "import os; os.closerange(3, 1 << 16)",
        "import os; os.execv('/bin/true', ['true'])",
        "import ctypes; ctypes.string_at(0)",
    ],
)
@pytest.mark.parametrize("where", ["{0}\ndef f():\n    return 1\n", "def f():\n    {0}\n    return 1\n"])
def test_ending_the_process_never_passes(sandbox: Sandbox, statement: str, where: str) -> None:
    outcome = run_assert(sandbox, where.format(statement))
    assert (outcome.status, outcome.failure) == (Status.FAILED, Failure.EXCEPTION)
    assert outcome.error is not None
    assert "the program ended the process" in outcome.error


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGSTOP", "SIGABRT", "SIGXCPU"])
def test_signalling_itself_never_passes_what_is_wrong(sandbox: Sandbox, name: str) -> None:
    """The first process of a process space does not hear its own signals, another one ends by them."""
    source = f"import os, signal\n\ndef f():\n    os.kill(os.getpid(), signal.{name})\n    return 2\n"
    assert run_assert(sandbox, source, wall_seconds=0.5).status is Status.FAILED


def test_forged_report_never_passes(sandbox: Sandbox) -> None:
    source = """\
        import json, os, struct

        def f():
            report = {"end": "finished", "invocation": "", "value": "1", "expected": "1", "stdout": "", "trace": None}
            payload = json.dumps(report).encode()
            for number in map(int, os.listdir("/proc/self/fd")):
                for content in (payload, b"x" * 16 + payload):
                    try:
                        os.write(number, struct.pack(">I", len(content)) + content)
                    except OSError:
                        pass
            os._exit(0)
    """
    outcome = run_assert(sandbox, source)
    assert (outcome.status, outcome.failure) == (Status.FAILED, Failure.EXCEPTION)


@pytest.mark.parametrize("style", [None, *TraceStyle])
def test_endless_loop_ends_with_its_trace(sandbox: Sandbox, style: TraceStyle | None) -> None:
    source = "def f():\n    n = 0\n    while True:\n        n = 1 - n\n"
    outcome = run_assert(sandbox, source, trace=style, cpu_seconds=0.2)
    assert (outcome.failure, outcome.invocation) == (Failure.TIMEOUT, "f()")
    assert outcome.error == "TimeoutError: more than 0.2 s of processor time"
    assert (outcome.trace is None) == (style is None)
    if outcome.trace:
        assert outcome.trace.steps
        assert outcome.trace.cut == (style is not TraceStyle.MINIMAL)


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n        try:\n            while True: pass\n        except: pass",
        "return len(str(9 ** 9 ** 8))",
        "import signal\n    signal.setitimer(signal.ITIMER_PROF, 0)\n    while True: pass",
    ],
)
def test_loops_that_hold_on_are_ended(sandbox: Sandbox, body: str) -> None:
    assert run_assert(sandbox, f"def f():\n    {body}\n", cpu_seconds=0.3).failure is Failure.TIMEOUT


def test_wall_limit_is_tried_again_alone(sandbox: Sandbox) -> None:
    meter = Meter()
    program = Program("import time\n\ndef f():\n    time.sleep(60)\n", "f")
    limits = changed({"wall_seconds": 0.3})
    (outcome,) = sandbox.run(program, [AssertTest("assert f() == 1")], limits, meter=meter)
    assert (outcome.failure, outcome.error) == (Failure.TIMEOUT, "TimeoutError: more than 0.3 s")
    assert meter.ledger().sandbox_runs == 2


@pytest.mark.parametrize("body", ["return [0] * 10**10", "x = []\n    while True: x.append(bytearray(10**7))"])
def test_memory(sandbox: Sandbox, body: str) -> None:
    outcome = run_assert(sandbox, f"def f():\n    {body}\n", memory_bytes=200 << 20)
    assert (outcome.failure, outcome.error_line) == (Failure.MEMORY, 2 if "return" in body else 3)


@pytest.mark.parametrize("body", ["while True: print('x' * 1000)", "os.write(1, b'x' * 200_000)", "print('x' * 10**7)"])
def test_output(sandbox: Sandbox, body: str) -> None:
    outcome = run_assert(sandbox, f"import os\n\ndef f():\n    {body}\n    return 1\n", output_bytes=100_000)
    assert outcome.failure is Failure.OUTPUT
    assert len(outcome.stdout) <= 100_000


def test_file_size_and_open_files(sandbox: Sandbox) -> None:
    source = """\
        def f():
            try:
                open("big", "wb").write(b"x" * 5_000_000)
            except OSError:
                pass
            else:
                return "no limit of size"
            try:
                files = [open("small", "wb") for _ in range(100)]
            except OSError:
                return 1
            return "no limit of files"
    """
    outcome = run_assert(sandbox, source, file_bytes=1_000_000, open_files=50)
    assert (outcome.passed, outcome.value) == (True, "1")


def test_files_do_not_outlive_the_run(sandbox: Sandbox) -> None:
    source = """\
        import os

        def f():
            seen = os.listdir()
            os.makedirs("a/b")
            open("a/b/c", "w").close()
            return len(seen)
    """
    for _ in range(4):
        assert run_assert(sandbox, source, "assert f() == 0").passed


def test_programs_do_not_see_each_other(sandbox: Sandbox) -> None:
    source = "import math\n\ndef f():\n    seen = hasattr(math, 'mark')\n    math.mark = 1\n    return int(not seen)\n"
    for _ in range(4):
        assert run_assert(sandbox, source).passed


def test_cancel_stops_soon_and_leaves_nothing(sandbox: Sandbox) -> None:
    meter, name = Meter(), f"lw-{secrets.token_hex(4)}"
    body = f"    ctypes.CDLL(None).prctl(15, b'{name}')\n    os.fork()\n    time.sleep(60)\n"

    def cancel_once_it_runs() -> None:
        seen.append(settled(lambda: len(named(name)) >= 2))
        meter.cancel()

    seen: list[bool] = []
    threading.Thread(target=cancel_once_it_runs).start()
    program = Program("import ctypes, os, time\n\ndef f():\n" + body, "f")
    with pytest.raises(Cancelled):
        sandbox.run(program, [AssertTest("assert f() == 1")] * 5, replace(LIMITS, wall_seconds=60), meter=meter)
    assert seen == [True]
    assert settled(lambda: named(name) == [])
    assert run_assert(sandbox, "def f():\n    return 1\n").passed


def test_budget_ends_a_call(sandbox: Sandbox) -> None:
    program = Program("import time\n\ndef f():\n    time.sleep(60)\n", "f")
    with pytest.raises(BudgetSpent):
        sandbox.run(program, [AssertTest("assert f() == 1")], LIMITS, meter=Meter(max_seconds=0.2))


def test_calls_from_many_threads(sandbox: Sandbox) -> None:
    values: dict[int, str | None] = {}

    def call(number: int) -> None:
        values[number] = run_assert(sandbox, f"def f():\n    return {number}\n").value

    threads = [threading.Thread(target=call, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values == {number: str(number) for number in range(12)}


def test_leaving_ends_every_process(sandbox: Sandbox) -> None:
    before = children(os.getpid())
    with type(sandbox)(workers=2) as other:
        assert run_assert(other, "def f():\n    return 1\n").passed
        added = children(os.getpid()) - before
        assert added
        inside = set().union(*(descendants(pid) for pid in added))
    assert children(os.getpid()) == before
    assert settled(lambda: not any(Path(f"/proc/{pid}").exists() for pid in inside))


def test_a_closed_sandbox_says_so(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="not open"):
        run_assert(type(sandbox)(), "def f():\n    return 1\n")
