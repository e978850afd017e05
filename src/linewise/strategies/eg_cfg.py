"""Execution-guided decoding: perhaps the direct answer first, then guided attempts until one passes.

Where the visible tests are probes no answer passes, so none is taken without guidance: the first guided attempt that
runs to its end is the answer, else the best of all.
"""

from collections.abc import Generator, Iterator

from linewise.engines.base import Engine
from linewise.errors import ContextOverflow
from linewise.events import Event
from linewise.execution.base import Limits, Sandbox
from linewise.guidance.decode import Setting, decode
from linewise.guidance.options import GuidanceOptions
from linewise.meter import Meter
from linewise.schema import Task
from linewise.strategies.board import SEED_STRIDE, Board
from linewise.strategies.direct import direct_attempt, prompt_suffix
from linewise.strategies.options import EgCfgOptions


class EgCfg:
    """See ``strategies.base.Strategy``."""

    name = "eg-cfg"

    def __init__(self, options: EgCfgOptions, guidance: GuidanceOptions, limits: Limits) -> None:
        self._options, self._guidance, self._limits = options, guidance, limits

    def solve(self, task: Task, engine: Engine, sandbox: Sandbox, *, seed: int, meter: Meter) -> Iterator[Event]:
        """See ``Strategy``."""
        board = Board(task, engine, sandbox, self._limits, meter, seed)
        return board.run(self._attempts(board))

    def _attempts(self, board: Board) -> Generator[Event, None, str]:
        agents = self._agents(board.task)
        for agent in agents if self._options.direct_first and not board.task.only_probes else ():
            yield from direct_attempt(board, agent)
            if board.solved:
                return "a direct answer was taken"
        for attempt in range(self._options.attempts):
            try:
                yield from self._guided(board, attempt, agents[attempt % len(agents)])
            except ContextOverflow as error:
                if board.best is None:
                    raise
                return f"nothing could be guided: {error}"
            if board.solved:
                return f"guided attempt {attempt + 1} of {self._options.attempts} was taken"
        return f"no answer of {self._options.attempts} guided attempts {board.enough}"

    def _agents(self, task: Task) -> list[GuidanceOptions]:
        """One for each prompt, where the task's kind has several."""
        prompts = self._options.prompts or (self._guidance.prompt,)
        chosen = prompts if task.kind == "function" else prompts[:1]
        guidance = self._guidance.of_kind(task.kind)
        return [guidance.model_copy(update={"prompt": prompt}) for prompt in chosen]

    def _guided(self, board: Board, attempt: int, agent: GuidanceOptions) -> Iterator[Event]:
        yield from board.begin(agent_name(agent), self.name)
        seed = board.seed + attempt * SEED_STRIDE
        setting = Setting(board.task, board.engine, board.sandbox, agent, self._limits, board.meter, seed=seed)
        decoded = yield from decode(setting)
        yield from board.check(decoded.code, decoded.origin)


def agent_name(guidance: GuidanceOptions) -> str:
    """The paper's compact name of a configuration, with gamma: ``ns3t0.75d2k1_lci_ln@g1``."""
    partial = "p" if guidance.signal.partial else ""
    shape = f"ns{guidance.num_candidates}t{guidance.temperature:g}d{guidance.horizon}k{guidance.refresh}"
    return f"{partial}{shape}{prompt_suffix(guidance)}_ln@g{guidance.gamma:g}"
