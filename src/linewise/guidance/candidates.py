"""Candidates: sampled continuations of the code so far, and the distinct programs that they make."""

from collections.abc import Sequence
from dataclasses import dataclass

from linewise.engines.base import Engine, Sampled, Stop
from linewise.guidance.answer import Form, code_of, end_of_answer
from linewise.guidance.drafts import kept_per_candidate
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.program import executable, parses
from linewise.meter import Meter


@dataclass(frozen=True, slots=True)
class CandidateProgram:
    """A runnable program and the numbers of the candidates it stands for.

    ``complete``: the first of these candidates parses as it is. ``code``: its text if so, else the runnable form.
    """

    source: str
    candidates: tuple[int, ...]
    code: str
    complete: bool


def sample_candidates(
    engine: Engine,
    prefix: Sequence[int],
    code: str,
    options: GuidanceOptions,
    *,
    form: Form = "definitions",
    count: int,
    max_tokens: int,
    seed: int,
    meter: Meter,
) -> list[Sampled]:
    """``count`` continuations of ``code``, whose plain context is ``prefix``: ``horizon`` lines at the most.

    A candidate also ends where the answer would. With drafts its distributions are kept, within a bound.
    """
    if not count:
        return []
    stop = Stop(
        max_tokens=max_tokens,
        lines=options.horizon,
        line_head=code.rpartition("\n")[2],
        until=lambda text: end_of_answer(code + text, form) is not None,
    )
    vocabulary = engine.capabilities.vocabulary
    return engine.sample(
        prefix,
        n=count,
        stop=stop,
        temperature=options.temperature,
        top_p=options.top_p,
        seed=seed,
        keep_dists=kept_per_candidate(options.num_candidates, vocabulary) if options.drafts else 0,
        meter=meter,
    )


def distinct_programs(code: str, candidates: Sequence[str], form: Form = "definitions") -> list[CandidateProgram]:
    """The programs that ``code`` and each candidate make, equal ones once, in order; what cannot be run is left out."""
    texts = [code_of(code + candidate, form) for candidate in candidates]
    numbers: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        source = executable(text)
        if source is not None:
            numbers.setdefault(source, []).append(number)
    return [_program(source, same, texts[same[0]]) for source, same in numbers.items()]


def _program(source: str, same: list[int], text: str) -> CandidateProgram:
    complete = parses(text)
    return CandidateProgram(source, tuple(same), text if complete else source + "\n", complete)
