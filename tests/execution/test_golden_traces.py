"""Traces of small programs, as text. UPDATE_GOLDEN=1 writes them anew; look at what changed before committing."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from linewise.errors import SandboxError
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.interpreter import find_interpreter
from linewise.meter import Meter
from linewise.schema import AssertTest, Outcome, ProbeTest, StdioTest, TraceStyle

GOLDEN = Path(__file__).parent.parent / "golden" / "traces"
PROGRAMS = sorted(GOLDEN.glob("*.py"))
COMMON = "3.11"
LIMITS = Limits(trace_events=60, value_chars=60)


def interpreters() -> dict[str, str]:
    """This interpreter, and every other supported one that is installed and runs."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    for version in ("3.11", "3.12", "3.13"):
        managed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        for command in [shutil.which(f"python{version}"), *map(str, managed)]:
            if command and version not in found and runs(command):
                found[version] = command
    return found


def runs(command: str) -> bool:
    """A version manager has commands also for versions that are not chosen here."""
    try:
        return bool(find_interpreter(command))
    except SandboxError:
        return False


@pytest.fixture(scope="module", params=interpreters().items(), ids=lambda pair: str(pair[0]))
def versioned(request: pytest.FixtureRequest) -> Iterator[tuple[str, BubblewrapSandbox]]:
    version, command = request.param
    with BubblewrapSandbox(workers=1, python=command) as opened:
        yield version, opened


@pytest.mark.parametrize("style", TraceStyle)
@pytest.mark.parametrize("file", PROGRAMS, ids=lambda file: file.stem)
def test_trace(versioned: tuple[str, BubblewrapSandbox], file: Path, style: TraceStyle) -> None:
    version, opened = versioned
    text = describe(run(opened, file, style))
    if os.environ.get("UPDATE_GOLDEN"):
        write_golden(file, style, version, text)
    assert text == golden_file(file, style, version).read_text()


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 8


def golden_file(file: Path, style: TraceStyle, version: str) -> Path:
    """The version's own file where there is one, else the common one. Python 3.12 runs comprehensions inline."""
    own = file.with_name(f"{file.stem}.{style}.{version}.txt")
    return own if own.exists() else file.with_name(f"{file.stem}.{style}.txt")


def write_golden(file: Path, style: TraceStyle, version: str, text: str) -> None:
    own = file.with_name(f"{file.stem}.{style}.{version}.txt")
    common = file.with_name(f"{file.stem}.{style}.txt")
    own.unlink(missing_ok=True)
    if version == COMMON or text != common.read_text():
        (common if version == COMMON else own).write_text(text)


def run(opened: BubblewrapSandbox, file: Path, style: TraceStyle) -> Outcome:
    """A program's first line is its test: ``# assert ...``, ``# stdin TEXT``, or ``# insert PROBE``."""
    source = file.read_text()
    kind, rest = source.split("\n", 1)[0].removeprefix("# ").split(" ", 1)
    if kind == "stdin":
        program = Program(source, "solve", "program")
        return opened.run(program, [StdioTest(rest, "")], LIMITS, trace=style, meter=Meter())[0]
    if kind == "insert":
        program = Program(source, "", "insertion", prelude="values = [3, 1, 2]\n")
        return opened.run(program, [ProbeTest(rest)], LIMITS, trace=style, meter=Meter())[0]
    return opened.run(Program(source, "f"), [AssertTest(f"assert {rest}")], LIMITS, trace=style, meter=Meter())[0]


def describe(outcome: Outcome) -> str:
    assert outcome.trace is not None
    lines = [
        f"{outcome.status} {outcome.failure}: {outcome.invocation} -> {outcome.value}",
        f"expected {outcome.expected}, error {outcome.error} at {outcome.error_line}, printed {outcome.stdout!r}",
    ]
    for step in outcome.trace.steps:
        variables = ", ".join(f"{one.name}: {one.type} = {one.value}" for one in step.variables)
        value = "" if step.value is None else f" => {step.value}"
        lines.append(f"{'    ' * step.depth}{step.kind} {step.function}:{step.line}{value} | {variables}".rstrip(" |"))
    return "\n".join([*lines, "cut" if outcome.trace.cut else "whole"]) + "\n"
