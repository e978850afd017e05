"""The choice of tokens: the answer as far as it is written, and greedy steps on plain or guided scores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from linewise.engines.base import DistPair, Engine, LogProbs, Pair, complete_lines
from linewise.guidance.answer import Form, code_of, end_of_answer
from linewise.guidance.drafts import Drafts
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
    form: Form = "definitions"

    @property
    def line_head(self) -> str:
        """What already stands on the line being written."""
        return self.text.rpartition("\n")[2]

    @property
    def code(self) -> str:
        """The code in the text so far, cut where the answer ends."""
        return code_of(self.text, self.form)

    def copy(self) -> "Writing":
        """An answer that can be written on without changing this one."""
        return Writing(list(self.tokens), self.text, self.ended, self.form)

    def append(self, token: int, text: str, *, max_tokens: int) -> str:
        """Add ``token``, after which the whole text is ``text``; returns what it grew by."""
        grown = text[len(self.text) :]
        self.tokens.append(token)
        self.text = text
        if not {"\n", "`", ">"}.isdisjoint(grown) and end_of_answer(text, self.form) is not None:
            self.ended = "end"
        elif len(self.tokens) >= max_tokens:
            self.ended = "length"
        return grown


@dataclass(frozen=True, slots=True)
class Contexts:
    """The two contexts of an answer, in tokens; ``guided`` is absent while there is no signal.

    ``plain`` is the prompt before the answer. ``guided`` is what stands before the answer's token number ``since``: a
    prompt with the signal in it (0), or the plain prompt, the answer so far and the signal behind it.
    """

    plain: Sequence[int]
    guided: Sequence[int] | None = None
    since: int = 0

    def after(self, written: Sequence[int]) -> Pair:
        """Both prefixes once ``written`` is the answer so far."""
        guided = None if self.guided is None else [*self.guided, *written[self.since :]]
        return Pair([*self.plain, *written], guided)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The best token of some scores, whether guidance had a say and changed it, and its lead in nats."""

    token: int
    guided: bool
    changed: bool
    margin: float


class TokenChooser:
    """Chooses token after token: the argmax of the mix where there is a guided context, else the plain argmax."""

    def __init__(self, engine: Engine, options: GuidanceOptions, meter: Meter) -> None:
        self._engine, self._options, self._meter = engine, options, meter
        self._foreseen: dict[int, _Choice] = {}

    def foresee(self, writing: Writing, contexts: Contexts, drafts: Drafts) -> None:
        """Choose ahead, along the drafts for what comes after ``writing``, as far as one of them agrees.

        The guided context reads the drafts in one go. What is foreseen holds until the next call, and is what the
        same contexts would have had chosen step by step, up to the noise that the size of a batch makes.
        """
        self._foreseen = {}

        def visit(node: int, dists: DistPair) -> list[int]:
            choice = self._best(drafts.plain[node], dists.guided)
            self._foreseen[len(writing.tokens) + len(self._foreseen)] = choice
            child = drafts.tree.children[node].get(choice.token)
            return [] if child is None else [child]

        if not drafts.plain:
            return
        guided = contexts.after(writing.tokens).guided
        if guided is not None:
            self._engine.score(Pair(None, guided), drafts.tree, visit, meter=self._meter)
            return
        due = [0]
        while due:
            due = visit(due[0], DistPair(None, None))

    def line(self, writing: Writing, contexts: Contexts) -> Iterator[ChosenToken]:
        """Write on until the line ends, that is with the token that holds its first newline behind text."""
        head = writing.line_head
        start = len(writing.text)
        yield from self.until(writing, contexts, lambda: complete_lines(head + writing.text[start:]) > 0)

    def until(self, writing: Writing, contexts: Contexts, done: Callable[[], bool]) -> Iterator[ChosenToken]:
        """Write on until ``done`` or the end of the answer."""
        while writing.ended is None and not done():
            chosen = self._write(writing, self._foreseen.get(len(writing.tokens)) or self._step(writing, contexts))
            if chosen is not None:
                yield chosen

    def _step(self, writing: Writing, contexts: Contexts) -> _Choice:
        dists = self._engine.next_dists([contexts.after(writing.tokens)], meter=self._meter)[0]
        assert dists.plain is not None
        return self._best(dists.plain, dists.guided)

    def _best(self, plain: LogProbs, guided: LogProbs | None) -> _Choice:
        if guided is None:
            token, margin = best_two(plain)
            return _Choice(token, guided=False, changed=False, margin=margin)
        token, margin = best_two(mix(plain, guided, gamma=self._options.gamma, floor=self._options.floor))
        return _Choice(token, guided=True, changed=token != int(plain.argmax()), margin=margin)

    def _write(self, writing: Writing, choice: _Choice) -> ChosenToken | None:
        if choice.token in self._engine.end_tokens:
            writing.ended = "end"
            return None
        text = self._engine.decode([*writing.tokens, choice.token])
        grown = writing.append(choice.token, text, max_tokens=self._options.max_tokens)
        return ChosenToken(choice.token, grown, choice.guided, choice.changed, choice.margin)
