"""The two commands of the README, on machines that lack something: one line names it and the mend."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = ("demo", "test")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone without an environment, and a folder ``bin`` that holds all the programs there are."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "bin").mkdir()
    for name in ("basename", "bash", "cat", "cksum", "dirname", "grep", "sh", "sleep", "tail"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or f"{name} is missing")
    return tmp_path


def add_python(clone: Path, text: str) -> None:
    """A ``python3`` that is a shell script."""
    python = clone / "bin" / "python3"
    python.write_text(f"#!/bin/sh\n{text}\n")
    python.chmod(0o755)


def run(clone: Path, *command: str, **variables: str) -> str:
    """The one line that the command fails with."""
    environment = {"PATH": str(clone / "bin"), **variables}
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_python(clone: Path, script: str) -> None:
    line = run(clone, "sh", f"scripts/{script}")
    assert line == f"{script}: no python3 here; on Debian: sudo apt-get install -y python3 python3-venv"


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_old_python(clone: Path, script: str) -> None:
    add_python(clone, '[ "$1" = -V ] && echo Python 3.9.2; exit 1')
    line = run(clone, "sh", f"scripts/{script}")
    assert line == (
        f"{script}: Python 3.9.2 is too old, 3.11 is needed; name a newer one: PYTHON=python3.11 sh scripts/{script}"
    )


def test_a_python_that_makes_no_environments(clone: Path) -> None:
    add_python(clone, 'case "$*" in *ensurepip*) exit 1 ;; esac')
    line = run(clone, "sh", "scripts/test")
    assert line.endswith("cannot make virtual environments; on Debian: sudo apt-get install -y python3-venv")


def test_no_compiler(clone: Path) -> None:
    line = run(clone, "sh", "scripts/demo", PYTHON=str(Path(sys.executable).resolve()))
    assert line == (
        "demo: no C and C++ compiler, which the engine is built with;"
        " on Debian: sudo apt-get install -y build-essential"
    )


def test_no_python_for_the_packages_of_ds1000(clone: Path) -> None:
    (clone / "data").mkdir()
    add_python(clone, "exit 1")
    line = run(clone, "bash", ".ci/run", LINEWISE_DATA="data")
    assert line == (
        "ds1000: no Python 3.11 here, which these packages are made for; name one: PYTHON=PATH sh scripts/ds1000"
    )


def test_without_packages_of_ds1000_nothing_is_checked(clone: Path) -> None:
    """pip has no network here: nor does the second try take what the first has left for an environment."""
    (clone / "data").mkdir()
    for name in ("mkdir", "cp"):
        (clone / "bin" / name).symlink_to(shutil.which(name) or f"{name} is missing")
    make = "mkdir -p .venv-ds1000/bin && cp bin/python3 .venv-ds1000/bin/python"
    add_python(clone, f'case "$*" in *pip*) echo no network; exit 1 ;; *venv*) {make} ;; esac')
    environment = {"PATH": str(clone / "bin"), "LINEWISE_DATA": "data"}
    for _ in range(2):
        done = subprocess.run(
            ["bash", ".ci/run"], cwd=clone, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            "no network",
            "ds1000: pip could not install scripts/ds1000-packages.txt, which takes a network or pip's cache;"
            " see .venv-ds1000/install.log",
        ]


def test_no_benchmark_data(clone: Path) -> None:
    line = run(clone, "bash", ".ci/run", LINEWISE_DATA="nowhere")
    assert line == ".ci/run: no folder nowhere with benchmark data; set LINEWISE_DATA"


def test_all_scripts_can_be_run() -> None:
    for file in ("scripts/demo", "scripts/test", "scripts/ds1000", ".ci/run"):
        assert os.access(ROOT / file, os.X_OK), file
