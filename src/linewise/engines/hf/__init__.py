"""The engine on transformers: any causal language model of the hub, and GGUF files through the library's own loader."""

from linewise.engines.hf.engine import HfEngine
from linewise.engines.options import HfOptions

__all__ = ["HfEngine", "HfOptions"]
