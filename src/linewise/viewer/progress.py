"""What the live view knows of a run: a value folded from the events, one by one."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from linewise.events import (
    AnswerChecked,
    AttemptStarted,
    CandidatesSampled,
    Event,
    Finished,
    LineCommitted,
    ProgramTraced,
    SignalBuilt,
    TokenChosen,
    text_after,
)
from linewise.schema import Origin, Outcome, Solution

_GUIDED = "choosing the line"

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tried:
    """What was run: a program that ``stands_for`` candidates, or an answer. ``label``: its line, or its attempt."""

    label: str
    outcomes: tuple[Outcome, ...]
    stands_for: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """A run so far.

    ``text``: the answer; ``steered``: the spans of it where guidance changed the choice, ``changed``: how many of the
    ``tokens`` of all attempts. ``checked``: the complete answer that was run last, ``attempts``: how many began.
    ``held``: how many distinct candidates hold a line.
    """

    phase: str = "getting ready"
    attempt: str = ""
    attempts: int = 0
    text: str = ""
    steered: tuple[Span, ...] = ()
    tokens: int = 0
    changed: int = 0
    candidates: tuple[str, ...] = ()
    held: Mapping[str, int] = field(default_factory=dict)
    tried: tuple[Tried, ...] = ()
    checked: Tried | None = None
    solution: Solution | None = None
    seconds: float = 0.0

    def after(self, event: Event) -> "Progress":
        """The run once ``event`` has happened."""
        known = replace(self, seconds=event.seconds, text=text_after(self.text, event))
        match event:
            case AttemptStarted():
                known = known._attempt(event)
            case CandidatesSampled():
                known = known._candidates(event.candidates)
            case ProgramTraced():
                known = replace(known, tried=(*self.tried, known._traced(event)))
            case SignalBuilt():
                known = replace(known, phase=_GUIDED if event.text else "writing")
            case TokenChosen():
                known = known._token(event, start=len(self.text))
            case LineCommitted():
                known = known._line(self.text)
            case AnswerChecked():
                known = known._checked(event)
            case Finished():
                known = replace(known, solution=event.solution, phase="finished")
        return known

    def _attempt(self, event: AttemptStarted) -> "Progress":
        guided = event.strategy == "eg-cfg"
        name = f"guided attempt {event.attempt}" if guided else {"direct": "direct answer"}.get(event.strategy)
        return replace(
            self,
            attempt=name or event.strategy,
            attempts=self.attempts + 1,
            phase="sampling candidates" if guided else "writing",
            steered=(),
            candidates=(),
            tried=(),
        )

    def _candidates(self, candidates: tuple[str, ...]) -> "Progress":
        held = Counter(line for candidate in set(candidates) for line in set(_code_lines(candidate)))
        return replace(self, candidates=candidates, held=held, tried=(), phase="running the candidates")

    def _traced(self, event: ProgramTraced) -> Tried:
        text = self.candidates[event.candidates[0]] if event.candidates else ""
        return Tried(self._proposal(text), event.outcomes, max(1, len(event.candidates)))

    def _proposal(self, candidate: str) -> str:
        """The line that tells a candidate from the others: the first of those that fewest of them hold."""
        return min(_code_lines(candidate), key=lambda line: self.held.get(line, 0), default="")

    def _checked(self, event: AnswerChecked) -> "Progress":
        """A sample joins the list of what was run; any other answer stays in sight while the next one is written."""
        if event.origin is Origin.SAMPLE:
            return replace(self, tried=(*self.tried, Tried(self._proposal(event.code), event.outcomes)))
        return replace(self, checked=Tried(self.attempt, event.outcomes), phase="checked")

    def _token(self, event: TokenChosen, *, start: int) -> "Progress":
        span: tuple[Span, ...] = ((start, start + len(event.text)),) if event.changed else ()
        return replace(
            self,
            phase=_GUIDED if event.guided else "writing",
            tokens=self.tokens + 1,
            changed=self.changed + event.changed,
            steered=(*self.steered, *span),
        )

    def _line(self, before: str) -> "Progress":
        """A line is complete; where the code is another one than was written, no span means anything."""
        steered = self.steered if self.text == before else ()
        return replace(self, steered=steered, phase="sampling candidates")


def _code_lines(text: str) -> list[str]:
    """The lines of ``text`` that are neither blank nor comments, without their indentation."""
    lines = [line.strip() for line in text.split("\n")]
    return [line for line in lines if line and not line.startswith(("#", "```"))]
