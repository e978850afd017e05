"""What a download has to satisfy: room for it before, the right bytes after."""

import hashlib
import shutil
from pathlib import Path

from linewise.engines.models.catalogue import Model
from linewise.errors import MissingPartError

CHUNK = 1 << 20


def check_disk(model: Model, folder: Path) -> None:
    """Raise ``MissingPartError`` unless ``folder`` has room for what is missing of ``model`` and one more part."""
    present = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    one_part = model.bytes // len(model.parts) if model.parts else 0
    needed = model.bytes - min(present, model.bytes) + one_part
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise MissingPartError(
            f"{model.name}: no disk space: {needed >> 20} MiB needed in {folder}, {free >> 20} MiB free; "
            "make room, or set LINEWISE_HOME to a folder on another disk"
        )


def checked(path: Path, model: Model) -> Path:
    """``path`` itself if it holds the model's bytes; else the file is removed and ``MissingPartError`` raised."""
    size = path.stat().st_size
    digest = None if model.sha256 is None or size != model.bytes else sha256(path)
    if size == model.bytes and digest == model.sha256:
        return path
    path.unlink()
    found = f"{size} bytes instead of {model.bytes}" if size != model.bytes else f"SHA-256 {digest}"
    raise MissingPartError(
        f"{model.name}: wrong checksum: the downloaded file has {found} and was removed; it has to be downloaded again"
    )


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
