"""Models of transformers: folders as ``save_pretrained`` writes them, and GGUF files.

``hf/<folder>``, ``hf/<hub repo>``, ``hf/<folder or hub repo>:<file.gguf>``, ``hf/<path>.gguf``, and ``hf/<short name>``
for the GGUF file of a model of the catalogue. A folder that exists is preferred to a hub repository of that name.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

from linewise.engines.models import hub
from linewise.engines.models.catalogue import catalogue
from linewise.engines.models.files import pull, resolve
from linewise.errors import InputError, MissingPartError

PREFIX = "hf/"
_REPO = re.compile(r"[\w.-]+/[\w.-]+")


class ModelFolder(NamedTuple):
    """``file``: the GGUF file in ``folder``; ``None`` where the folder itself is the model."""

    folder: Path
    file: str | None


def find_folder(uri: str) -> ModelFolder:
    """The model of ``hf/...`` on this machine; nothing is downloaded.

    Raises ``MissingPartError`` with the command that downloads it, or ``InputError`` for a name that means nothing.
    """
    name, file = _parts(uri)
    if name in catalogue() and not Path(name).is_dir():
        path = resolve(name)
        return ModelFolder(path.parent, path.name)
    place = Path(name).expanduser()
    if place.is_dir():
        return _checked(uri, place, file)
    if _REPO.fullmatch(name) is None:
        raise InputError(f"{uri}: there is no folder {place} and no short name {name}; check it")
    folder = hub.snapshot(name, file)
    if folder is None or not _whole(folder, file):
        raise MissingPartError(f"{uri} is not downloaded; run: linewise models pull {uri}")
    return _checked(uri, folder, file)


def _whole(folder: Path, file: str | None) -> bool:
    """Whether weights are there, all files of them that an index names; an interrupted download leaves some."""
    if file:
        return (folder / file).is_file()
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        weights = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
        return all((folder / name).is_file() for name in weights)
    return any(folder.glob("*.safetensors"))


def pull_folder(uri: str) -> Path:
    """Download the model of ``hf/...`` unless it is here already; its folder, or its GGUF file."""
    name, file = _parts(uri)
    if name in catalogue() and not Path(name).is_dir():
        return pull(name)
    try:
        folder, file = find_folder(uri)
    except MissingPartError:
        hub.download_snapshot(uri, name, file)
        folder, file = find_folder(uri)
    return folder / file if file else folder


def _parts(uri: str) -> tuple[str, str | None]:
    """Folder, repository or short name, and the GGUF file."""
    name = uri.removeprefix(PREFIX)
    if Path(name).expanduser().suffix == ".gguf" and Path(name).expanduser().is_file():
        return str(Path(name).parent), Path(name).name
    if name.endswith(".gguf") and ":" in name:
        name, _, file = name.rpartition(":")
        return name, file
    return name, None


def _checked(uri: str, folder: Path, file: str | None) -> ModelFolder:
    needed = file or "config.json"
    if not (folder / needed).is_file():
        raise InputError(f"{uri}: there is no {needed} in {folder}; check the name")
    return ModelFolder(folder, file)
