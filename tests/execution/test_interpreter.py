"""Programs on another interpreter than linewise's own."""

import sys
import venv
from pathlib import Path

import pytest

from linewise.errors import SandboxError
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.interpreter import find_interpreter, package_folders
from linewise.execution.process import ProcessSandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Outcome, ProbeTest, TraceStyle

KINDS = [BubblewrapSandbox, ProcessSandbox]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with one package of two modules, in a folder that other users cannot enter."""
    folder = tmp_path_factory.mktemp("environment")
    folder.chmod(0o700)
    venv.create(folder, with_pip=False, symlinks=True)
    package = Path(package_folders(str(folder / "bin/python"))[0]) / "scales"
    package.mkdir()
    (package / "__init__.py").write_text("FACTOR = 3\n")
    (package / "late.py").write_text("from scales import FACTOR\n\ndef scaled(x):\n    return FACTOR * x\n")
    return folder


@pytest.fixture(scope="module")
def python(environment: Path) -> str:
    return str(environment / "bin/python")


def run(sandbox: BubblewrapSandbox | ProcessSandbox, source: str, trace: TraceStyle | None = None) -> Outcome:
    program = Program(source, "f")
    return sandbox.run(program, [AssertTest("assert f(2) == 6")], Limits(), trace=trace, meter=Meter())[0]


LATE = "def f(x):\n    from scales.late import scaled\n    return scaled(x)\n"


@pytest.mark.parametrize("kind", KINDS)
def test_programs_and_tracer_run_on_the_given_interpreter(
    kind: type[BubblewrapSandbox | ProcessSandbox], python: str
) -> None:
    with kind(workers=1, python=python) as sandbox:
        outcome = run(sandbox, LATE, TraceStyle.DELTA)
    assert outcome.passed
    assert outcome.trace is not None


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_preloaded_package_the_rest_can_be_imported(
    kind: type[BubblewrapSandbox | ProcessSandbox], python: str
) -> None:
    """Libraries import parts of themselves when these are first used, by then as another kernel user."""
    with kind(workers=1, python=python, preload=["scales"]) as sandbox:
        assert run(sandbox, LATE).passed


def test_packages_cannot_be_written_to(python: str) -> None:
    source = "def f(x):\n    import scales\n    open(scales.__file__, 'a').write('#')\n    return 3 * x\n"
    with BubblewrapSandbox(workers=1, python=python) as sandbox:
        error = run(sandbox, source).error
    assert error is not None
    assert error.startswith(("OSError: [Errno 30]", "PermissionError"))


def test_a_preload_that_is_missing_names_the_interpreter(python: str) -> None:
    with pytest.raises(SandboxError, match=rf"No module named 'numpy'\); install it for {python}, or leave it out"):
        BubblewrapSandbox(workers=1, python=python, preload=["numpy"]).__enter__()


def test_its_base_is_what_runs(python: str) -> None:
    assert find_interpreter(python) == find_interpreter(sys.executable)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        ("", "Permission denied"),
        ("#!/bin/sh\nexit 3\n", "exit code 3"),
        ("#!/bin/sh\necho hello\n", "it says something else than Python would"),
    ],
)
def test_a_wrong_path_is_named_in_one_line(tmp_path: Path, content: str | None, reason: str) -> None:
    path = tmp_path / "python"
    if content is not None:
        path.write_text(content)
        path.chmod(0o755 if content else 0o644)
    for ask in (find_interpreter, package_folders):
        with pytest.raises(SandboxError) as caught:
            ask(str(path))
        mend = "give another one with --python"
        assert str(caught.value) == f"{path}: not a Python interpreter that runs ({reason}); {mend}"


def test_an_insertion_is_judged_in_its_own_process(sandbox: BubblewrapSandbox) -> None:
    program = Program("total = sum(values)\n", "", "insertion", prelude="values = [1, 2]\n")
    tests = [AssertTest("assert total == 3"), AssertTest("assert total == 4"), ProbeTest("missing")]
    right, wrong, raised = sandbox.run(program, tests, Limits(), meter=Meter())
    assert [right.trust, wrong.trust] == ["in-process", "in-process"]
    assert (right.passed, wrong.failure, raised.error) == (True, "wrong", "NameError: name 'missing' is not defined")


@pytest.mark.parametrize("style", TraceStyle)
def test_what_an_insertion_raises_ends_its_trace(sandbox: BubblewrapSandbox, style: TraceStyle) -> None:
    program = Program("total = 0\ntotal = 1 // total\nlater = 1\n", "", "insertion")
    (outcome,) = sandbox.run(program, [ProbeTest("total")], Limits(), trace=style, meter=Meter())
    assert (outcome.error, outcome.error_line) == ("ZeroDivisionError: integer division or modulo by zero", 2)
    assert outcome.trace is not None
    last = outcome.trace.steps[-1]
    assert (last.kind, last.line) == ("exception", 2)
    assert [one.value for one in last.variables] == ([] if style is TraceStyle.DELTA else ["0"])


def test_what_is_drawn_from_numpy_without_a_seed_is_the_same_in_every_worker() -> None:
    source = "import numpy\ndef f():\n    return float(numpy.random.rand())\n"
    drawn = set()
    for _ in range(2):
        with BubblewrapSandbox(workers=1, preload=["numpy"]) as sandbox:
            drawn.add(sandbox.run(Program(source, "f"), [ProbeTest("f()")], Limits(), meter=Meter())[0].value)
    assert len(drawn) == 1
    assert None not in drawn
