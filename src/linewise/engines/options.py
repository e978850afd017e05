"""What a user chooses about llama.cpp."""

import os

from pydantic import BaseModel, ConfigDict, Field


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LlamaCppOptions(BaseModel):
    """``ctx``: cells of the cache, shared by all prefixes in use; a single prefix has to fit into it.

    ``chunk`` is fixed, not adapted to the machine's speed: the sizes of batches show in the last bits of a
    distribution, and so in what is chosen. A cancelled call ends at the end of a chunk.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ctx: int = Field(default=16_384, ge=256, le=1 << 20, description="tokens that the engine can hold at once")
    threads: int = Field(default_factory=_cores, ge=1, le=512, description="CPU threads")
    chunk: int = Field(default=64, ge=16, le=512, description="most tokens of a prefix computed in one step")
    gpu_layers: int = Field(default=0, ge=-1, le=1000, description="layers on the GPU; -1: all")
