"""The same as root and as an ordinary user; and where a container refuses namespaces, a clear refusal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import reaches

import linewise

NOBODY = 65534
HERE = Path(__file__).parent
PATHS = [str(Path(linewise.__file__).parents[1]), str(HERE), *(path for path in sys.path if "site-packages" in path)]
RESOURCES = ["fork-bomb", "exponential-fork-bomb", "thread-bomb", "memory-of-children", "disk-flood", "descriptors"]
RESOURCES += ["memory-in-no-address-space", "memory-of-processes-without-a-first-thread", "memory-that-children-share"]
VERDICTS = ["forged-report", "searches-memory", "reads-its-memory", "always-equal", "child-left-behind"]

CONTAINER = """
from linewise.errors import SandboxError
from linewise.execution._tracee import kernel, seccomp
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.process import ProcessSandbox
from linewise.meter import Meter
from linewise.schema import AssertTest

convention = seccomp.CONVENTIONS[kernel.machine()]
column = 1 if kernel.machine() == "x86_64" else 2
refused = {row[column] for row in seccomp.REFUSED if row[0] in ("mount", "umount2", "pivot_root", "unshare", "setns")}
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
seccomp.load(seccomp.assemble(convention._replace(refused=tuple(refused))))
try:
    with BubblewrapSandbox(workers=1):
        print("no refusal")
except SandboxError as error:
    print(error)
with ProcessSandbox(workers=1) as sandbox:
    program, test = Program("def f():\\n    return 1\\n", "f"), AssertTest("assert f() == 1")
    print(sandbox.run(program, [test], Limits(), meter=Meter())[0].status)
"""


def run(command: list[str], **more: object) -> "subprocess.CompletedProcess[str]":
    environment = {"PYTHONPATH": ":".join(PATHS), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
    return subprocess.run(
        command, env=environment, cwd="/", capture_output=True, text=True, timeout=200, check=False, **more
    )


def python_for(user: dict[str, object]) -> str:
    """An interpreter that this user can run, with linewise and what it needs."""
    tried = {}
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            done = run([python, "-c", "import linewise.execution.bubblewrap, linewise.execution.pool"], **user)
        except OSError as error:
            tried[python] = [str(error)]
            continue
        if done.returncode == 0:
            return python
        tried[python] = done.stderr.strip().splitlines()[-1:]
    pytest.fail(f"an ordinary user can run none of these interpreters with linewise: {tried}")


def test_attacks_as_an_ordinary_user() -> None:
    user: dict[str, object] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    names = [*(attack.name for attack in reaches.ATTACKS), *RESOURCES, *VERDICTS]
    done = run([python_for(user), str(HERE / "as_user.py"), *names], **user)
    assert (done.stderr, done.returncode) == ("", 0)
    assert json.loads(done.stdout) == {}


def test_a_container_that_refuses_namespaces_is_told_apart_and_the_unsafe_way_is_explicit() -> None:
    """As in a plain container, the calls that make namespaces and mounts are refused by a filter."""
    done = run([sys.executable, "-c", CONTAINER])
    assert done.stderr == ""
    refusal, status = done.stdout.strip().splitlines()
    assert refusal.startswith("bubblewrap does not work here: ")
    assert "user namespaces" in refusal
    assert "--sandbox process" in refusal
    assert status == "passed"
