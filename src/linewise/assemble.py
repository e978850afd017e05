"""The only place that builds engines and sandboxes: from a model URI, from a sandbox's name."""

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from linewise.engines.base import Engine
from linewise.engines.model_files import resolve
from linewise.engines.options import LlamaCppOptions
from linewise.errors import MissingPartError
from linewise.execution.base import Sandbox

_SCRIPTED = "scripted/"


def open_engine(uri: str, options: LlamaCppOptions) -> Engine:
    """The engine of ``uri``: ``scripted/<file>``, ``gguf/<file>``, ``gguf/<hub repo>:<quant>`` or a short name.

    Raises ``MissingPartError`` with the command that mends it, or ``InputError``. To be used in a ``with`` block.
    """
    if uri.startswith(_SCRIPTED):
        from linewise.engines.scripted import ScriptedEngine  # noqa: PLC0415 - concrete engines load when used

        return ScriptedEngine.load(Path(uri.removeprefix(_SCRIPTED)))
    path = resolve(uri)
    if importlib.util.find_spec("llama_cpp") is None:
        raise MissingPartError(f"llama-cpp-python is not installed; run: {install_command()}")
    from linewise.engines.llamacpp import LlamaCppEngine  # noqa: PLC0415 - needs the extra `llamacpp`

    return LlamaCppEngine(path, name=uri, options=options)


def open_sandbox(name: Literal["bubblewrap", "process"], *, preload: Sequence[str] = ()) -> Sandbox:
    """The sandbox called ``name``, with one worker per processor. To be used in a ``with`` block.

    ``preload``: modules that programs find imported, such as ``numpy``.
    """
    if name == "process":
        from linewise.execution.process import ProcessSandbox  # noqa: PLC0415 - unsafe, so never by accident

        return ProcessSandbox(preload=preload)
    from linewise.execution.bubblewrap import BubblewrapSandbox  # noqa: PLC0415

    return BubblewrapSandbox(preload=preload)


def install_command() -> str:
    """The command that installs the engine for this interpreter, with a compiler first where there is none."""
    command = f"{sys.executable} -m pip install 'linewise[llamacpp]'"
    return command if find_compiler() else f"sudo apt-get install -y build-essential && {command}"


def find_compiler() -> str | None:
    """The path of a C++ compiler, with which the engine is built."""
    return next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)
