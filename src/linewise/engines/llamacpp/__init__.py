"""The engine on llama.cpp, through the low-level interface of ``llama-cpp-python``."""

from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.engines.llamacpp.native import requantize
from linewise.engines.options import LlamaCppOptions

__all__ = ["LlamaCppEngine", "LlamaCppOptions", "requantize"]
