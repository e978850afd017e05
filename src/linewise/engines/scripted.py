"""An engine without a model, for tests of logic and for documentation: it knows a few replies by heart.

Tokens are bytes. After a prompt the next byte is distributed as the known replies go on that fit the prompt and what
has been written so far, by their weights; where none fits, the answer ends. So a signal in the prompt can change the
replies that fit, which is all that guidance needs.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linewise.engines.base import Capabilities, DistPair, LogProbs, Message, Pair, Sampled, Stop, Visit
from linewise.engines.sampling import Draw
from linewise.engines.text import decode_pieces
from linewise.engines.token_tree import TokenTree
from linewise.errors import InputError
from linewise.meter import Meter

_END = 256
_RESPONSE = 257
_VOCABULARY = 258
_UNLIKELY = 1e-12


class Reply(BaseModel):
    """A known reply: its text after the response prefix, its weight, and what the prompt has to hold for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    weight: float = Field(default=1.0, gt=0)
    when: str = ""


class _Script(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    replies: tuple[Reply, ...] = Field(min_length=1)


class ScriptedEngine:
    """See ``engines.base.Engine``. It keeps nothing, so every prefix is counted as computed, one token a call."""

    name = "scripted"
    capabilities = Capabilities(
        full_vocabulary=True,
        seed_honoured=True,
        rewind=True,
        chat_template=False,
        context=1 << 20,
        vocabulary=_VOCABULARY,
    )
    end_tokens = frozenset({_END, _RESPONSE})

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = tuple(replies)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The engine of a TOML file with ``[[replies]]``; raises ``InputError``."""
        try:
            script = _Script.model_validate(tomllib.loads(path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"{path}: cannot be read as a script: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{path}: {place}: {first['msg']}") from error
        return cls(script.replies)

    def prompt(self, messages: Sequence[Message], response_prefix: str) -> list[int]:
        """See ``Engine``."""
        text = "\n\n".join(message.content for message in messages)
        return [*self.encode(f"{text}\n\n{response_prefix}"), _RESPONSE]

    def encode(self, text: str) -> list[int]:
        """See ``Engine``."""
        return list(text.encode("utf-8", errors="replace"))

    def decode(self, tokens: Sequence[int]) -> str:
        """See ``Engine``."""
        return decode_pieces(_piece(token) for token in tokens)

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
        """See ``Engine``."""
        found = []
        for number in range(n):
            draw = Draw(
                stop=stop,
                temperature=temperature,
                top_p=top_p,
                seed=(seed, number),
                end_tokens=self.end_tokens,
                piece=_piece,
                keep_dists=keep_dists,
            )
            while draw.extend(self._dist([*prefix, *draw.tokens], meter)):
                meter.count(generated=1)
            found.append(draw.result())
        return found

    def next_dists(self, pairs: Sequence[Pair], *, meter: Meter) -> list[DistPair]:
        """See ``Engine``."""
        meter.count(generated=len(pairs))
        return [DistPair(*(None if prefix is None else self._dist(prefix, meter) for prefix in pair)) for pair in pairs]

    def score(self, pair: Pair, drafts: TokenTree, visit: Visit, *, meter: Meter) -> None:
        """See ``Engine``."""
        due = [0]
        for node in due:
            path = drafts.path(node)
            dists = (None if prefix is None else self._dist([*prefix, *path], meter) for prefix in pair)
            due += visit(node, DistPair(*dists))

    def _dist(self, prefix: Sequence[int], meter: Meter) -> LogProbs:
        meter.check()
        meter.count(computed=1, passes=1)
        start = len(prefix) - 1 - list(reversed(prefix)).index(_RESPONSE) if _RESPONSE in prefix else -1
        prompt, written = self.decode(prefix[: start + 1]), list(prefix[start + 1 :])
        weights = np.full(_VOCABULARY, _UNLIKELY)
        for reply in self._replies:
            tokens = [*self.encode(reply.text), _END]
            if reply.when in prompt and tokens[: len(written)] == written and len(tokens) > len(written):
                weights[tokens[len(written)]] += reply.weight
        if weights.max() < 2 * _UNLIKELY:
            weights[_END] = 1.0
        return np.asarray(np.log(weights / weights.sum()), dtype=np.float32)

    def forget(self) -> None:
        """Nothing is kept."""

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to free."""


def _piece(token: int) -> bytes:
    return bytes([token]) if token < _END else b""
