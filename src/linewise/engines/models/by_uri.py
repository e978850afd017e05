"""Any model that is named by a URI: whether it is here, and how it gets here."""

from pathlib import Path

from linewise.engines.models import files, folders
from linewise.engines.models.files import Progress, Say


def find(uri: str) -> Path:
    """The file or folder of a model on this machine; nothing is downloaded.

    Raises ``MissingPartError`` with the command that downloads it, or ``InputError`` for a name that means nothing.
    """
    if not uri.startswith(folders.PREFIX):
        return files.resolve(uri)
    folder, file = folders.find_folder(uri)
    return folder / file if file else folder


def fetch(uri: str, progress: Progress | None = None, say: Say | None = None) -> Path:
    """Download a model unless it is here already; its file or folder. Raises as ``find`` does."""
    if not uri.startswith(folders.PREFIX):
        return files.pull(uri, progress, say)
    return folders.pull_folder(uri)
