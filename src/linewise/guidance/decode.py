"""The loop of EG-CFG: one answer, line by line, each line informed by what its candidates did when they ran.

For every line: sample candidates from the plain context, make them programs, run and trace these on the visible
tests, build the signal, and choose the line's tokens on the plain and the guided context together. The loop is a
generator of events and never looks at a cache, a process or a screen.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

from linewise.engines.base import Engine, Sampled
from linewise.errors import ContextOverflow
from linewise.events import CandidatesSampled, Event, LineCommitted, ProgramTraced, SignalBuilt, TokenChosen
from linewise.execution.base import Limits, Program, Sandbox
from linewise.guidance.answer import form_of, response_prefix
from linewise.guidance.candidates import CandidateProgram, distinct_programs, sample_candidates
from linewise.guidance.drafts import draft, survivors
from linewise.guidance.guided_line import ChosenToken, Contexts, TokenChooser, Writing
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.program import ends_with_return, executable
from linewise.guidance.prompting import messages
from linewise.guidance.signal_text import Evidence, Signal, as_comments, build_signal
from linewise.meter import Meter
from linewise.schema import Origin, Outcome, Status, Task

_SEED_STRIDE = 1_000_003
"""Candidates of line n are drawn with seed + n * stride: lines and attempts share no random numbers."""

_END_OF_PROMPT = 64
"""Tokens of a prompt behind the last message's text, which both contexts hold: more than any template has. With an
insertion its program stands there as well.
"""
_LEAST_SIGNAL = 64
"""With less room than this many tokens decoding would go on unguided, and nobody would know."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The answer of one run of the loop, and what it is attributed to. It has not been checked yet."""

    code: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Setting:
    """All that stays the same while one answer is decoded."""

    task: Task
    engine: Engine
    sandbox: Sandbox
    options: GuidanceOptions
    limits: Limits
    meter: Meter
    seed: int = 0

    def prompt(self, signal: str = "") -> list[int]:
        """The tokens before the answer, with ``signal`` at the end of the last user message."""
        return self.engine.prompt(messages(self.task, self.options, signal=signal), response_prefix(self.task))


def decode(setting: Setting) -> Generator[Event, None, Decoded]:
    """Decode one answer, which the generator returns. Raises what engine and sandbox raise."""
    return _Loop(setting).run()


class _Loop:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._options = setting.options
        self._chooser = TokenChooser(setting.engine, setting.options, setting.meter)
        self._writing = Writing(form=form_of(setting.task))
        self._contexts = Contexts(setting.prompt())
        self._line = 0
        self._runs: dict[str, tuple[Outcome, ...]] = {}
        self._agreed: list[str] = []
        self._candidates: list[Sampled] = []
        self._sampled_at = Writing()
        self._guided = False

    def run(self) -> Generator[Event, None, Decoded]:
        yield from self._before_guidance()
        shown_at: str | None = None
        since = self._options.refresh
        while self._writing.ended is None:
            program = executable(self._writing.code) or ""
            if self._setting.task.tests and program != shown_at and since >= self._options.refresh:
                shown_at, since = program, 0
                passing = yield from self._refresh(program)
                if passing is not None:
                    return Decoded(passing.code, Origin.CANDIDATE)
            if self._loop_rule_holds() and (yield from self._accept_agreed()):
                break
            yield from self._commit_line()
            since += (executable(self._writing.code) or "") != program
        return Decoded(self._writing.code, self._origin())

    def _origin(self) -> Origin:
        return Origin.GUIDED if self._guided else Origin.DIRECT

    def _told(self, chosen: ChosenToken) -> Event:
        self._guided |= chosen.guided
        return TokenChosen(
            token=chosen.token, text=chosen.text, guided=chosen.guided, changed=chosen.changed, margin=chosen.margin
        )

    def _before_guidance(self) -> Iterator[Event]:
        """With ``start = def``: plain decoding up to ``def name(``, where there is such a name."""
        if self._options.start == "def" and self._setting.task.entry_point:
            opening = re.compile(rf"^(async +def|def|class) +{re.escape(self._setting.task.entry_point)}\b[(:]", re.M)
            writing = self._writing
            for chosen in self._chooser.until(writing, self._contexts, lambda: bool(opening.search(writing.text))):
                yield self._told(chosen)

    def _refresh(self, program: str) -> Generator[Event, None, CandidateProgram | None]:
        """New candidates, their runs and the new signal; returns a program that ends the task, if there is one."""
        self._candidates = self._sample()
        self._sampled_at = self._writing.copy()
        candidates = [candidate.text for candidate in self._candidates]
        yield CandidatesSampled(line=self._line, candidates=tuple(candidates))
        programs = distinct_programs(self._writing.text, candidates, self._writing.form)
        self._note_agreement(programs, len(candidates))
        evidence: list[Evidence] = []
        for item in programs:
            outcomes = self._run(item.source)
            yield ProgramTraced(line=self._line, candidates=item.candidates, program=item.source, outcomes=outcomes)
            if self._options.early_exit and self._setting.task.passed_by(outcomes):
                return item
            evidence.append(Evidence(item.source, outcomes))
        yield from self._build_signal(self._evidence(program, evidence))
        if self._options.drafts:
            self._foresee()
        return None

    def _sample(self) -> list[Sampled]:
        """New candidates; with ``reuse_survivors`` what is left of earlier ones stands first among them."""
        writing, before = self._writing, self._sampled_at
        kept: list[Sampled] = []
        if self._options.reuse_survivors:
            since = len(before.tokens)
            kept = survivors(self._candidates, writing.tokens[since:], writing.text[len(before.text) :])
        self._candidates = []  # else their distributions would be held while those of the new ones are made
        return kept + sample_candidates(
            self._setting.engine,
            [*self._contexts.plain, *writing.tokens],
            writing.text,
            self._options,
            form=self._writing.form,
            count=self._options.num_candidates - len(kept),
            max_tokens=self._options.max_tokens - len(writing.tokens),
            seed=self._setting.seed + self._line * _SEED_STRIDE,
            meter=self._setting.meter,
        )

    def _foresee(self) -> None:
        engine, writing = self._setting.engine, self._writing
        drafts = draft(self._candidates, head=writing.line_head, lines=self._options.refresh, decode=engine.decode)
        self._chooser.foresee(writing, self._contexts, drafts)

    def _run(self, source: str) -> tuple[Outcome, ...]:
        setting = self._setting
        if source in self._runs:
            return self._runs[source]
        program = Program.of(setting.task, source)
        limits = replace(
            setting.limits,
            cpu_seconds=min(self._options.cpu_seconds, setting.limits.cpu_seconds),
            value_chars=self._options.signal.value_chars,
        )
        trace = self._options.signal.trace
        outcomes = tuple(setting.sandbox.run(program, setting.task.tests, limits, trace=trace, meter=setting.meter))
        if all(outcome.status is not Status.INFRASTRUCTURE for outcome in outcomes):
            self._runs[source] = outcomes
        return outcomes

    def _evidence(self, program: str, candidates: list[Evidence]) -> list[Evidence]:
        signal = self._options.signal
        partial = [Evidence(program, self._run(program), candidate=False)] if signal.partial and program else []
        return [*partial, *(candidates if signal.candidates else [])]

    def _build_signal(self, evidence: list[Evidence]) -> Iterator[Event]:
        """Put the new signal into the guided context; with gamma 0 that context is never read, so there is none."""
        if self._options.gamma == 0:
            return
        signal = build_signal(
            evidence,
            self._setting.task.tests,
            self._options.signal,
            count_tokens=lambda text: len(self._setting.engine.encode(self._placed(text))),
            room=self._room(),
        )
        signal = signal or Signal("", 0)
        self._contexts = self._with_signal(signal.text)
        yield SignalBuilt(line=self._line, text=signal.text, tokens=signal.tokens, cut_traces=signal.cut_traces)

    def _placed(self, text: str) -> str:
        """The signal ``text`` as the guided context holds it."""
        inline = self._options.signal.placement == "inline"
        return as_comments(text, self._writing.line_head) if inline else text

    def _with_signal(self, text: str) -> Contexts:
        plain, written = self._contexts.plain, self._writing.tokens
        if not text:
            return Contexts(plain)
        if self._options.signal.placement == "prompt":
            return Contexts(plain, self._setting.prompt(text))
        shown = self._setting.engine.encode(self._placed(text))
        return Contexts(plain, [*plain, *written, *shown], since=len(written))

    def _room(self) -> int:
        """Tokens that a signal may have: plain and guided context, which share the prompt, each with a whole answer."""
        prompt, answer = len(self._contexts.plain), self._options.max_tokens
        context = self._setting.engine.capabilities.context
        behind = _END_OF_PROMPT + len(self._setting.engine.encode(response_prefix(self._setting.task)))
        room = context - prompt - 2 * answer - behind
        if room < _LEAST_SIGNAL:
            raise ContextOverflow(
                f"a prompt of {prompt} tokens and two answers of up to {answer} leave no room for a signal in a context"
                f" of {context} tokens; raise it with --ctx, or lower guidance.max_tokens"
            )
        return room

    def _commit_line(self) -> Iterator[Event]:
        for chosen in self._chooser.line(self._writing, self._contexts):
            yield self._told(chosen)
        yield LineCommitted(line=self._line, code=self._writing.text)
        self._line += 1

    def _note_agreement(self, programs: list[CandidateProgram], candidates: int) -> None:
        agreed = len(programs) == 1 and programs[0].complete and len(programs[0].candidates) == candidates
        only = programs[0] if agreed else None
        if only is None or not ends_with_return(only.source):
            self._agreed.clear()
            return
        if self._agreed and self._agreed[-1] != only.source:
            self._agreed.clear()
        self._agreed.append(only.source)

    def _loop_rule_holds(self) -> bool:
        return 0 < self._options.loop_rule <= len(self._agreed)

    def _accept_agreed(self) -> Generator[Event, None, bool]:
        """The loop rule: if guided decoding with this signal ends in the agreed program, that is the answer."""
        ahead = self._writing.copy()
        tokens = list(self._chooser.until(ahead, self._contexts, lambda: False))
        if executable(ahead.code) != self._agreed[-1]:
            self._agreed.clear()
            return False
        self._writing = ahead
        for chosen in tokens:
            yield self._told(chosen)
        yield LineCommitted(line=self._line, code=ahead.text)
        return True
