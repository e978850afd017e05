"""``linewise solve`` from outside: exit codes, what stands on which stream, events, files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from command_line import RIGHT, WRONG, Command

from linewise.cli.app import app
from linewise.events import Finished, SignalBuilt
from linewise.runs.event_file import read_events
from linewise.runs.replay import replay

TEST = ("--prompt", "Add one.", "--test", "assert f(1) == 2")
TASK = 'prompt = "Add one."\ntests = ["assert f(1) == 2", "assert f(0) == 1"]\n'
STUB = 'import math\n\n\ndef f(x):\n    """Add one.\n\n    >>> f(1)\n    2\n    """\n'


def model(name: str) -> tuple[str, str]:
    return "--model", f"scripted/{name}.script"


def test_a_solved_task_prints_the_answer_alone(command: Command) -> None:
    done = command("solve", *TEST, *model("right"))
    assert (done.returncode, done.stdout) == (0, RIGHT)
    assert "1 of 1 test passed" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("strategy", ["direct", "best-of-n", "eg-cfg"])
def test_an_unsolved_task_prints_the_best_attempt(command: Command, strategy: str) -> None:
    done = command("solve", *TEST, *model("wrong"), "--strategy", strategy)
    assert (done.returncode, done.stdout) == (3, WRONG)
    assert "0 of 1 test passed" in done.stderr


def test_without_tests_the_answer_is_said_to_be_unchecked(command: Command) -> None:
    done = command("solve", "--prompt", "Add one.", "--entry-point", "f", *model("wrong"))
    assert (done.returncode, done.stdout) == (0, WRONG)
    assert "nchecked" in done.stderr


def test_quiet_says_nothing(command: Command) -> None:
    done = command("solve", *TEST, *model("wrong"), "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (3, WRONG, "")


def test_json_is_one_object(command: Command) -> None:
    (command.folder / "task.toml").write_text(TASK)
    done = command("solve", "task.toml", *model("wrong"), "--json", "--seed", "5", "--preset", "paper")
    answer = json.loads(done.stdout)
    assert done.returncode == 3
    assert set(answer) == {
        "code", "passed", "tests", "ledger", "agent", "model", "seed", "origin", "strategy", "preset", "reason",
    }  # fmt: skip
    assert (answer["code"], answer["passed"], answer["seed"]) == (WRONG, False, 5)
    assert (answer["strategy"], answer["preset"]) == ("eg-cfg", "paper")
    assert [test["source"] for test in answer["tests"]] == ["assert f(1) == 2", "assert f(0) == 1"]
    assert [test["outcome"]["value"] for test in answer["tests"]] == ["0", "-1"]
    assert [test["outcome"]["failure"] for test in answer["tests"]] == ["wrong", "wrong"]
    assert answer["ledger"]["computed"] > 0


@pytest.mark.parametrize("name", ["right", "wrong"])
@pytest.mark.parametrize("preset", ["paper", "default"])
def test_events_replay_into_the_answer(command: Command, name: str, preset: str) -> None:
    done = command("solve", *TEST, *model(name), "--preset", preset, "--events", "events.jsonl")
    events = list(read_events(command.folder / "events.jsonl"))
    assert [event.sequence for event in events] == list(range(len(events)))
    assert isinstance(events[-1], Finished)
    assert events[-1].solution.code == done.stdout == replay(events[:-1])
    assert any(isinstance(event, SignalBuilt) for event in events) == (preset == "paper" or name == "wrong")


def test_limits_end_a_task_with_its_best_attempt(command: Command) -> None:
    done = command("solve", *TEST, *model("wrong"), "--max-tokens-computed", "40", "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["code"], answer["passed"]) == (3, WRONG, False)
    assert answer["reason"] == "the limit of 40 computed tokens is reached"


def test_limit_of_seconds_ends_a_program_that_does_not_end(command: Command) -> None:
    done = command("solve", *TEST, *model("endless"), "--max-seconds", "2", "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["passed"]) == (3, False)
    assert answer["reason"] == "the limit of 2 seconds is reached"


def test_an_answer_is_put_into_its_stub(command: Command) -> None:
    stub = command.folder / "stub.py"
    stub.write_text(STUB)
    done = command("solve", "stub.py::f", *model("right"), "--write")
    assert done.returncode == 0
    assert done.stderr.endswith("linewise: written to stub.py\n")
    written = stub.read_text()
    assert written.startswith("import math\n\n\ndef f(x):\n")
    assert subprocess.run([sys.executable, "-c", f"{written}\nassert f(1) == 2"], check=False).returncode == 0


def test_an_answer_is_checked_among_what_its_file_has(command: Command) -> None:
    stub = command.folder / "stub.py"
    stub.write_text(
        f"from typing import List\n\nSTEP = 1\n\n\n{STUB[STUB.index('def') :]}".replace("f(x)", "f(x: List[int])")
    )
    answer = "from typing import List\n\n\ndef f(x: List[int]):\n    return x + STEP\n"
    (command.folder / "own.script").write_text(f"[[replies]]\ntext = '''\n{answer}```'''\n")
    done = command("solve", "stub.py", *model("own"), "--write")
    assert done.returncode == 0, done.stderr
    assert "return x + STEP" in stub.read_text()


def test_an_answer_that_its_file_spoils_is_not_put_there(command: Command) -> None:
    stub = command.folder / "stub.py"
    text = STUB.replace("def f", "@lambda f: lambda x: 0\ndef f")
    stub.write_text(text)
    done = command("solve", "stub.py", *model("right"), "--write")
    assert (done.returncode, done.stdout) == (2, RIGHT)
    assert (
        "linewise: stub.py: not written: the answer passes the tests alone, but not inside this file\n" in done.stderr
    )
    assert stub.read_text() == text


FATAL = "__import__('os').kill(__import__('os').getppid(), 9)"
"""Kills the worker that runs it, which an unsafe sandbox lets happen."""


def test_an_answer_that_the_sandbox_breaks_on_is_printed_and_makes_the_exit_code_1(command: Command) -> None:
    code = f"def f(x):\n    return {FATAL}\n"
    (command.folder / "fatal.script").write_text(f'[[replies]]\ntext = """\n{code}```"""\n')
    (command.folder / "stub.py").write_text(STUB)
    done = command("solve", "stub.py", *model("fatal"), "--sandbox", "process", "--strategy", "direct", "--write")
    assert (done.returncode, done.stdout) == (1, code)
    assert "Unchecked, for the sandbox broke: " in done.stderr
    assert "linewise: not written to stub.py: the sandbox broke\n" in done.stderr
    assert (command.folder / "stub.py").read_text() == STUB


def test_a_doctest_that_becomes_no_test_is_told(command: Command) -> None:
    (command.folder / "stub.py").write_text(STUB.replace(">>> f(1)", ">>> f(3)  # doctest: +SKIP\n    4\n    >>> f(1)"))
    done = command("solve", "stub.py", *model("right"))
    assert done.returncode == 0
    assert "linewise: this doctest became no test: f(3)" in done.stderr


def test_prelude_and_setup_stand_before_and_behind_the_answer(command: Command) -> None:
    code = "def f(x):\n    return x + STEP\n"
    (command.folder / "own.script").write_text(f'[[replies]]\ntext = """\n{code}```"""\n')
    flags = ("--prelude", "STEP = 1", "--setup", "two = f(1)", "--test", "assert f(two) == 3")
    done = command("solve", "--prompt", "Add one.", *flags, *model("own"))
    assert (done.returncode, done.stdout) == (0, code)
    done = command(
        "solve", "--prompt", "Add one.", "--prelude", "two = f(1)", "--test", "assert f(two) == 3", *model("own")
    )
    assert done.returncode == 3


def test_modules_can_be_preloaded(command: Command) -> None:
    code = "def f(x):\n    import sys\n    return x + ('numpy' in sys.modules)\n"
    (command.folder / "own.script").write_text(f'[[replies]]\ntext = """\n{code}```"""\n')
    assert command("solve", *TEST, *model("own"), "--strategy", "direct", "--preload", "numpy").returncode == 0
    assert command("solve", *TEST, *model("own"), "--strategy", "direct").returncode == 3


def test_a_settings_file_can_be_named(command: Command) -> None:
    (command.folder / "own.toml").write_text('strategy = "best-of-n"\n[best_of_n]\nn = 2\n')
    done = command("solve", *TEST, *model("right"), "--config", "own.toml", "--json")
    assert json.loads(done.stdout)["agent"] == "best-of-2"


def test_a_wrong_answer_is_not_put_into_the_stub(command: Command) -> None:
    (command.folder / "stub.py").write_text(STUB)
    done = command("solve", "stub.py", *model("wrong"), "--write")
    assert (done.returncode, done.stdout) == (3, WRONG)
    assert "linewise: not written to stub.py: the answer does not pass the tests\n" in done.stderr
    assert (command.folder / "stub.py").read_text() == STUB


def test_pull_does_nothing_for_a_model_that_is_here(command: Command, smollm2_path: Path) -> None:
    here = Command(command.folder, {"LINEWISE_HOME": str(smollm2_path.parent.parent)})
    limits = ("--max-tokens-computed", "1", "--threads", "1", "--ctx", "2048", "--quiet")
    done = here("solve", *TEST, "--model", "smollm2-135m", "--pull", *limits)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
    assert command("solve", *TEST, *model("right"), "--pull").returncode == 0


def test_settings_come_from_the_folder(command: Command) -> None:
    (command.folder / "linewise.toml").write_text('model = "scripted/right.script"\nstrategy = "direct"\n')
    answer = json.loads(command("solve", *TEST, "--json").stdout)
    assert (answer["passed"], answer["agent"]) == (True, "direct")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no task: give a task file, a stub or --prompt; `linewise solve --help` tells more"),
        (("none.toml",), "none.toml: there is no such file; check the path"),
        (("none.toml", *TEST), "none.toml: given beside --prompt, --test, --entry-point, --prelude or --setup; leave"),
        ((*TEST, "--write"), "--write: puts an answer into a stub's file; give FILE.py or FILE.py::name"),
        ((*TEST, "--threads", "0"), "--threads: input should be greater than or equal to 1, not 0"),
        ((*TEST, "--max-seconds", "0"), "--max-seconds: input should be greater than 0, not 0.0"),
        ((*TEST, "--strategy", "beam"), "--strategy: input should be 'direct', 'best-of-n' or 'eg-cfg', not 'beam'"),
        ((*TEST, "-o", "guidance.gama=1"), "-o guidance.gama: there is no such key; did you mean guidance.gamma?"),
        ((*TEST, "--events", "none/e"), "none/e: events cannot be written"),
        ((*TEST, "--model", "nonsense"), "nonsense: no such model; name "),
        ((*TEST, "--model", "nonsense", "--pull"), "nonsense: no such model; name "),
        ((*TEST, "--model", "scripted/none"), "none: cannot be read as a script: "),
        (("--prompt", "p", "--test", "assert f(1) =="), "--test"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(command: Command, arguments: tuple[str, ...], message: str) -> None:
    done = command("solve", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"linewise: {message}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("solve", "--nonsense"), ("nonsense",), ("solve", "--threads", "many", "t.toml")]
)
def test_bad_usage(command: Command, arguments: tuple[str, ...]) -> None:
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: linewise" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_is_not_downloaded(command: Command) -> None:
    done = command("solve", *TEST, "--model", "smollm2-135m")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "linewise: smollm2-135m is not downloaded; run: linewise models pull smollm2-135m\n"


def test_an_engine_that_is_not_installed(command: Command, smollm2_path: Path) -> None:
    (command.folder / "sitecustomize.py").write_text("import sys\nsys.modules['llama_cpp'] = None\n")
    bare = Command(command.folder, {"PYTHONPATH": str(command.folder), "PATH": ""})
    done = bare("solve", *TEST, "--model", f"gguf/{smollm2_path}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "linewise: llama-cpp-python is not installed; run: sudo apt-get install -y build-essential && "
    )
    assert done.stderr.endswith("pip install 'linewise[llamacpp]'\n")


def test_nobody_reads_the_answer(command: Command) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = command("solve", *TEST, *model("right"), "--quiet", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_full_disk_is_named(command: Command) -> None:
    with Path("/dev/full").open("w") as full:
        done = command("solve", *TEST, *model("right"), "--quiet", stdout=full)
    assert (done.returncode, done.stderr) == (1, "linewise: standard output: No space left on device\n")


def test_an_answer_that_the_encoding_cannot_show(command: Command) -> None:
    code = "def f(x):\n    return '\N{SNOWMAN}'\n"
    (command.folder / "snow.script").write_text(f"[[replies]]\ntext = '''\n{code}```'''\n", encoding="utf-8")
    ascii_only = Command(command.folder, {"PYTHONIOENCODING": "ascii"})
    done = ascii_only("solve", "--prompt", "p", "--test", "assert f(1) == '\\u2603'", *model("snow"), "--quiet")
    assert (done.returncode, done.stdout) == (0, "def f(x):\n    return '\\u2603'\n")


def test_an_unexpected_error_is_one_line_unless_asked_for(command: Command) -> None:
    (command.folder / "sitecustomize.py").write_text(
        "import importlib.metadata\n\n\ndef version(name):\n    raise ZeroDivisionError('odd')\n\n\n"
        "importlib.metadata.version = version\n"
    )
    odd = {"PYTHONPATH": str(command.folder)}
    done = Command(command.folder, odd)("--version")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "linewise: internal error: ZeroDivisionError: odd; LINEWISE_DEBUG=1 shows the traceback\n"
    assert "Traceback" in Command(command.folder, {**odd, "LINEWISE_DEBUG": "1"})("--version").stderr


def test_version(command: Command) -> None:
    done = command("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("linewise 0.")


def names(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    """Every command, and those that hold others."""
    yield before
    for name, command in group.commands.items():
        yield from names(command, *before, name) if isinstance(command, click.Group) else [(*before, name)]


@pytest.mark.parametrize("arguments", list(names(typer.main.get_group(app))))
def test_help(command: Command, arguments: tuple[str, ...]) -> None:
    done = command(*arguments, "-h" if arguments == ("solve",) else "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: linewise{''.join(f' {argument}' for argument in arguments)} " in done.stdout.replace("\n", " ")
