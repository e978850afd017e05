"""All that a user can set."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from linewise.engines.options import EngineOptions
from linewise.execution.base import Limits
from linewise.guidance.options import GuidanceOptions
from linewise.strategies.options import BestOfNOptions, EgCfgOptions

PRESETS = ("default", "paper")
ENV_PREFIX = "LINEWISE_"


class Settings(BaseSettings):
    """Everything that one run of linewise is configured by; made by ``loading.load_settings``."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, protected_namespaces=()
    )

    model: str = Field(default="qwen2.5-coder-0.5b", description="model URI or short name")
    preset: Literal["default", "paper"] = Field(default="default", description="values of what is not set otherwise")
    strategy: Literal["direct", "best-of-n", "eg-cfg"] = Field(
        default="eg-cfg", description="the method, the greedy answer, or samples"
    )
    sandbox: Literal["bubblewrap", "process"] = Field(default="bubblewrap", description="process is unsafe")
    preload: str = Field(default="", pattern=r"^([\w.]+(,[\w.]+)*)?$", description="modules, separated by commas")
    python: str | None = Field(default=None, min_length=1, description="interpreter of programs; None: linewise's own")
    seed: int = Field(default=0, ge=0, lt=1 << 62, description="seed of all sampling")
    max_seconds: float | None = Field(default=None, gt=0, description="a task ends there, with its best answer")
    max_tokens_computed: int | None = Field(default=None, gt=0, description="a task ends there, with its best answer")
    guidance: GuidanceOptions = GuidanceOptions()
    best_of_n: BestOfNOptions = BestOfNOptions()
    eg_cfg: EgCfgOptions = EgCfgOptions()
    engine: EngineOptions = EngineOptions()
    limits: Limits = Limits()

    @property
    def preloaded(self) -> tuple[str, ...]:
        """``preload`` as names."""
        return tuple(filter(None, self.preload.split(",")))
