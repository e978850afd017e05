"""Independent samples of the whole answer in one batch; the first that passes all visible tests is the answer.

Probes compare nothing, so nothing can choose by them but whether a sample runs: there the first one is taken that runs
to its end.
"""

from collections.abc import Generator, Iterator

from linewise.engines.base import Engine, Stop
from linewise.events import CandidatesSampled, Event
from linewise.execution.base import Limits, Sandbox
from linewise.guidance.answer import code_of, end_of_answer, form_of, response_prefix
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.prompting import messages
from linewise.meter import Meter
from linewise.schema import Origin, Task
from linewise.strategies.board import Board
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
        samples = self._sample(board)
        yield CandidatesSampled(line=0, candidates=tuple(samples))
        form = form_of(board.task)
        for code in dict.fromkeys(code_of(text, form) for text in samples):
            yield from board.check(code, Origin.SAMPLE)
            if board.solved:
                return f"a sample {board.enough}"
        return f"none of {self._options.n} samples {board.enough}"

    def _sample(self, board: Board) -> list[str]:
        prefix = board.engine.prompt(messages(board.task, self._guidance), response_prefix(board.task))
        form = form_of(board.task)
        sampled = board.engine.sample(
            prefix,
            n=self._options.n,
            stop=Stop(self._guidance.max_tokens, until=lambda text: end_of_answer(text, form) is not None),
            temperature=self._options.temperature,
            top_p=self._options.top_p,
            seed=board.seed,
            meter=board.meter,
        )
        return [item.text for item in sampled]
