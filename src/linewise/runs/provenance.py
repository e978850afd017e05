"""Where a run comes from: versions and machine, for whoever repeats it."""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from linewise.runs.records import SessionRecord

PACKAGES = ("linewise", "llama-cpp-python", "numpy", "torch", "transformers")


def session() -> SessionRecord:
    """This moment, this machine."""
    return SessionRecord(
        started=datetime.now(UTC).isoformat(timespec="seconds"), machine=machine(), versions=versions()
    )


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
