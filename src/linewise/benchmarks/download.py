"""Benchmark data from its public home, where nobody has named a folder of it.

``data.toml`` has the homes. A file is kept in ``data/`` of the cache folder; its SHA-256 is looked at before every use.
"""

import hashlib
import os
import tempfile
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import httpx
import platformdirs
from pydantic import BaseModel, ConfigDict

from linewise.benchmarks.data import data_folder, find_data
from linewise.errors import InputError

SECONDS = 30.0
"""How long a home may say nothing."""


class Source(BaseModel):
    """Where one file comes from; see ``data.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: str
    licence: str
    url: str | None = None
    sha256: str = ""


@cache
def sources() -> Mapping[str, Mapping[str, Source]]:
    """By suite, and by path below the data folder."""
    text = resources.files("linewise.benchmarks").joinpath("data.toml").read_text("utf-8")
    return {
        suite: {path: Source.model_validate(source) for path, source in files.items()}
        for suite, files in tomllib.loads(text).items()
    }


def suite_folder(suite: str, folder: Path | None = None) -> Path:
    """The folder that holds the data of ``suite``: the one that is named, by argument or ``LINEWISE_DATA``, as it is;
    else the cache folder, with what is missing there downloaded.

    Raises ``InputError`` with the mend where there is no such folder, no network, or another file than the pinned one.
    """
    if folder is not None or os.environ.get("LINEWISE_DATA") or suite not in sources():
        return data_folder(folder)
    return downloaded(suite, sources()[suite], cache_folder())


def cache_folder() -> Path:
    """``data/`` in ``$LINEWISE_HOME``, by default in the platform's cache folder; it need not exist."""
    home = os.environ.get("LINEWISE_HOME")
    return (Path(home) if home else platformdirs.user_cache_path("linewise")) / "data"


def downloaded(suite: str, files: Mapping[str, Source], folder: Path) -> Path:
    """``folder``, once it holds all ``files`` of ``suite``, checked. Raises ``InputError``."""
    for path, source in files.items():
        if source.url is None and find_data(folder, path) is None:
            raise InputError(
                f"{suite}: get {path} from {source.home} and name the folder above it with --data or LINEWISE_DATA"
            )
    for path, source in files.items():
        _fetch_checked(suite, folder / path, source)
    return folder


def _fetch_checked(suite: str, path: Path, source: Source) -> None:
    if source.url is None:
        return
    if not path.is_file():
        _put(path, _checked(suite, _fetch(suite, source.url), source, "try again, or get it another way: --data"))
    _checked(suite, path.read_bytes(), source, f"delete {path} to have it downloaded again")


def _checked(suite: str, content: bytes, source: Source, mend: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise InputError(f"{suite}: {source.url} has SHA-256 {found} here and should have {source.sha256}; {mend}")
    return content


def _fetch(suite: str, url: str) -> bytes:
    try:
        return httpx.get(url, timeout=SECONDS, follow_redirects=True).raise_for_status().content
    except httpx.HTTPError as error:
        mend = "name a folder of the data with --data or LINEWISE_DATA"
        raise InputError(f"{suite}: {url} cannot be downloaded ({error}); {mend}") from error


def _put(path: Path, content: bytes) -> None:
    """Write in one step, so that a file under its name is whole. Raises ``InputError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); set LINEWISE_HOME to another folder"
        ) from error
