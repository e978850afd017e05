"""Strategies: ways to turn a task into one answer. ``base`` is the contract."""

from linewise.execution.base import Limits
from linewise.guidance.options import GuidanceOptions
from linewise.strategies.base import Strategy
from linewise.strategies.best_of_n import BestOfN
from linewise.strategies.direct import Direct
from linewise.strategies.eg_cfg import EgCfg
from linewise.strategies.options import BestOfNOptions, EgCfgOptions

__all__ = ["KEEPS_ALLOWANCE", "NAMES", "BestOfNOptions", "EgCfgOptions", "Strategy", "build"]

NAMES = ("direct", "best-of-n", "eg-cfg")

KEEPS_ALLOWANCE = ("best-of-n",)
"""Those that end once ``Meter.allowance_spent``; the others work in no rounds and cost what they cost."""


def build(
    name: str, *, guidance: GuidanceOptions, best_of_n: BestOfNOptions, eg_cfg: EgCfgOptions, limits: Limits
) -> Strategy:
    """The strategy called ``name``, one of ``NAMES``."""
    if name == "direct":
        return Direct(guidance, limits)
    if name == "best-of-n":
        return BestOfN(best_of_n, guidance, limits)
    if name == "eg-cfg":
        return EgCfg(eg_cfg, guidance, limits)
    raise ValueError(f"no strategy is called {name!r}; there are {', '.join(NAMES)}")
