"""The engine on transformers: what callers ask for becomes rows, and the scheduler's passes become their answers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from linewise.engines.base import Capabilities, DistPair, LogProbs, Message, Pair, Sampled, Stop, Visit
from linewise.engines.chat import ChatTemplate, plain_prompt
from linewise.engines.hf.forward import ModelPass
from linewise.engines.hf.known_dists import KnownDists
from linewise.engines.hf.loading import load
from linewise.engines.hf.probe import choose_memory
from linewise.engines.hf.room import Room
from linewise.engines.hf.row_scheduler import RowCall, RowScheduler
from linewise.engines.hf.rows import Row
from linewise.engines.hf.scoring import Drafting, Nodes
from linewise.engines.options import HfOptions
from linewise.engines.sampling import Draw, new_draws
from linewise.engines.text import decode_pieces
from linewise.engines.token_tree import TokenTree
from linewise.meter import Meter

_SCORED = 256
"""Distributions of drafts that are there at once: 256 x vocabulary x 4 bytes, 156 MB for a vocabulary of 152k."""


class HfEngine:
    """See ``engines.base.Engine``. Calls of concurrent agents go through the model in common batches."""

    def __init__(self, uri: str, *, options: HfOptions | None = None) -> None:
        """Load the model that ``uri`` names; raises ``MissingPartError``, ``InputError`` or ``EngineError``."""
        options = options or HfOptions()
        loaded = load(uri, options)
        source, bos, eos = loaded.vocabulary.chat_template, loaded.vocabulary.bos, loaded.vocabulary.eos
        self._template = None if source is None else ChatTemplate(source, bos=bos, eos=eos)
        memory, width = choose_memory(loaded.forward, capacity=options.ctx)
        chunk = options.chunk if loaded.forward.device.type == "cpu" else options.gpu_chunk
        self._name, self._forward = uri, loaded.forward
        self._vocabulary, self._width = loaded.vocabulary, width
        self._room = Room(options.ctx, loaded.context, width, chunk=chunk, shares=memory.shares)
        self._scheduler = RowScheduler(memory, chunk=chunk, capacity=options.ctx)
        self._known = KnownDists()

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
            rewind=self._room.shares,
            chat_template=self._template is not None,
            context=self._room.context,
            vocabulary=self._width,
        )

    @property
    def end_tokens(self) -> frozenset[int]:
        """See ``Engine``."""
        return self._vocabulary.end_tokens

    @property
    def held(self) -> int:
        """Tokens whose states are kept, padding included: at most three times ``ctx``, and ``ctx`` tokens of calls."""
        return self._scheduler.held()

    def prompt(self, messages: Sequence[Message], response_prefix: str) -> list[int]:
        """See ``Engine``. Without a template: the contents with blank lines between, then the response prefix."""
        if self._template is None:
            segments, first = plain_prompt(messages, response_prefix), self._vocabulary.first
        else:
            segments, first = self._template.segments(messages, response_prefix), []
        return first + [
            token for part in segments for token in self._vocabulary.tokenize(part.text, special=part.special)
        ]

    def encode(self, text: str) -> list[int]:
        """See ``Engine``."""
        return self._vocabulary.tokenize(text, special=False)

    def decode(self, tokens: Sequence[int]) -> str:
        """See ``Engine``."""
        return decode_pieces(self._vocabulary.piece(token) for token in tokens)

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
        draws = new_draws(
            n,
            stop=stop,
            temperature=temperature,
            top_p=top_p,
            seed=seed,
            keep_dists=keep_dists,
            end_tokens=self.end_tokens,
            piece=self._vocabulary.piece,
        )
        self._room.check([prefix])
        wave = self._room.samples(len(prefix), n, stop.max_tokens)
        with self._call(meter, self._room.of_samples(len(prefix), wave, stop.max_tokens)) as call:
            for start in range(0, n, wave):
                self._sample_wave(call, list(prefix), draws[start : start + wave])
        return [draw.result() for draw in draws]

    def next_dists(self, pairs: Sequence[Pair], *, meter: Meter) -> list[DistPair]:
        """See ``Engine``."""
        prefixes = [list(prefix) for pair in pairs for prefix in pair if prefix is not None]
        self._room.check(prefixes)
        with self._call(meter, self._room.of_prefixes(prefixes)) as call:
            found = iter(self._dists(call, prefixes))
        return [DistPair(*(None if prefix is None else next(found) for prefix in pair)) for pair in pairs]

    def score(self, pair: Pair, drafts: TokenTree, visit: Visit, *, meter: Meter) -> None:
        """See ``Engine``. A row for every leaf that can still be visited, as many at once as fit."""
        prefixes = [list(prefix) for prefix in pair if prefix is not None]
        drafting = Drafting(drafts, visit)
        longest = drafts.height
        self._room.check(prefixes, behind=drafts.tokens[1:], longest=longest)
        with self._call(meter, self._room.of_drafts(prefixes, len(drafts), longest)) as call:
            drafting.show(0, _pair(pair, self._dists(call, prefixes, hold=bool(len(drafts) > 1))))
            while drafting.due:
                self._follow(call, pair, drafting, self._room.of_paths(prefixes, drafting.paths()))

    def forget(self) -> None:
        """See ``Engine``."""
        self._scheduler.forget()
        self._known.clear()

    @contextmanager
    def watched(self, seen: Callable[[ModelPass], None]) -> Iterator[None]:
        """For measurements: ``seen`` is told of every pass through the model, in the engine's thread, which waits."""
        self._forward.seen = seen
        try:
            yield
        finally:
            self._forward.seen = None

    def _dists(self, call: RowCall, prefixes: Sequence[list[int]], *, hold: bool = False) -> list[LogProbs]:
        """The distributions after these prefixes, each computed unless it is known.

        ``hold``: more rows will begin with these prefixes, so their states have to be there as well.
        """
        found = {tuple(prefix): self._known.get(prefix) for prefix in prefixes}
        due = [prefix for prefix, log_probs in found.items() if hold or log_probs is None]
        call.meter.count(cached=sum(len(prefix) for prefix in map(tuple, prefixes) if prefix not in due))
        for some in self._room.in_waves(due):
            rows = {prefix: Row(list(prefix), wanted=int(found[prefix] is None)) for prefix in some}
            self._scheduler.compute(call, list(rows.values()))
            self._scheduler.drop(call, list(rows.values()))
            steps = [row.reused == len(row.tokens) - 1 for row in rows.values()]
            call.meter.count(cached=sum(row.reused or 0 for row in rows.values()), generated=sum(steps))
            found |= {prefix: self._known.add(prefix, row.found[0]) for prefix, row in rows.items() if row.found}
        return [log_probs for prefix in prefixes if (log_probs := found[tuple(prefix)]) is not None]

    def _sample_wave(self, call: RowCall, prefix: list[int], draws: list[Draw]) -> None:
        """Samples that are equal so far share a row; where they part, others than the first get rows of their own."""
        (first,) = self._dists(call, [prefix], hold=True)
        call.meter.count(cached=len(prefix) * (len(draws) - 1))
        going = [(Row([*prefix, token]), some) for token, some in _by_token(draws, first).items()]
        while going:
            self._room.check_answers(len(prefix), [len(some[0].tokens) for _, some in going])
            self._scheduler.compute(call, [row for row, _ in going])
            call.meter.count(generated=len(going))
            parted = [(row, _by_token(some, row.found[-1])) for row, some in going]
            self._scheduler.drop(call, [row for row, by_token in parted if not by_token])
            going = [(row, some) for parent, by_token in parted for row, some in _grown(parent, by_token)]

    def _follow(self, call: RowCall, pair: Pair, drafting: Drafting, paths: list[Nodes]) -> None:
        """Compute and show what is due on these paths, some steps at a time; paths that lead nowhere are left."""
        sides = [prefix for prefix in pair if prefix is not None]
        ways = [(path, [Row(list(prefix)) for prefix in sides]) for path in paths]
        depth = 0
        while ways:
            steps = max(1, _SCORED // max(1, len(ways) * len(sides)))
            for path, rows in ways:
                tokens = drafting.tokens(path[depth : depth + steps])
                for row in rows:
                    row.go_on(tokens, wanted=len(tokens))
            together = [row for _, rows in ways for row in rows]
            self._scheduler.compute(call, together)
            call.meter.count(cached=0 if depth else sum(row.reused or 0 for row in together))
            drafting.show_due(
                {
                    node: _pair(pair, [row.found[at] for row in rows])
                    for path, rows in ways
                    for at, node in enumerate(path[depth : depth + steps])
                }
            )
            depth += steps
            left = [(path, rows) for path, rows in ways if drafting.leads_on(path, depth)]
            self._scheduler.drop(call, [row for way in ways if way not in left for row in way[1]])
            ways = left

    @contextmanager
    def _call(self, meter: Meter, need: int) -> Iterator[RowCall]:
        with meter.timed("model"), self._scheduler.call(meter, need) as call:
            yield call

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free the model; later calls raise ``EngineError``."""
        self._scheduler.close()
        self._forward.close()
        self._known.clear()


def _pair(pair: Pair, dists: Sequence[LogProbs]) -> DistPair:
    """``dists``, of the sides that are there, as a pair."""
    found = iter(dists)
    return DistPair(*(None if prefix is None else next(found) for prefix in pair))


def _by_token(draws: Sequence[Draw], log_probs: LogProbs) -> dict[int, list[Draw]]:
    """Draw each one's next token; those that go on, by that token."""
    found: dict[int, list[Draw]] = {}
    for draw in draws:
        if draw.extend(log_probs):
            found.setdefault(draw.tokens[-1], []).append(draw)
    return found


def _grown(row: Row, by_token: dict[int, list[Draw]]) -> Iterator[tuple[Row, list[Draw]]]:
    """A row for each token: ``row`` itself goes on with the first one."""
    before = list(row.tokens)
    for number, (token, draws) in enumerate(by_token.items()):
        if number:
            yield Row([*before, token]), draws
        else:
            row.go_on([token])
            yield row, draws
