"""From a model URI to a model and its vocabulary, on a device."""

import contextlib
import importlib.util
import io
import sys
import warnings
from dataclasses import dataclass
from typing import Any

import torch
import transformers

from linewise.engines.hf.forward import Forward
from linewise.engines.hf.vocabulary import Vocabulary
from linewise.engines.models.folders import find_folder
from linewise.engines.options import HfOptions
from linewise.errors import EngineError, MissingPartError


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready for work. ``context``: the tokens it was trained for."""

    forward: Forward
    vocabulary: Vocabulary
    context: int


def load(uri: str, options: HfOptions) -> Loaded:
    """The model of ``hf/...`` (see ``models.folders``), from this machine. Raises as ``HfEngine`` does."""
    folder, file = find_folder(uri)
    device = _device(options.device)
    source = {"gguf_file": file} if file else {}
    if file:
        _check_gguf(uri)
    if device.type == "cpu":
        torch.set_num_threads(options.threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        # The library's progress bars, one of which has no switch, and its advice to those who wrote the model's files.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, **source)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=_dtype(options.dtype, device), local_files_only=True, **source
            )
            loaded = Forward(model.to(device).eval()), Vocabulary(tokenizer, _ends(model)), _context(model)
    except Exception as error:
        raise EngineError(f"{uri} cannot be loaded: {_line(error)}") from error
    return Loaded(*loaded)


def _check_gguf(uri: str) -> None:
    missing = [package for package in ("gguf", "accelerate") if importlib.util.find_spec(package) is None]
    if missing:
        command = f"{sys.executable} -m pip install 'linewise[hf]'"
        raise MissingPartError(f"{uri} needs {' and '.join(missing)}, which GGUF files are read with; run: {command}")


def _device(name: str) -> torch.device:
    if name == "auto":
        mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    device = torch.device(name)
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[device.type]:
        raise MissingPartError(f"engine.device={name}: torch finds none; choose auto, or install a torch made for it")
    return device


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name != "auto":
        found: torch.dtype = getattr(torch, name)
        return found
    if _has_bfloat16(device):
        return torch.bfloat16
    return torch.float32 if device.type == "cpu" else torch.float16


def _has_bfloat16(device: torch.device) -> bool:
    """Whether the device itself computes in bfloat16; a library that only emulates it would be slower for it."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "mps":
        return _mps_has_bfloat16()
    # No public function of torch tells what a CPU has; where these are gone, weights stay in float32.
    known = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(has is not None and has() for has in known)


def _mps_has_bfloat16() -> bool:
    """Only a try tells: it depends on the version of macOS."""
    try:
        return bool((torch.ones(1, dtype=torch.bfloat16, device="mps") + 1).isfinite().all())
    except (RuntimeError, TypeError):
        return False


def _ends(model: Any) -> frozenset[int]:
    """End tokens that the model's configurations name: one, several or none."""
    found: set[int] = set()
    for config in (model.config, model.generation_config):
        ends = getattr(config, "eos_token_id", None)
        found |= {ends} if isinstance(ends, int) else set(ends or ())
    return frozenset(found)


def _context(model: Any) -> int:
    config = model.config.get_text_config()
    return int(getattr(config, "max_position_embeddings", None) or 1 << 20)


def _line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
