"""The event stream of one task: typed, versioned, and complete enough to rebuild the code from it.

``EVENT_VERSION`` changes when a field changes its meaning or goes away. Every event says which task and agent
it belongs to, its number in that stream and the seconds since its start. A strategy makes the events; the
terminal view, the event file, the run store and the cluster runner read them and never reach into the loop.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import Discriminator, TypeAdapter

from linewise.schema import Origin, Outcome, Solution

EVENT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBase:
    """What all events share. ``seconds`` counts from the task's start."""

    task: str = ""
    agent: str = ""
    sequence: int = 0
    seconds: float = 0.0
    version: int = EVENT_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted(EventBase):
    """An agent begins an answer from nothing: the code so far is empty again."""

    attempt: int
    strategy: str
    type: Literal["AttemptStarted"] = "AttemptStarted"


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatesSampled(EventBase):
    """Continuations of the code so far, as sampled; ``line`` numbers the line being written, from 0."""

    line: int
    candidates: tuple[str, ...]
    type: Literal["CandidatesSampled"] = "CandidatesSampled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramTraced(EventBase):
    """One distinct program was run on all visible tests; ``candidates`` are the numbers it stands for."""

    line: int
    candidates: tuple[int, ...]
    program: str
    outcomes: tuple[Outcome, ...]
    type: Literal["ProgramTraced"] = "ProgramTraced"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalBuilt(EventBase):
    """The text that the guided context holds from this line on; ``tokens`` is its length in the model's tokens.

    ``cut_traces`` counts the traces that were shortened or left out to fit.
    """

    line: int
    text: str
    tokens: int
    cut_traces: int = 0
    type: Literal["SignalBuilt"] = "SignalBuilt"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChosen(EventBase):
    """One token of the answer. ``text`` is what the answer grew by (a split character comes with its last token).

    ``guided`` tells whether a guided context was read; ``changed`` whether the choice then differs from the plain
    argmax; ``margin`` is the difference of the two best scores, in nats (``None`` where only the choice is known).
    """

    token: int
    text: str
    guided: bool = False
    changed: bool = False
    margin: float | None = None
    type: Literal["TokenChosen"] = "TokenChosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCommitted(EventBase):
    """A line is complete: ``code`` is all the text of the answer so far."""

    line: int
    code: str
    type: Literal["LineCommitted"] = "LineCommitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChecked(EventBase):
    """A complete answer was run on the visible tests. ``passed`` is ``None`` where there are none."""

    code: str
    outcomes: tuple[Outcome, ...]
    passed: bool | None
    origin: Origin
    type: Literal["AnswerChecked"] = "AnswerChecked"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLeft(EventBase):
    """A complete answer that was generated and not run on any test, for another had passed them before."""

    code: str
    origin: Origin
    type: Literal["AnswerLeft"] = "AnswerLeft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(EventBase):
    """The last event of every task."""

    solution: Solution
    type: Literal["Finished"] = "Finished"


Event = (
    AttemptStarted
    | CandidatesSampled
    | ProgramTraced
    | SignalBuilt
    | TokenChosen
    | LineCommitted
    | AnswerChecked
    | AnswerLeft
    | Finished
)


def text_after(text: str, event: Event) -> str:
    """The text of the answer after ``event``, where it was ``text`` before: how all readers rebuild the code."""
    if isinstance(event, AttemptStarted):
        return ""
    if isinstance(event, TokenChosen):
        return text + event.text
    return event.code if isinstance(event, LineCommitted) else text


@cache
def _adapter() -> TypeAdapter[Event]:
    return TypeAdapter(Annotated[Event, Discriminator("type")])


def to_json(event: Event) -> str:
    """One line of JSON, without a newline."""
    return _adapter().dump_json(event).decode()


def from_json(line: str | bytes) -> Event:
    """The event that ``to_json`` wrote."""
    return _adapter().validate_json(line)
