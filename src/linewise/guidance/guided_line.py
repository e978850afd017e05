"""The choice of tokens: the answer as far as it is written, and greedy steps on plain or guided scores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from linewise.engines.base import Engine, Pair, complete_lines
from linewise.guidance.answer import code_of, end_of_answer
from linewise.guidance.mix import best_two, mix
from linewise.guidance.options import GuidanceOptions
from linewise.meter import Meter


@dataclass(frozen=True, slots=True)
class ChosenToken:
    """A token of the answer; fields as in ``events.TokenChosen``."""

    token: int
    text: str
    guided: bool
    changed: bool
    margin: float


@dataclass(slots=True)
class Writing:
    """An answer while it is written: its tokens, encoded once, their text, and why it ended (``None``: it goes on)."""

    tokens: list[int] = field(default_factory=list)
    text: str = ""
    ended: Literal["end", "length"] | None = None

    @property
    def line_head(self) -> str:
        """What already stands on the line being written."""
        return self.text.rpartition("\n")[2]

    @property
    def code(self) -> str:
        """The code in the text so far, cut where the answer ends."""
        return code_of(self.text)

    def copy(self) -> "Writing":
        """An answer that can be written on without changing this one."""
        return Writing(list(self.tokens), self.text, self.ended)

    def append(self, token: int, text: str, *, max_tokens: int) -> str:
        """Add ``token``, after which the whole text is ``text``; returns what it grew by."""
        grown = text[len(self.text) :]
        self.tokens.append(token)
        self.text = text
        if ("\n" in grown or "`" in grown) and end_of_answer(text) is not None:
            self.ended = "end"
        elif len(self.tokens) >= max_tokens:
            self.ended = "length"
        return grown


@dataclass(frozen=True, slots=True)
class Contexts:
    """The two prompts before the answer, in tokens; ``guided`` is absent while there is no signal."""

    plain: Sequence[int]
    guided: Sequence[int] | None = None


class TokenChooser:
    """Chooses token after token: the argmax of the mix where there is a guided context, else the plain argmax."""

    def __init__(self, engine: Engine, options: GuidanceOptions, meter: Meter) -> None:
        self._engine, self._options, self._meter = engine, options, meter

    def line(self, writing: Writing, contexts: Contexts) -> Iterator[ChosenToken]:
        """Write on until the line ends, that is with the token that holds its first newline behind text."""
        head = writing.line_head
        start = len(writing.text)
        yield from self.until(writing, contexts, lambda: complete_lines(head + writing.text[start:]) > 0)

    def until(self, writing: Writing, contexts: Contexts, done: Callable[[], bool]) -> Iterator[ChosenToken]:
        """Write on until ``done`` or the end of the answer."""
        while writing.ended is None and not done():
            chosen = self._choose(writing, contexts)
            if chosen is not None:
                yield chosen

    def _choose(self, writing: Writing, contexts: Contexts) -> ChosenToken | None:
        pair = Pair(
            plain=[*contexts.plain, *writing.tokens],
            guided=None if contexts.guided is None else [*contexts.guided, *writing.tokens],
        )
        dists = self._engine.next_dists([pair], meter=self._meter)[0]
        assert dists.plain is not None
        scores = dists.plain
        if dists.guided is not None:
            scores = mix(dists.plain, dists.guided, gamma=self._options.gamma, floor=self._options.floor)
        token, margin = best_two(scores)
        if token in self._engine.end_tokens:
            writing.ended = "end"
            return None
        text = self._engine.decode([*writing.tokens, token])
        grown = writing.append(token, text, max_tokens=self._options.max_tokens)
        changed = dists.guided is not None and token != int(dists.plain.argmax())
        return ChosenToken(token, grown, dists.guided is not None, changed, margin)
