"""The engine on llama.cpp: prefixes become cached sequences, and calls become batches."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from linewise.engines.base import Capabilities, DistPair, LogProbs, Message, Pair, Sampled, Stop
from linewise.engines.chat import ChatTemplate, plain_prompt
from linewise.engines.llamacpp.native import BatchToken, Native, NoRoom
from linewise.engines.options import LlamaCppOptions
from linewise.engines.prefix_cache import CacheFull, PrefixCache, Slot
from linewise.engines.sampling import Draw
from linewise.engines.text import decode_pieces
from linewise.errors import ContextOverflow, EngineError
from linewise.meter import Meter

_SEQUENCES = 128
_IDLE_SLOTS = 32
"""Bounds the kept distributions to 32 x vocabulary x 4 bytes: 19 MB for a vocabulary of 152k."""

_LOOK_SECONDS = 0.1
"""A call that waits for another one looks at its meter so often."""


class LlamaCppEngine:
    """See ``engines.base.Engine``. One lock: calls of concurrent agents run one after the other."""

    def __init__(self, path: Path, *, name: str = "", options: LlamaCppOptions | None = None) -> None:
        """Load the GGUF file at ``path``; raises ``EngineError`` where that fails."""
        self._options = options or LlamaCppOptions()
        self._native = Native(path, self._options, sequences=_SEQUENCES)
        self._name = name or f"gguf/{path}"
        self._cache = self._new_cache()
        self._lock = threading.RLock()
        self._closed = False
        vocabulary = self._native.vocabulary
        source = self._native.chat_template()
        bos, eos = (
            vocabulary.piece(token).decode() if token >= 0 else "" for token in (vocabulary.bos, vocabulary.eos)
        )
        self._template = ChatTemplate(source, bos=bos, eos=eos) if source else None

    def _new_cache(self) -> PrefixCache:
        return PrefixCache(
            self._native,
            capacity=self._options.ctx,
            sequences=_SEQUENCES,
            idle=_IDLE_SLOTS,
            rewind=self._native.rewinds,
        )

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
        )

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
        meter: Meter,
    ) -> list[Sampled]:
        """See ``Engine``. As many samples at once as surely fit; the others in further waves."""
        draws = [
            Draw(
                stop=stop,
                temperature=temperature,
                top_p=top_p,
                seed=(seed, number),
                end_tokens=self.end_tokens,
                piece=self._native.vocabulary.piece,
            )
            for number in range(n)
        ]
        room = (self._options.ctx - len(prefix)) // stop.max_tokens
        wave = max(1, min(room, _SEQUENCES - _IDLE_SLOTS - 2))
        with self._call(meter):
            for start in range(0, n, wave):
                self._sample_wave(prefix, draws[start : start + wave], meter)
        return [draw.result() for draw in draws]

    def next_dists(self, pairs: Sequence[Pair], *, meter: Meter) -> list[DistPair]:
        """See ``Engine``."""
        prefixes = [prefix for pair in pairs for prefix in pair if prefix is not None]
        with self._call(meter), self._slots(prefixes, meter) as slots:
            found = iter([_known(slot) for slot in slots])
        return [
            DistPair(
                plain=next(found) if pair.plain is not None else None,
                guided=next(found) if pair.guided is not None else None,
            )
            for pair in pairs
        ]

    def _sample_wave(self, prefix: Sequence[int], draws: list[Draw], meter: Meter) -> None:
        with self._slots([prefix], meter) as (base,):
            meter.count(cached=len(prefix) * (len(draws) - 1))
            forks: list[Slot] = []
            active: list[tuple[Draw, Slot]] = []
            try:
                for draw in draws:
                    if draw.extend(_known(base)):
                        forks.append(self._cache.fork(base))
                        active.append((draw, forks[-1]))
                while active:
                    self._compute([(slot, [draw.tokens[-1]]) for draw, slot in active], meter)
                    meter.count(generated=len(active))
                    active = [(draw, slot) for draw, slot in active if draw.extend(_known(slot))]
            finally:
                for slot in forks:
                    self._cache.release(slot)

    def forget(self) -> None:
        """See ``Engine``."""
        with self._lock:
            if self._closed:
                raise EngineError("this engine is closed")
            self._native.clear()
            self._cache = self._new_cache()

    @contextmanager
    def _call(self, meter: Meter) -> Iterator[None]:
        """The engine for one caller; one that waits for another's call still stops where its meter says so."""
        meter.check()
        while not self._lock.acquire(timeout=_LOOK_SECONDS):
            meter.check()
        try:
            if self._closed:
                raise EngineError("this engine is closed")
            with meter.timed("model"):
                yield
        finally:
            self._lock.release()

    @contextmanager
    def _slots(self, prefixes: Sequence[Sequence[int]], meter: Meter) -> Iterator[list[Slot]]:
        """Busy slots that hold exactly these prefixes, each with its distribution known."""
        slots: list[Slot] = []
        try:
            for prefix in prefixes:
                slots.append(self._acquire(prefix))
            rests = [list(prefix[len(slot.tokens) :]) for prefix, slot in zip(prefixes, slots, strict=True)]
            meter.count(cached=sum(len(slot.tokens) for slot in slots), generated=sum(len(rest) == 1 for rest in rests))
            work = list(zip(slots, rests, strict=True))
            while any(rest for _, rest in work):
                work = self._chunked(work, meter)
            yield slots
        finally:
            for slot in slots:
                self._cache.release(slot)

    def _acquire(self, prefix: Sequence[int]) -> Slot:
        self._check_length(prefix)
        try:
            return self._cache.acquire(prefix)
        except CacheFull as error:
            raise EngineError(f"more than {_SEQUENCES} prefixes in one call are too many for this engine") from error

    def _chunked(self, work: list[tuple[Slot, list[int]]], meter: Meter) -> list[tuple[Slot, list[int]]]:
        """Compute the next chunk of every slot's rest, short rests first; returns what is left."""
        room = self._options.chunk
        now: list[tuple[Slot, list[int]]] = []
        left: list[tuple[Slot, list[int]]] = []
        for slot, rest in sorted(work, key=lambda entry: len(entry[1])):
            now.append((slot, rest[:room]))
            left.append((slot, rest[room:]))
            room -= len(rest[:room])
        self._compute([entry for entry in now if entry[1]], meter)
        return left

    def _compute(self, work: list[tuple[Slot, list[int]]], meter: Meter) -> None:
        """Put every slot's tokens through the model in one batch, and keep the distributions after the last ones."""
        meter.check()
        batch = [
            BatchToken(token, len(slot.tokens) + offset, slot.sequence, wanted=offset == len(tokens) - 1)
            for slot, tokens in work
            for offset, token in enumerate(tokens)
        ]
        found = iter(self._decode_batch(batch).values())
        meter.count(computed=len(batch), passes=1)
        for slot, tokens in work:
            self._cache.append(slot, tokens)
            slot.log_probs = next(found)

    def _decode_batch(self, batch: list[BatchToken]) -> dict[int, LogProbs]:
        try:
            self._cache.reserve(len(batch))
            return self._native.compute(batch)
        except (CacheFull, NoRoom) as error:
            raise self._overflow(f"{self._cache.used} tokens are in use and {len(batch)} more are needed") from error
        except EngineError:
            self.forget()
            raise

    def _check_length(self, prefix: Sequence[int]) -> None:
        if not prefix:
            raise EngineError("a prefix has at least one token")
        if len(prefix) > self._native.trained_context:
            trained = self._native.trained_context
            raise ContextOverflow(f"a prefix of {len(prefix)} tokens: the model was trained on {trained} at most")
        if len(prefix) > self._options.ctx:
            raise self._overflow(f"a prefix of {len(prefix)} tokens does not fit")

    def _overflow(self, what: str) -> ContextOverflow:
        return ContextOverflow(f"{what}, but the context holds {self._options.ctx} tokens; raise it with --ctx")

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free the model; later calls raise ``EngineError``."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._native.close()


def _known(slot: Slot) -> LogProbs:
    assert slot.log_probs is not None, "a slot is read only once it is computed"
    return slot.log_probs
