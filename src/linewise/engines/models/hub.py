"""Model files from the model hub. ``HF_ENDPOINT`` names another hub, as everywhere."""

import logging
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

import huggingface_hub

from linewise.engines.models.catalogue import Model
from linewise.errors import InputError, MissingPartError

PROBE_SECONDS = 5.0


def download(model: Model, work: Path, progress: Callable[[int, int], None]) -> Path:
    """Fetch the model's file at its pinned revision into ``work``; the library goes on with what it had fetched.

    The result is not yet checked. Raises ``MissingPartError`` where the hub cannot be reached or has no such file.
    """
    path = _asked(
        model.name,
        huggingface_hub.hf_hub_download,
        model.repo,
        model.file,
        revision=model.revision,
        local_dir=work / "hub",
        etag_timeout=PROBE_SECONDS,
        endpoint=endpoint(),
        tqdm_class=_bar(progress, model.bytes),
    )
    return Path(path)


def gguf_files(repo: str, quant: str) -> list[Model]:
    """All GGUF files of a hub repository at its newest revision. Raises ``MissingPartError``."""
    name = f"gguf/{repo}:{quant}"
    api = huggingface_hub.HfApi(endpoint=endpoint())
    info = _asked(name, api.model_info, repo, files_metadata=True, timeout=2 * PROBE_SECONDS)
    return [
        Model(name, file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else None, repo, info.sha)
        for file in info.siblings or ()
        if file.rfilename.endswith(".gguf")
    ]


def snapshot(repo: str, file: str | None) -> Path | None:
    """The folder of a repository in the hub's own cache on this machine, where transformers looks too; or ``None``.

    Raises ``InputError`` for a name that no repository can have.
    """
    try:
        return Path(huggingface_hub.snapshot_download(repo, local_files_only=True, allow_patterns=_patterns(file)))
    except huggingface_hub.errors.LocalEntryNotFoundError:
        return None
    except huggingface_hub.errors.HFValidationError as error:
        raise InputError(f"hf/{repo}: {next(iter(str(error).splitlines()))}; check the name") from error


def download_snapshot(uri: str, repo: str, file: str | None) -> None:
    """Fetch what transformers needs of a repository's newest revision into the hub's cache: weights as safetensors, or
    one GGUF ``file``. Raises ``MissingPartError``.
    """
    _asked(
        uri,
        huggingface_hub.snapshot_download,
        repo,
        allow_patterns=_patterns(file),
        etag_timeout=PROBE_SECONDS,
        endpoint=endpoint(),
    )


def _patterns(file: str | None) -> list[str]:
    """Never pickled weights: loading those can run any code."""
    return [file] if file else ["*.json", "*.jinja", "*.model", "*.safetensors", "*.txt"]


def endpoint() -> str:
    """The hub's address."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or str(huggingface_hub.constants.ENDPOINT)


def _asked(name: str, call: Callable[..., Any], *arguments: object, **options: object) -> Any:
    """``call(...)`` after one quick look whether the hub is there: the library alone retries for half a minute."""
    if (problem := _unreachable()) is not None:
        raise MissingPartError(f"{name}: the model hub cannot be reached ({problem})")
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return call(*arguments, **options)
    except Exception as error:
        # The library's own errors, those of whichever HTTP client it uses, OSError: all say that the hub failed.
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise MissingPartError(f"{name}: the model hub failed ({reason})") from error


def _unreachable() -> str | None:
    """Why the hub does not answer within ``PROBE_SECONDS``, or ``None``. Name look-ups have no time limit of their own,
    so a thread makes the attempt.
    """
    problems: list[str | None] = []
    thread = threading.Thread(target=lambda: problems.append(_probe(endpoint())), daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS + 1)
    return problems[0] if problems else f"no answer within {PROBE_SECONDS:g} seconds"


def _probe(address: str) -> str | None:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=PROBE_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        # It answered, whatever it thinks of the question.
        error.close()
        return None
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def _bar(progress: Callable[[int, int], None], total: int) -> type:
    """A class that the library takes for ``tqdm`` and that hands on what it is told. The library may open several
    bars for one file, so the highest count is the one that tells.
    """
    highest = 0

    class Bar:
        """The part of ``tqdm`` that downloads use, without anything to see."""

        format_dict: ClassVar[dict[str, float]] = {}

        def __init__(self, *, initial: int = 0, **_: object) -> None:
            self.n = initial
            self.total = total

        def update(self, count: float = 1) -> None:
            nonlocal highest
            self.n += int(count)
            highest = min(max(highest, self.n), total)
            progress(highest, total)

        def silent(self, *_: object, **__: object) -> None:
            """Nothing is shown."""

        refresh = close = set_postfix_str = set_description = __exit__ = silent

        def __enter__(self) -> Self:
            return self

    return Bar
