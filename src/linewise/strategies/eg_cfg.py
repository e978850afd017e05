"""Execution-guided decoding: perhaps the direct answer first, then guided attempts until one passes."""

from collections.abc import Generator, Iterator

from linewise.engines.base import Engine
from linewise.events import AttemptStarted, Event
from linewise.execution.base import Limits, Sandbox
from linewise.guidance.decode import Setting, decode
from linewise.guidance.options import GuidanceOptions
from linewise.meter import Meter
from linewise.schema import Task
from linewise.strategies.board import Board
from linewise.strategies.direct import direct_attempt
from linewise.strategies.options import EgCfgOptions

_SEED_STRIDE = 7_919
"""Attempt n decodes with seed + n * stride."""


class EgCfg:
    """See ``strategies.base.Strategy``."""

    name = "eg-cfg"

    def __init__(self, options: EgCfgOptions, guidance: GuidanceOptions, limits: Limits) -> None:
        self._options, self._guidance, self._limits = options, guidance, limits

    def solve(self, task: Task, engine: Engine, sandbox: Sandbox, *, seed: int, meter: Meter) -> Iterator[Event]:
        """See ``Strategy``."""
        board = Board(task, engine, sandbox, self._limits, meter, seed, agent_name(self._guidance))
        return board.run(self._attempts(board))

    def _attempts(self, board: Board) -> Generator[Event, None, str]:
        if self._options.direct_first:
            yield from direct_attempt(board, self._guidance)
            if board.solved:
                return "the direct answer was taken"
        for attempt in range(1, self._options.attempts + 1):
            yield from self._guided(board, attempt)
            if board.solved:
                return f"guided attempt {attempt} of {self._options.attempts} was taken"
        return f"no answer of {self._options.attempts} guided attempts passes all visible tests"

    def _guided(self, board: Board, attempt: int) -> Iterator[Event]:
        yield AttemptStarted(attempt=attempt, strategy=self.name)
        seed = board.seed + (attempt - 1) * _SEED_STRIDE
        setting = Setting(board.task, board.engine, board.sandbox, self._guidance, self._limits, board.meter, seed=seed)
        decoded = yield from decode(setting)
        yield from board.check(decoded.code, decoded.origin)


def agent_name(guidance: GuidanceOptions) -> str:
    """The paper's compact name of a configuration, with gamma: ``ns3t0.75d2k1_lci_ln@g1``."""
    prompt = {"long-code": "_lci", "few-shot": "", "brief": "_brief"}[guidance.prompt]
    partial = "p" if guidance.signal.partial else ""
    shape = f"ns{guidance.num_candidates}t{guidance.temperature:g}d{guidance.horizon}k{guidance.refresh}"
    return f"{partial}{shape}{prompt}_ln@g{guidance.gamma:g}"
