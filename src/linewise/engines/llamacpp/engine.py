"""The engine on llama.cpp: prefixes become cached sequences, and calls become batches."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from linewise.engines.base import Capabilities, DistPair, Message, Pair, Sampled, Stop, Visit
from linewise.engines.batching import calls
from linewise.engines.batching.lane import Call, Work
from linewise.engines.batching.prefix_tree import PrefixTree
from linewise.engines.batching.scheduler import Scheduler
from linewise.engines.batching.whole_prefixes import WholePrefixes
from linewise.engines.chat import ChatTemplate, plain_prompt
from linewise.engines.llamacpp.native import Native
from linewise.engines.options import LlamaCppOptions
from linewise.engines.sampling import Draw, new_draws
from linewise.engines.text import decode_pieces
from linewise.engines.token_tree import TokenTree
from linewise.errors import ContextOverflow, EngineError
from linewise.meter import Meter

_SEQUENCES = 256
"""The most that llama.cpp allows."""

_WAVE = 64
"""Samples of one call at once."""


class LlamaCppEngine:
    """See ``engines.base.Engine``. Calls of concurrent agents share batches and what is kept of their prefixes."""

    def __init__(self, path: Path, *, name: str = "", options: LlamaCppOptions | None = None) -> None:
        """Load the GGUF file at ``path``; raises ``EngineError`` where that fails."""
        self._options = options or LlamaCppOptions()
        self._native = native = Native(path, self._options, sequences=_SEQUENCES)
        self._name = name or f"gguf/{path}"
        try:
            self._template = _template(native)
        except EngineError:
            native.close()
            raise
        kind = PrefixTree if native.rewinds else WholePrefixes
        self._store = kind(native, capacity=self._options.ctx, sequences=native.sequences)
        self._scheduler = Scheduler(
            native,
            self._store,
            chunk=self._options.chunk,
            batch=native.max_batch,
            overflow=self._overflow,
        )
        self._closed = False

    @property
    def name(self) -> str:
        """See ``Engine``."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """See ``Engine``."""
        return Capabilities(
            full_vocabulary=True,
            seed_honoured=True,
            rewind=self._native.rewinds,
            chat_template=self._template is not None,
            context=min(self._options.ctx, self._native.trained_context),
            vocabulary=self._native.vocabulary.size,
        )

    @property
    def held(self) -> int:
        """Tokens whose states are kept, in use or not; at most ``ctx``."""
        return self._store.used

    @property
    def end_tokens(self) -> frozenset[int]:
        """See ``Engine``."""
        return self._native.vocabulary.end_tokens

    def prompt(self, messages: Sequence[Message], response_prefix: str) -> list[int]:
        """See ``Engine``. Without a template: the contents with blank lines between, then the response prefix."""
        if self._template is None:
            segments = plain_prompt(messages, response_prefix)
        else:
            segments = self._template.segments(messages, response_prefix)
        vocabulary = self._native.vocabulary
        tokens = [token for part in segments for token in vocabulary.tokenize(part.text, special=part.special)]
        if vocabulary.adds_bos and tokens[:1] != [vocabulary.bos]:
            tokens.insert(0, vocabulary.bos)
        return tokens

    def encode(self, text: str) -> list[int]:
        """See ``Engine``."""
        return self._native.vocabulary.tokenize(text, special=False)

    def decode(self, tokens: Sequence[int]) -> str:
        """See ``Engine``."""
        return decode_pieces(self._native.vocabulary.piece(token) for token in tokens)

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
        """See ``Engine``. As many samples at once as surely fit; the others in further waves."""
        self._check_prefix(prefix)
        draws = new_draws(
            n,
            stop=stop,
            temperature=temperature,
            top_p=top_p,
            seed=seed,
            keep_dists=keep_dists,
            end_tokens=self.end_tokens,
            piece=self._native.vocabulary.piece,
        )
        wave = max(1, min((self._options.ctx - len(prefix)) // stop.max_tokens, _WAVE, self._native.sequences - 1))
        found: list[Sampled] = self._run(lambda call: self._samples(call, prefix, draws, wave), meter)
        return found

    def _samples(self, call: Call, prefix: Sequence[int], draws: Sequence[Draw], wave: int) -> Work:
        return calls.samples(call, prefix, draws, wave=wave, check=self._check_length)

    def next_dists(self, pairs: Sequence[Pair], *, meter: Meter) -> list[DistPair]:
        """See ``Engine``. Where no prefix shares its state with another, as many pairs at once as there are states."""
        for pair in pairs:
            self._check_pair(pair)
        step = max(1, len(pairs) if self._native.rewinds else self._native.sequences // 2)
        found: list[DistPair] = []
        for start in range(0, len(pairs), step):
            some = pairs[start : start + step]
            found += self._run(partial(calls.distributions, pairs=some), meter)
        return found

    def score(self, pair: Pair, drafts: TokenTree, visit: Visit, *, meter: Meter) -> None:
        """See ``Engine``."""
        self._check_pair(pair, longest=drafts.height)
        self._run(lambda call: calls.scores(call, pair, drafts, visit, chunk=self._options.chunk), meter)

    def forget(self) -> None:
        """See ``Engine``."""
        self._run(self._scheduler.forget, Meter())

    def _run(self, work: Callable[[Call], Work], meter: Meter) -> Any:
        meter.check()
        with meter.timed("model"):
            return self._scheduler.submit(work, meter).wait()

    def _check_pair(self, pair: Pair, longest: int = 0) -> None:
        for prefix in pair:
            if prefix is not None:
                self._check_prefix(prefix, longest)

    def _check_prefix(self, prefix: Sequence[int], longest: int = 0) -> None:
        """Raise where there is none, or where it and ``longest`` tokens behind it do not fit."""
        if not prefix:
            raise EngineError("a prefix has at least one token")
        self._check_length(len(prefix) + longest)

    def _check_length(self, length: int) -> None:
        trained = self._native.trained_context
        if length > trained:
            raise ContextOverflow(f"a prefix of {length} tokens: the model was trained on {trained} at most")
        if length > self._options.ctx:
            raise self._overflow(f"a prefix of {length} tokens does not fit")

    def _overflow(self, what: str) -> ContextOverflow:
        return ContextOverflow(f"{what}, but the context holds {self._options.ctx} tokens; raise it with --ctx")

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free the model; later calls raise ``EngineError``."""
        if not self._closed:
            self._closed = True
            self._scheduler.close()
            self._native.close()


def _template(native: Native) -> ChatTemplate | None:
    """The model's chat template, if it has one; raises ``EngineError`` where that cannot be read."""
    source, vocabulary = native.chat_template(), native.vocabulary
    bos, eos = (vocabulary.piece(token).decode() if token >= 0 else "" for token in (vocabulary.bos, vocabulary.eos))
    return ChatTemplate(source, bos=bos, eos=eos) if source else None
