"""Every choice that the method leaves open, by the names of the paper where it has one."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from linewise.schema import TaskKind, TraceStyle

PromptStyle = Literal["long-code", "few-shot", "brief"]


class WorkedExample(BaseModel):
    """A solved task of the few-shot prompt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str
    entry_point: str
    tests: tuple[str, ...]
    code: str
    prelude: str = ""
    setup: str = ""


class SignalOptions(BaseModel):
    """What the dynamic signal says. The defaults are the paper's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trace: TraceStyle = Field(default=TraceStyle.FULL, description="full, delta or minimal")
    candidates: bool = Field(default=True, description="trace the candidates (the paper's dynamic signal)")
    partial: bool = Field(default=False, description="trace the code so far without a candidate (partial execution)")
    verdicts: bool = Field(default=False, description="say whether each test passed, with expected and actual value")
    failing_only: bool = Field(default=False, description="per program, show the first failing test alone")
    max_programs: int | None = Field(default=None, ge=1, description="show the programs that pass most tests, so many")
    loop_summaries: bool = Field(default=False, description="of repeated loop rounds keep the first and the last")
    value_chars: int = Field(default=200, ge=8, le=10_000, description="longer values are cut in the middle")
    placement: Literal["prompt", "inline"] = Field(
        default="prompt", description="at the end of the prompt, or as comments behind the code so far"
    )
    max_tokens: int | None = Field(default=None, ge=16, description="token budget of the signal; None: whatever fits")


class GuidanceOptions(BaseModel):
    """One agent's configuration of EG-CFG. The defaults are preset ``paper``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_candidates: int = Field(default=3, ge=1, le=64, description="s: continuations sampled per line")
    temperature: float = Field(default=0.75, ge=0, le=5, description="t: temperature of the candidates")
    top_p: float = Field(default=0.95, gt=0, le=1, description="nucleus of the candidates")
    horizon: int = Field(default=2, ge=1, le=200, description="d: lines per candidate")
    refresh: int = Field(default=1, ge=1, le=100, description="k: lines between two signals")
    gamma: float = Field(default=1.0, ge=0, le=20, description="guidance strength; 0 reads no guided context")
    floor: float = Field(default=1e-8, gt=0, lt=1, description="floor of both probabilities in the mix")
    prompt: PromptStyle = Field(default="long-code", description="long-code, few-shot or brief")
    examples: tuple[WorkedExample, ...] | None = Field(default=None, description="few-shot examples; None: our own")
    start: Literal["def", "block"] = Field(
        default="def", description="guide from `def name(`, or from the block's first token"
    )
    max_tokens: int = Field(default=512, ge=1, le=32_768, description="most tokens of one answer")
    max_program_tokens: int | None = Field(
        default=1536, ge=1, le=32_768, description="the same of a whole program that reads input; None: max_tokens"
    )
    early_exit: bool = Field(default=False, description="a candidate that passes all visible tests ends the task")
    loop_rule: int = Field(
        default=4, ge=0, description="signals in a row whose candidates all agree before that is the answer; 0: never"
    )
    drafts: bool = Field(
        default=True, description="choose tokens along the candidates in one pass; the same up to batch noise"
    )
    reuse_survivors: bool = Field(
        default=False, description="a candidate that the written lines began with counts among the next candidates"
    )
    cpu_seconds: float = Field(default=1.0, gt=0, le=600, description="processor time of one candidate on one test")
    signal: SignalOptions = SignalOptions()

    def of_kind(self, kind: TaskKind) -> Self:
        """These options with ``max_tokens`` as they are for tasks of ``kind``."""
        if kind != "program" or self.max_program_tokens is None:
            return self
        return self.model_copy(update={"max_tokens": self.max_program_tokens})
