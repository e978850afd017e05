"""The seam between the method and a language model.

The method passes whole token prefixes and never sees a cache; an engine maps prefixes to whatever state it
keeps. Every call blocks, is safe from any thread, adds its cost to the meter it is given, and stops soon after
that meter says so.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from linewise.engines.token_tree import TokenTree
from linewise.meter import Meter

LogProbs = NDArray[np.float32]
"""Natural log-probabilities at temperature 1 over the whole vocabulary, shape ``[vocabulary]``."""


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Stop:
    """When a sampled continuation ends (an end token of the model always ends it).

    ``max_tokens``: at most so many tokens. ``lines``: after the token that ends so many
    lines that are not blank; ``line_head`` is the text that already stands on the first of these lines.
    ``until``: asked with all of the continuation's text after every token that holds a newline or a back-tick;
    true ends it.
    """

    max_tokens: int
    lines: int | None = None
    line_head: str = ""
    until: Callable[[str], bool] | None = None

    def reached(self, text: str, piece: str) -> bool:
        """Whether the continuation ``text``, whose last token added ``piece``, is complete (``max_tokens`` aside)."""
        if "\n" not in piece and "`" not in piece:
            return False
        if self.lines is not None and complete_lines(self.line_head + text) >= self.lines:
            return True
        return self.until is not None and self.until(text)


def complete_lines(text: str) -> int:
    """How many lines of ``text`` that are not blank end with a newline."""
    return sum(1 for line in text.split("\n")[:-1] if line.strip())


@dataclass(frozen=True, slots=True)
class Sampled:
    """One sampled continuation: its tokens (an end token is not among them), their text, why it ended.

    ``dists``: the distributions at temperature 1 that its first tokens were drawn from, where they were to be kept.
    """

    tokens: tuple[int, ...]
    text: str
    finish: Literal["stop", "end", "length"]
    dists: tuple[LogProbs, ...] = ()


class Pair(NamedTuple):
    """A plain and a guided prefix whose next token is asked for together; either may be absent."""

    plain: Sequence[int] | None
    guided: Sequence[int] | None


class DistPair(NamedTuple):
    """The next-token distributions of a ``Pair``; absent where the prefix was absent. The arrays are read-only."""

    plain: LogProbs | None
    guided: LogProbs | None


Visit = Callable[[int, DistPair], Iterable[int]]
"""Given a node of a tree of drafts and the distributions after it, returns those of its children to be visited."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do.

    ``full_vocabulary``: distributions cover every token. ``seed_honoured``: the same seed gives the same sample.
    ``rewind``: a kept prefix can be shortened without computing it again. ``chat_template``: the model has one.
    ``context``: tokens that one prefix may have. ``vocabulary``: the length of a distribution.
    """

    full_vocabulary: bool
    seed_honoured: bool
    rewind: bool
    chat_template: bool
    context: int
    vocabulary: int


class Engine(Protocol):
    """A language model. A context manager: leaving it frees the model.

    Raises ``ContextOverflow`` where a prefix does not fit, ``Stopped`` where the meter says so, and
    ``EngineError`` for anything else that goes wrong inside.
    """

    @property
    def name(self) -> str:
        """The model's URI, for reports."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do."""
        ...

    @property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end an answer."""
        ...

    def prompt(self, messages: Sequence[Message], response_prefix: str) -> list[int]:
        """The prefix of an answer that begins with ``response_prefix``, by the model's own chat template.

        Special tokens come from the template alone: message text that looks like one stays text.
        """
        ...

    def encode(self, text: str) -> list[int]:
        """The tokens of plain text, with no special token added or recognised."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens. Bytes that are no character yet are left out at the end, replaced elsewhere."""
        ...

    def sample(
        self,
        prefix: Sequence[int],
        *,
        n: int,
        stop: Stop,
        temperature: float,
        top_p: float,
        seed: int,
        keep_dists: int = 0,
        meter: Meter,
    ) -> list[Sampled]:
        """Draw ``n`` independent continuations; ``temperature`` 0 is greedy. The i-th depends on ``(seed, i)``.

        ``keep_dists``: of each continuation's first so many tokens, keep the distribution (4 bytes x vocabulary each;
        continuations share those of the tokens that they share).
        """
        ...

    def next_dists(self, pairs: Sequence[Pair], *, meter: Meter) -> list[DistPair]:
        """The next-token distributions of every pair, computed together."""
        ...

    def score(self, pair: Pair, drafts: TokenTree, visit: Visit, *, meter: Meter) -> None:
        """Show ``visit`` the distributions along ``drafts``, which stand behind each prefix of ``pair``.

        It is called for node 0, the prefixes themselves, and then for every node that it returned for that node's
        parent, parents first. The engine computes the tree ahead of the visits, in steps of its own size, and leaves
        out what can no longer be visited. ``visit`` may be called from another thread and should be quick: in some
        engines all other calls wait until it returns.
        """
        ...

    def forget(self) -> None:
        """Drop all kept prefixes: what follows costs and gives what it would in an engine just opened."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
