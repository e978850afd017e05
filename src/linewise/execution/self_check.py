"""What every sandbox should do, tried out: used by ``linewise doctor`` and by the contract tests.

Each check runs a small program and looks at its outcome or at this machine afterwards. It knows no concrete sandbox.
"""

import os
import secrets
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from linewise.execution.base import Limits, Program, Sandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Failure, Outcome, Trust

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=5.0)
SETTLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """One property: whether it holds, and what was seen."""

    name: str
    ok: bool
    detail: str


def self_check(sandbox: Sandbox) -> list[Check]:
    """Try the sandbox, which is open. Takes about a second. Raises ``SandboxError`` where it cannot run at all."""
    tries: dict[str, Callable[[Sandbox], tuple[bool, str]]] = {
        "right answer passes": _right_answer,
        "wrong answer fails": _wrong_answer,
        "endless loop is ended": _endless_loop,
        "network is refused": _network,
        "writing outside is refused": _write_outside,
        "environment is empty": _environment,
        "home is unreadable": _home,
        "no process is left over": _leftover,
        "runs do not meet": _runs_do_not_meet,
        "verdict is made outside": _verdict_outside,
    }
    return [Check(name, *attempt(sandbox)) for name, attempt in tries.items()]


def _run(sandbox: Sandbox, body: str, expected: object, limits: Limits = LIMITS) -> Outcome:
    """``f``'s body on one test that expects ``expected``."""
    source = "def f():\n" + "".join(f"    {line}\n" for line in body.splitlines())
    test = AssertTest(f"assert f() == {expected!r}")
    return sandbox.run(Program(source, "f"), [test], limits, meter=Meter())[0]


def _said(outcome: Outcome) -> str:
    return outcome.error or (f"returned {outcome.value}" if outcome.value else outcome.status)


def _right_answer(sandbox: Sandbox) -> tuple[bool, str]:
    outcome = _run(sandbox, "return 2 + 2", 4)
    return outcome.passed, _said(outcome)


def _wrong_answer(sandbox: Sandbox) -> tuple[bool, str]:
    outcome = _run(sandbox, "return 5", 4)
    return outcome.failure is Failure.WRONG, _said(outcome)


def _endless_loop(sandbox: Sandbox) -> tuple[bool, str]:
    outcome = _run(sandbox, "while True: pass", None, replace(LIMITS, cpu_seconds=0.2))
    return outcome.failure is Failure.TIMEOUT, _said(outcome)


def _network(sandbox: Sandbox) -> tuple[bool, str]:
    """A connection to a port of this machine that does listen."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        body = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1).close()\nreturn 'connected'"
        return _refused(_run(sandbox, body, "connected"))


def _write_outside(sandbox: Sandbox) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory(prefix="linewise-") as folder:
        target = Path(folder) / "written"
        outcome = _run(sandbox, f"open({str(target)!r}, 'w').close()\nreturn 'written'", "written")
        refused, said = _refused(outcome)
        return refused and not target.exists(), said


def _environment(sandbox: Sandbox) -> tuple[bool, str]:
    outcome = _run(sandbox, "import os\nreturn dict(os.environ)", {})
    return outcome.passed, _said(outcome)


def _home(sandbox: Sandbox) -> tuple[bool, str]:
    """The interpreter may live in the home folder and be seen there; nothing else of it may."""
    folder = os.path.expanduser("~")
    if folder in ("", "/"):
        return True, "this user has no home folder"
    home = Path(folder)
    paths = sorted(str(entry) for entry in home.iterdir()) if home.is_dir() else []
    seen = f"[path for path in {paths!r} if os.path.exists(path) and not sys.base_prefix.startswith(path)]"
    outcome = _run(sandbox, f"import os, sys\nreturn {seen}", [])
    return outcome.passed, _said(outcome)


def _leftover(sandbox: Sandbox) -> tuple[bool, str]:
    """A daemon, named so that it can be found among this machine's processes."""
    name = "lw-" + secrets.token_hex(4)
    body = (
        "import ctypes, os, time\n"
        "if os.fork():\n"
        "    time.sleep(0.2)\n"
        "    return 'left'\n"
        "os.setsid()\n"
        "if os.fork():\n"
        "    os._exit(0)\n"
        f"ctypes.CDLL(None).prctl(15, {name.encode()!r})\n"
        "time.sleep(60)"
    )
    outcome = _run(sandbox, body, "left")
    deadline = time.monotonic() + SETTLE_SECONDS
    while (found := _processes(name)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not found, f"process {found[0]} is left" if found else _said(outcome)


def _runs_do_not_meet(sandbox: Sandbox) -> tuple[bool, str]:
    """A run sees nothing of the one before: neither its file nor what it changed in a module."""
    body = (
        "import math, os\n"
        "seen = hasattr(math, 'mark') or os.listdir()\n"
        "math.mark = 1\n"
        "open('mark', 'w').close()\n"
        "return seen or 'nothing'"
    )
    outcomes = [_run(sandbox, body, "nothing") for _ in range(3)]
    return all(outcome.passed for outcome in outcomes), _said(outcomes[-1])


def _verdict_outside(sandbox: Sandbox) -> tuple[bool, str]:
    """A program that ends its process and one that claims to equal everything."""
    left = _run(sandbox, "import os\nos._exit(0)", 1)
    right = _run(sandbox, "return 1", 1)
    equal = _run(sandbox, "class Equal(int):\n    __eq__ = lambda *_: True\nreturn Equal()", 1)
    marked = (right.trust, equal.trust) == (Trust.SEPARATE, Trust.IN_PROCESS)
    return right.passed and not left.passed and marked, f"{right.trust}; where that cannot be, {equal.trust}"


def _processes(name: str) -> list[str]:
    """Numbers of this machine's processes with that name."""
    return [file.parent.name for file in Path("/proc").glob("[0-9]*/comm") if _text(file).strip() == name]


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _refused(outcome: Outcome) -> tuple[bool, str]:
    return outcome.failure is Failure.EXCEPTION, _said(outcome)
