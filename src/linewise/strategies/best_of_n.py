"""Independent samples of the whole answer, in rounds; the first that passes all visible tests is the answer.

Probes compare nothing, so nothing can choose by them but whether a sample runs: there the first one is taken that runs
to its end.
"""

from collections.abc import Generator, Iterable, Iterator

from linewise.engines.base import Engine, Stop
from linewise.events import CandidatesSampled, Event
from linewise.execution.base import Limits, Sandbox
from linewise.guidance.answer import code_of, end_of_answer, form_of, response_prefix
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.prompting import messages
from linewise.meter import Meter
from linewise.schema import Origin, Task
from linewise.strategies.board import SEED_STRIDE, Board
from linewise.strategies.direct import prompt_suffix
from linewise.strategies.options import BestOfNOptions


class BestOfN:
    """See ``strategies.base.Strategy``. Of ``guidance`` it uses the prompt and the length of an answer."""

    name = "best-of-n"

    def __init__(self, options: BestOfNOptions, guidance: GuidanceOptions, limits: Limits) -> None:
        self._options, self._guidance, self._limits = options, guidance, limits

    def solve(self, task: Task, engine: Engine, sandbox: Sandbox, *, seed: int, meter: Meter) -> Iterator[Event]:
        """See ``Strategy``."""
        board = Board(task, engine, sandbox, self._limits, meter, seed)
        return board.run(self._attempts(board))

    def _attempts(self, board: Board) -> Generator[Event, None, str]:
        yield from board.begin(f"best-of-{self._options.n}{prompt_suffix(self._guidance)}", self.name)
        form = form_of(board.task)
        tried: set[str] = set()
        drawn = 0
        while drawn < self._options.n and not (drawn and board.meter.allowance_spent):
            samples = self._sample(board, drawn)
            drawn += len(samples)
            yield CandidatesSampled(line=0, candidates=tuple(samples))
            codes = _new((code_of(text, form) for text in samples), tried)
            for code in codes:
                yield from board.check(code, Origin.SAMPLE)
                if board.solved:
                    yield from (board.leave(rest, Origin.SAMPLE) for rest in codes)
                    return f"a sample {board.enough}"
        return f"none of {drawn} samples {board.enough}"

    def _sample(self, board: Board, drawn: int) -> list[str]:
        size = self._size(drawn, bounded=board.meter.has_allowance)
        prefix = board.engine.prompt(messages(board.task, self._guidance), response_prefix(board.task))
        form = form_of(board.task)
        sampled = board.engine.sample(
            prefix,
            n=size,
            stop=Stop(
                self._guidance.of_kind(board.task.kind).max_tokens,
                until=lambda text: end_of_answer(text, form) is not None,
            ),
            temperature=self._options.temperature,
            top_p=self._options.top_p,
            seed=board.seed + drawn * SEED_STRIDE,
            meter=board.meter,
        )
        return [item.text for item in sampled]

    def _size(self, drawn: int, *, bounded: bool) -> int:
        """Samples of the round after ``drawn`` ones. Under an allowance, which ends no round, rounds begin with one
        sample and at most double what there is, so that little is spent beyond a small allowance.
        """
        largest = self._options.round or self._options.n
        return min(largest, max(1, drawn) if bounded else largest, self._options.n - drawn)


def _new(codes: Iterable[str], tried: set[str]) -> Iterator[str]:
    for code in codes:
        if code not in tried:
            tried.add(code)
            yield code
