"""What fits: lengths of prefixes, numbers of samples, and errors that name the sizes and the option."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from linewise.engines.batching.prefix_store import common_prefix
from linewise.errors import ContextOverflow, EngineError

_ROWS = 128
"""Most samples that go through the model together."""


@dataclass(frozen=True, slots=True)
class Room:
    """``ctx``: tokens of all calls; ``trained``: of one prefix, by the model; ``shares``: common tokens count once."""

    ctx: int
    trained: int
    vocabulary: int
    chunk: int
    shares: bool

    @property
    def context(self) -> int:
        """Tokens that one prefix may have."""
        return min(self.ctx, self.trained)

    def check(self, prefixes: Sequence[Sequence[int]], behind: Sequence[int] = (), longest: int = 0) -> None:
        """Raise unless these prefixes of one call fit, with a path of ``longest`` of the tokens ``behind`` each."""
        for prefix in prefixes:
            if not prefix:
                raise EngineError("a prefix has at least one token")
            if min([*prefix, *behind]) < 0 or max([*prefix, *behind]) >= self.vocabulary:
                raise EngineError(f"a token is none of the {self.vocabulary} of the vocabulary")
            self._check_length(len(prefix) + longest)
        together = _distinct(prefixes) + len(prefixes) * longest
        if together > self.ctx:
            raise self._overflow(f"prefixes of together {together} tokens do not fit")

    def check_answers(self, prefix: int, answers: Sequence[int]) -> None:
        """Raise unless samples of these lengths fit behind a prefix."""
        self._check_length(prefix + max(answers))
        if self.shares and prefix + sum(answers) > self.ctx:
            raise self._overflow(f"{prefix} tokens and {sum(answers)} of {len(answers)} samples do not fit")

    def samples(self, prefix: int, count: int, most: int) -> int:
        """How many of ``count`` samples of at most ``most`` tokens surely fit at once; at least 1."""
        fit = (self.ctx - prefix) // most if self.shares else self.ctx // (prefix + most)
        return max(1, min(count, fit, _ROWS, self.chunk))

    def of_samples(self, prefix: int, count: int, most: int) -> int:
        """Tokens that so many samples may need."""
        return prefix + count * most if self.shares else count * (prefix + most)

    def of_prefixes(self, prefixes: Sequence[Sequence[int]]) -> int:
        """Tokens that these prefixes need."""
        return _distinct(prefixes) if self.shares else sum(map(len, prefixes))

    def of_drafts(self, prefixes: Sequence[Sequence[int]], nodes: int, longest: int) -> int:
        """Tokens that so many nodes of drafts, ``longest`` of them on one path, may need behind these prefixes."""
        sides = len(prefixes)
        most = self._rows(max(map(len, prefixes), default=0) + longest, sides)
        return self.of_prefixes(prefixes) + sides * (nodes if self.shares else most * longest)

    def of_paths(self, prefixes: Sequence[Sequence[int]], paths: list[list[int]]) -> list[list[int]]:
        """As many of these paths of drafts, from the first on, as fit at once behind each prefix; at least one."""
        sides = max(1, len(prefixes))
        most = self._rows(max(map(len, prefixes), default=0) + max(map(len, paths)), sides)
        free = (self.ctx - _distinct(prefixes)) // sides
        nodes: set[int] = set()
        for number, path in enumerate(paths):
            nodes |= set(path)
            if number and (number == most or (self.shares and len(nodes) > free)):
                return paths[:number]
        return paths

    def _rows(self, longest: int, sides: int) -> int:
        """How many drafts of so many tokens go together, each with so many sides."""
        fit = _ROWS if self.shares else self.ctx // max(1, longest)
        return max(1, min(fit, self.chunk) // max(1, sides))

    def in_waves(self, prefixes: Sequence[tuple[int, ...]]) -> Iterator[Sequence[tuple[int, ...]]]:
        """These prefixes, as many at once as fit."""
        longest = max(map(len, prefixes), default=1)
        most = max(1, len(prefixes) if self.shares else min(self.ctx // longest, self.chunk))
        for start in range(0, len(prefixes), most):
            yield prefixes[start : start + most]

    def _check_length(self, length: int) -> None:
        if length > self.trained:
            raise ContextOverflow(f"a prefix of {length} tokens: the model was trained on {self.trained} at most")
        if length > self.ctx:
            raise self._overflow(f"a prefix of {length} tokens does not fit")

    def _overflow(self, what: str) -> ContextOverflow:
        return ContextOverflow(f"{what}, but the context holds {self.ctx} tokens; raise it with --ctx")


def _distinct(prefixes: Sequence[Sequence[int]]) -> int:
    """Tokens of these prefixes, common beginnings counted once."""
    ordered = sorted(map(list, prefixes))
    shared = sum(common_prefix(one, other) for one, other in pairwise(ordered))
    return sum(map(len, ordered)) - shared
