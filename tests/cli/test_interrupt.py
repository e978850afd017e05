"""Ctrl-C: the command ends with 130 and one line, and nothing that it has started lives on."""

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import Command, interrupt, wait_until
from processes import alive, descendants

from linewise.cli.background import run_interruptibly
from linewise.errors import InputError
from linewise.meter import Meter

TASK = ("--prompt", "Add one.", "--test", "assert f(1) == 2", "--test", "assert f(2) == 3")


def finish(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Its output; far later than it should end, the test fails."""
    return process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("sandbox", "end"),
    [("bubblewrap", interrupt), ("bubblewrap", subprocess.Popen.terminate), ("process", interrupt)],
)
def test_while_a_program_runs(command: Command, sandbox: str, end: "Callable[[subprocess.Popen[str]], None]") -> None:
    options = ("--model", "scripted/endless.script", "--sandbox", sandbox, "--events", "events", "-o")
    (command.folder / "temporary").mkdir()
    command = Command(command.folder, {"TMPDIR": str(command.folder / "temporary")})
    process = command.start("solve", *TASK, *options, "limits.cpu_seconds=600", "-o", "limits.wall_seconds=600")
    wait_until(lambda: "LineCommitted" in read(command.folder / "events"))
    wait_until(lambda: len(descendants(process.pid)) >= 2)
    started = descendants(process.pid)
    end(process)
    output, errors = finish(process)
    assert (process.returncode, output, errors) == (130, "", "linewise: interrupted\n")
    wait_until(lambda: not any(map(alive, started)))
    assert list((command.folder / "temporary").iterdir()) == []


SLOW_IMPORT = """
import sys, time
from pathlib import Path


class Slow:
    def find_spec(self, name, path, target=None):
        if name == "typer":
            Path("loading").touch()
            time.sleep(60)


sys.meta_path.insert(0, Slow())
"""


def test_while_the_command_itself_loads(command: Command) -> None:
    (command.folder / "sitecustomize.py").write_text(SLOW_IMPORT)
    process = Command(command.folder, {"PYTHONPATH": str(command.folder)}).start("solve", *TASK)
    wait_until((command.folder / "loading").exists)
    interrupt(process)
    assert (*finish(process), process.returncode) == ("", "", 130)


def test_while_a_model_loads(command: Command) -> None:
    """A script behind a pipe that nobody writes to cannot be told to stop, as a model that is being read cannot."""
    os.mkfifo(command.folder / "slow.script")
    process = command.start("solve", *TASK, "--model", "scripted/slow.script", "--events", "events")
    held: list[int] = []

    def is_read() -> bool:
        with suppress(OSError):  # while nobody waits for what comes out of it
            held.append(os.open(command.folder / "slow.script", os.O_WRONLY | os.O_NONBLOCK))
        return bool(held)

    wait_until(is_read)
    interrupt(process)
    output, errors = finish(process)
    os.close(held[0])
    assert (process.returncode, output, errors) == (130, "", "linewise: interrupted\n")


def test_events_until_then_are_kept(command: Command) -> None:
    process = command.start("solve", *TASK, "--model", "scripted/endless.script", "--events", "events")
    wait_until(lambda: "LineCommitted" in read(command.folder / "events"))
    interrupt(process)
    finish(process)
    assert read(command.folder / "events").endswith("}\n")


def test_the_result_or_the_error_of_the_work_comes_back() -> None:
    def fails() -> None:
        raise InputError("no")

    assert run_interruptibly(lambda: 1, Meter().cancel) == 1
    with pytest.raises(InputError, match="no"):
        run_interruptibly(fails, Meter().cancel)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
