"""Drafts: the candidates' own tokens as guesses of the guided ones, so that many are chosen in one pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from linewise.engines.base import LogProbs, Sampled, complete_lines
from linewise.engines.token_tree import TokenTree

_KEPT_BYTES = 256 << 20
"""What the kept distributions of one line's candidates may occupy; each agent has those of one line at a time."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """Candidates as a tree of tokens, with the plain distribution after each node, which sampling has left behind."""

    tree: TokenTree = field(default_factory=TokenTree)
    plain: dict[int, LogProbs] = field(default_factory=dict)


def kept_per_candidate(num_candidates: int, vocabulary: int) -> int:
    """Of how many tokens of each candidate the distributions can be kept within 256 MB."""
    return _KEPT_BYTES // (4 * vocabulary * num_candidates)


def draft(candidates: Sequence[Sampled], *, head: str, lines: int, decode: Callable[[Sequence[int]], str]) -> Drafts:
    """The drafts that ``candidates``, whose distributions were kept, make for the next ``lines`` lines.

    ``head`` is what already stands on the first of them.
    """
    drafts = Drafts()
    for candidate in candidates:
        known = candidate.dists[: _length(candidate.tokens, head, lines, decode)]
        path = drafts.tree.add(candidate.tokens[: max(len(known) - 1, 0)])
        drafts.plain.update(zip(path, known, strict=False))
    return drafts


def survivors(candidates: Sequence[Sampled], written: Sequence[int], text: str) -> list[Sampled]:
    """What is left of those candidates that go on behind ``written``, whose text is ``text``; equal ones once."""
    length = len(written)
    found = {
        candidate.tokens[length:]: replace(
            candidate,
            tokens=candidate.tokens[length:],
            text=candidate.text[len(text) :],
            dists=candidate.dists[length:],
        )
        for candidate in candidates
        if candidate.tokens[:length] == tuple(written) and len(candidate.tokens) > length
    }
    return list(found.values())


def _length(tokens: Sequence[int], head: str, lines: int, decode: Callable[[Sequence[int]], str]) -> int:
    """How many of ``tokens`` make up the first ``lines`` lines."""
    for length in range(1, len(tokens)):
        if complete_lines(head + decode(tokens[:length])) >= lines:
            return length
    return len(tokens) + 1  # an end token, which is not among them, was drawn as well
