"""The only place that builds engines and sandboxes: from a model URI, from a sandbox's name."""

import hashlib
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from linewise.engines.base import Engine
from linewise.engines.models.files import resolve
from linewise.engines.models.folders import PREFIX as _HF
from linewise.engines.models.folders import find_folder
from linewise.engines.options import EngineOptions
from linewise.errors import InputError, MissingPartError
from linewise.execution.base import Sandbox

_SCRIPTED = "scripted/"

Conversion = Literal["bf16", "q8_0", "q4_0"]
"""Kinds of weights that a model file can be converted to."""


def open_engine(uri: str, options: EngineOptions) -> Engine:
    """The engine of ``uri``: ``scripted/<file>``, ``gguf/<file>``, ``gguf/<hub repo>:<quant>`` or a short name run on
    llama.cpp, ``hf/<folder or hub repo>`` and what else `engines.models.folders` names on transformers.

    Raises ``MissingPartError`` with the command that mends it, or ``InputError``. To be used in a ``with`` block.
    """
    if uri.startswith(_SCRIPTED):
        from linewise.engines.scripted import ScriptedEngine  # noqa: PLC0415 - concrete engines load when used

        return ScriptedEngine.load(Path(uri.removeprefix(_SCRIPTED)))
    if uri.startswith(_HF):
        check_hf()
        from linewise.engines.hf import HfEngine  # noqa: PLC0415 - needs the extra `hf`, and torch

        return HfEngine(uri, options=options)
    path = resolve(uri)
    _check_llama_cpp()
    from linewise.engines.llamacpp import LlamaCppEngine  # noqa: PLC0415 - needs the extra `llamacpp`

    return LlamaCppEngine(path, name=uri, options=options)


def model_checksum(uri: str) -> str | None:
    """The SHA-256 of the file of ``uri``; ``None`` where the model is a folder. Raises as ``open_engine`` does."""
    if uri.startswith(_HF):
        found = find_folder(uri)
        path = found.folder / found.file if found.file else None
    else:
        path = Path(uri.removeprefix(_SCRIPTED)) if uri.startswith(_SCRIPTED) else resolve(uri)
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def check_hf() -> None:
    """Raise ``MissingPartError`` with the command that mends it unless transformers and torch are installed."""
    pip = f"{sys.executable} -m pip install"
    if importlib.util.find_spec("torch") is None:
        raise MissingPartError(f"torch is not installed; run: {pip} torch (pytorch.org has builds for every device)")
    if importlib.util.find_spec("transformers") is None:
        raise MissingPartError(f"transformers is not installed; run: {pip} 'linewise[hf]'")


def convert_model(uri: str, kind: Conversion, threads: int) -> Path:
    """The model of ``uri`` with its weights as ``kind``, in a file beside it that is complete once it is there.

    Raises ``MissingPartError``, ``InputError``, and ``EngineError`` where llama.cpp cannot convert it.
    """
    source = resolve(uri)
    _check_llama_cpp()
    from linewise.engines.llamacpp import requantize  # noqa: PLC0415 - needs the extra `llamacpp`

    target = source.with_name(f"{source.stem}.as-{kind}.gguf")
    partial = target.with_suffix(".partial")
    try:
        requantize(source, partial, kind, threads=threads)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _check_llama_cpp() -> None:
    if importlib.util.find_spec("llama_cpp") is None:
        raise MissingPartError(f"llama-cpp-python is not installed; run: {install_command()}")


def open_sandbox(
    name: Literal["bubblewrap", "process"], *, preload: Sequence[str] = (), python: str | None = None
) -> Sandbox:
    """The sandbox called ``name``, with one worker per processor. To be used in a ``with`` block.

    ``preload``: modules that programs find imported, such as ``numpy``. ``python``: the interpreter that runs programs,
    tests and tracer, with its packages; default: the one that runs linewise.
    """
    if name == "process":
        from linewise.execution.process import ProcessSandbox  # noqa: PLC0415 - unsafe, so never by accident

        return ProcessSandbox(preload=preload, python=python)
    from linewise.execution.bubblewrap import BubblewrapSandbox  # noqa: PLC0415

    return BubblewrapSandbox(preload=preload, python=python)


def install_command() -> str:
    """The command that installs the engine for this interpreter, with a compiler first where there is none."""
    command = f"{sys.executable} -m pip install 'linewise[llamacpp]'"
    return command if find_compiler() else f"sudo apt-get install -y build-essential && {command}"


def find_compiler() -> str | None:
    """The path of a C++ compiler, with which the engine is built."""
    return next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)
