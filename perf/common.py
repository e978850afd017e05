"""What the programs in perf share: tasks of the benchmark, rows in a file, time spent in the model, the machine."""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from linewise.benchmarks.base import SuiteOptions
from linewise.benchmarks.data import data_folder
from linewise.benchmarks.suites import mbpp
from linewise.schema import Task


def parser(text: str | None, *, threads: bool = True) -> argparse.ArgumentParser:
    """A parser with the options that all programs have; without ``--threads`` where a program has its own."""
    made = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--model", default="qwen2.5-coder-0.5b", help="model URI")
    if threads:
        made.add_argument("--threads", type=int, help="CPU threads of the engine")
    return made


def add_tasks(made: argparse.ArgumentParser, default: str) -> None:
    """The options that choose tasks of MBPP."""
    made.add_argument("--mbpp", default=default, help="task numbers such as 511-520 or 511,515")
    made.add_argument("--data", type=Path, help="folder of the benchmark data; else LINEWISE_DATA")


def tasks(options: argparse.Namespace) -> list[Task]:
    """The chosen tasks, in order."""
    suite = mbpp.load(data_folder(options.data), SuiteOptions(split="all"))
    return [suite.problem(str(number)).task for number in numbers(options.mbpp)]


def numbers(text: str) -> list[int]:
    """``511-513,520`` is 511, 512, 513 and 520."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def read_rows(path: Path | None) -> list[dict[str, Any]]:
    """The rows that an earlier run has left; none where there is no file."""
    if path is None or not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def append_row(path: Path | None, row: dict[str, Any]) -> None:
    """Write one more row."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def table(head: list[str], rows: list[list[object]]) -> str:
    """Rows as Markdown."""
    lines = [head, ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> dict[str, Any]:
    """What figures depend on."""
    cpu = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    found: dict[str, Any] = {
        "cpu": cpu.partition(":")[2].strip(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
    }
    for package in ("llama-cpp-python", "torch", "transformers"):
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    if "llama-cpp-python" in found:
        import llama_cpp  # noqa: PLC0415 - where only transformers is installed there is none

        found["features"] = llama_cpp.llama_print_system_info().decode().strip()
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except OSError:
        return []


@contextmanager
def watched_decode(seen: Callable[[Any, float, float], None]) -> Iterator[None]:
    """Tell ``seen`` of every ``llama_decode``: its batch, when it began and when it ended, in seconds."""
    import llama_cpp  # noqa: PLC0415 - see machine

    decode = llama_cpp.llama_decode

    def watched(context: Any, batch: Any) -> int:
        start = time.perf_counter()
        status: int = decode(context, batch)
        seen(batch, start, time.perf_counter())
        return status

    llama_cpp.llama_decode = watched
    try:
        yield
    finally:
        llama_cpp.llama_decode = decode
