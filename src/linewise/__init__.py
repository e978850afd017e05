"""linewise writes Python functions with a language model that sees its own code run."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from linewise.errors import LinewiseError
from linewise.schema import AssertTest, ProbeTest, Solution, StdioTest, Task

if TYPE_CHECKING:
    from linewise.api import solve

__all__ = ["AssertTest", "LinewiseError", "ProbeTest", "Solution", "StdioTest", "Task", "solve"]


def __getattr__(name: str) -> Any:
    """``solve`` loads on first use, so that importing linewise stays light."""
    if name == "solve":
        return import_module("linewise.api").solve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
