"""What the sandbox needs to know about the Python interpreter that runs programs."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linewise.errors import SandboxError

FLAGS = ("-P", "-s", "-S", "-B", "-X", "utf8")
"""Isolated as ``-I`` is, but for one variable that we set ourselves: see ``ENVIRONMENT``."""

ENVIRONMENT = {
    **{"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    **{"MPLBACKEND": "Agg", "MPLCONFIGDIR": "."},
}
"""Sets of strings have the same order in every worker, so that traces and verdicts repeat. Libraries that are loaded
before programs are forked start no threads, which a fork would not have. matplotlib, where it is loaded then, draws
without a screen and keeps its files in the folder that a program works in: there is no home folder. A program
itself has an empty environment.
"""

QUESTION = """
import json, os, sys
base = getattr(sys, "_base_executable", None) or sys.executable
print(json.dumps([os.path.realpath(base), sys.base_prefix, sys.base_exec_prefix, list(sys.version_info[:2])]))
"""

PACKAGES = """
import json, os, sys
folders = [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages") and os.path.isdir(p)]
print(json.dumps(folders))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """``executable`` is no virtual environment's; ``folders`` hold all that it needs beyond the system's own."""

    executable: str
    folders: tuple[str, ...]


def find_interpreter(python: str | None = None) -> Interpreter:
    """The interpreter behind ``python`` (default: the one that runs now). Raises ``SandboxError``."""
    command = _command(python)
    executable, prefix, exec_prefix, version = _ask(command, "-I", "-S", "-c", QUESTION)
    if tuple(version) < (3, 11):
        raise SandboxError(
            f"{command}: Python {version[0]}.{version[1]} is too old for the sandbox; give 3.11 or newer"
        )
    return Interpreter(executable, _folders(prefix, exec_prefix, os.path.dirname(executable)))


def package_folders(python: str | None = None) -> tuple[str, ...]:
    """Where the packages of ``python`` (default: the one that runs now) lie. Raises ``SandboxError``."""
    return tuple(_ask(_command(python), "-I", "-c", PACKAGES))


def _command(python: str | None) -> str:
    return os.path.expanduser(python) if python else sys.executable


def _ask(command: str, *arguments: str) -> list[Any]:
    try:
        done = subprocess.run([command, *arguments], capture_output=True, timeout=30, check=True)
        answer: list[Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SandboxError(
            f"{command}: not a Python interpreter that runs ({_reason(error)}); give another one with --python"
        ) from error
    return answer


def _reason(error: Exception) -> str:
    """On one line; what is not there is named by the message already."""
    match error:
        case OSError():
            return error.strerror or type(error).__name__
        case subprocess.CalledProcessError():
            return f"exit code {error.returncode}"
        case subprocess.TimeoutExpired():
            return f"no answer in {error.timeout:g} s"
    return "it says something else than Python would"


def _folders(*needed: str) -> tuple[str, ...]:
    """The outermost of the needed folders. One that holds the home folder is replaced by its library folders."""
    found: list[str] = []
    home = Path(os.path.expanduser("~"))
    for folder in (Path(name).resolve() for name in needed):
        parts = [folder] if not home.is_relative_to(folder) else [folder / "lib", folder / "bin"]
        found += [str(part) for part in parts]
    unique = sorted(set(found))
    return tuple(one for one in unique if not any(one != other and Path(one).is_relative_to(other) for other in unique))
