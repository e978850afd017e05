"""What a user chooses about the engines: section ``engine`` of the settings. Each engine reads what concerns it."""

import os
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class CommonOptions(BaseModel):
    """``ctx``: tokens of all prefixes in use; a single prefix has to fit into it.

    ``chunk`` is fixed, not adapted to the machine's speed: the sizes of batches show in the last bits of a
    distribution, and so in what is chosen. A cancelled call ends at the end of a chunk.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ctx: int = Field(default=16_384, ge=256, le=1 << 20, description="tokens that the engine can hold at once")
    threads: int = Field(default_factory=_cores, ge=1, le=512, description="CPU threads")
    chunk: int = Field(default=64, ge=16, le=512, description="most tokens of a prefix computed in one step")


class LlamaCppOptions(CommonOptions):
    """What llama.cpp reads."""

    gpu_layers: int = Field(default=0, ge=-1, le=1000, description="layers on the GPU; -1: all")


class HfOptions(CommonOptions):
    """What transformers reads. ``device`` auto: CUDA, else MPS, else the CPU.

    ``gpu_chunk`` is ``chunk`` where the model does not run on the CPU.
    ``dtype`` auto: bfloat16 where the device has instructions for it (of CPUs: AVX-512 BF16 or AMX); else float16 on a
    GPU and float32 on a CPU.
    """

    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description="where the model runs")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(default="auto", description="type of the weights")
    gpu_chunk: int = Field(default=2048, ge=16, le=65_536, description="chunk where the model runs on a GPU")


class EngineOptions(LlamaCppOptions, HfOptions):
    """All of section ``engine``."""
