"""Where a run comes from: code, versions and machine, for whoever repeats it."""

import hashlib
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from linewise.runs.records import SessionRecord

PACKAGES = ("linewise", "llama-cpp-python", "numpy", "torch", "transformers")


def session() -> SessionRecord:
    """This moment, this code, this machine."""
    package = Path(__file__).parent.parent
    return SessionRecord(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        versions=versions(),
        source=source(package),
        commit=commit(package),
    )


def source(package: Path) -> str:
    """SHA-256 over names and contents of all files of ``package``, but for what Python compiles from them."""
    found = hashlib.sha256()
    files = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    for name, path in sorted((path.relative_to(package).as_posix(), path) for path in files):
        found.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def commit(package: Path) -> str | None:
    """The commit that ``package`` is a checkout of, ``+`` behind it where files differ; ``None`` where it is none."""
    git = shutil.which("git")
    if git is None:
        return None

    def said(*words: str) -> str | None:
        done = subprocess.run([git, "-C", str(package), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    if said("ls-files", "--error-unmatch", "__init__.py") is None:
        return None  # installed; a repository around it says nothing
    head, changes = said("rev-parse", "HEAD"), said("status", "--porcelain", "--", ".")
    return head and f"{head}{'+' if changes else ''}"


def versions() -> dict[str, str]:
    """The version of Python and of every package that results can depend on, where it is installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Processor, how many of them, memory in bytes and system. Nothing that names the machine or its user."""
    return {
        "processor": _processor(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
