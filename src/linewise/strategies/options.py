"""The options of the strategies; what they share with the method is in ``guidance.options``."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from linewise.guidance.options import PromptStyle


def _split(value: object) -> object:
    """On the command line several prompts are one text with commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class BestOfNOptions(BaseModel):
    """Independent samples of the whole answer, filtered by the visible tests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int = Field(default=16, ge=1, le=4096, description="samples")
    round: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="most samples of one batch; after each the tests decide; None: all at once",
    )
    temperature: float = Field(default=0.8, ge=0, le=5, description="temperature of the samples")
    top_p: float = Field(default=0.95, gt=0, le=1, description="nucleus of the samples")


class EgCfgOptions(BaseModel):
    """How guided attempts are strung together. The defaults are preset ``paper``: one agent, one attempt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompts: Annotated[tuple[PromptStyle, ...], BeforeValidator(_split)] = Field(
        default=(), description="prompts of the attempts, in turn; none: guidance.prompt alone"
    )
    direct_first: bool = Field(default=False, description="take the greedy answer to a prompt where it passes")
    attempts: int = Field(default=1, ge=1, le=1024, description="guided attempts, each with a seed of its own")
