"""Is the engine installed, does it load, does it compute; are the models here?

Native code may end its process, so it is tried in a process of its own.
"""

import importlib.util
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata

from linewise.assemble import check_hf, find_compiler, install_command
from linewise.config import Settings
from linewise.doctor.report import Finding
from linewise.engines.models.by_uri import find
from linewise.engines.models.catalogue import catalogue
from linewise.engines.models.folders import PREFIX as HF
from linewise.errors import InputError, MissingPartError

PACKAGE = "llama-cpp-python"
TIMEOUT_SECONDS = 120

LOAD = """
import llama_cpp
llama_cpp.llama_backend_init()
print("loads")
"""

COMPUTE = """
import sys
from linewise.assemble import open_engine
from linewise.engines.base import Pair
from linewise.engines.options import EngineOptions
from linewise.errors import LinewiseError
from linewise.meter import Meter
try:
    with open_engine(sys.argv[1], EngineOptions.model_validate_json(sys.argv[2])) as engine:
        engine.next_dists([Pair(engine.encode("def"), None)], meter=Meter())
except LinewiseError as error:
    sys.exit(str(error))
print("loads and computes")
"""


def look_at_engine(settings: Settings) -> Iterator[Finding]:
    """The package of the engine; a compiler where the package has to be built yet; the model in the engine."""
    needed = not settings.model.startswith(("scripted/", HF))
    if settings.model.startswith(HF):
        yield _transformers()
    if importlib.util.find_spec("llama_cpp") is None:
        yield Finding("engine", PACKAGE, False, "not installed", needed, install_command())
        yield _compiler(needed)
    else:
        yield _load(needed)


def look_at_models(settings: Settings) -> Iterator[Finding]:
    """The model that ``solve`` would use, and the others that have a short name."""
    if not settings.model.startswith("scripted/"):
        yield _file(settings.model, needed=True)
    yield from (_file(name, needed=False) for name in catalogue() if name != settings.model)


def look_at_work(settings: Settings) -> Iterator[Finding]:
    """The model that ``solve`` would use, with the engine's settings; both have to be there."""
    ok, said = _try(COMPUTE, settings.model, settings.engine.model_dump_json())
    yield Finding("model", f"{settings.model} at work", ok, said)


def _transformers() -> Finding:
    """torch and transformers, which the model is to run on; loading them takes seconds."""
    try:
        check_hf()
    except MissingPartError as error:
        problem, _, mend = str(error).partition("; run: ")
        return Finding("engine", "transformers", False, problem, True, mend)
    ok, said = _try("import torch, transformers; print('loads, with torch', torch.__version__)")
    return Finding("engine", f"transformers {metadata.version('transformers')}", ok, said)


def _compiler(needed: bool) -> Finding:
    found = find_compiler()
    return Finding(
        "engine", "C++ compiler", found is not None, found or "none; the engine is built from source", needed
    )


def _load(needed: bool) -> Finding:
    version = metadata.version(PACKAGE)
    ok, said = _try(LOAD)
    again = f"{sys.executable} -m pip install --force-reinstall --no-cache-dir --no-deps {PACKAGE}=={version}"
    return Finding("engine", f"{PACKAGE} {version}", ok, said, needed, None if ok else again)


def _file(uri: str, needed: bool) -> Finding:
    try:
        return Finding("model", uri, True, str(find(uri)), needed)
    except MissingPartError:
        return Finding("model", uri, False, "not downloaded", needed, f"linewise models pull {uri}")
    except InputError as error:
        return Finding("model", uri, False, str(error).removeprefix(f"{uri}: "), needed)


def _try(program: str, *arguments: str) -> tuple[bool, str]:
    """Whether the program of ours ends well in a Python of its own, and its last words."""
    command = [sys.executable, "-P", "-c", program, *arguments]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False, f"gives no answer within {TIMEOUT_SECONDS} seconds"
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        return False, f"crashes: {name}" + (", which is how lack of memory shows" if name == "SIGKILL" else "")
    words = (done.stderr if done.returncode else done.stdout).strip().splitlines()
    return done.returncode == 0, words[-1].strip() if words else f"ends with exit code {done.returncode}"
