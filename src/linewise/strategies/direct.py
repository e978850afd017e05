"""The greedy answer of the plain context: guidance with gamma 0, without candidates."""

from collections.abc import Generator, Iterator

from linewise.engines.base import Engine, Stop
from linewise.events import Event, LineCommitted, TokenChosen
from linewise.execution.base import Limits, Sandbox
from linewise.guidance.answer import code_of, end_of_answer, form_of, response_prefix
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.prompting import messages
from linewise.meter import Meter
from linewise.schema import Origin, Task
from linewise.strategies.board import Board


class Direct:
    """See ``strategies.base.Strategy``. Of ``guidance`` it uses the prompt and the length of an answer."""

    name = "direct"

    def __init__(self, guidance: GuidanceOptions, limits: Limits) -> None:
        self._guidance, self._limits = guidance, limits

    def solve(self, task: Task, engine: Engine, sandbox: Sandbox, *, seed: int, meter: Meter) -> Iterator[Event]:
        """See ``Strategy``."""
        board = Board(task, engine, sandbox, self._limits, meter, seed)
        return board.run(self._attempts(board))

    def _attempts(self, board: Board) -> Generator[Event, None, str]:
        yield from direct_attempt(board, self._guidance.of_kind(board.task.kind))
        return "one greedy answer"


def direct_attempt(board: Board, guidance: GuidanceOptions) -> Iterator[Event]:
    """Write the greedy answer and check it."""
    engine = board.engine
    yield from board.begin(f"direct{prompt_suffix(guidance)}", Direct.name)
    prefix = engine.prompt(messages(board.task, guidance), response_prefix(board.task))
    form = form_of(board.task)
    stop = Stop(guidance.max_tokens, until=lambda text: end_of_answer(text, form) is not None)
    (answer,) = engine.sample(prefix, n=1, stop=stop, temperature=0, top_p=1, seed=board.seed, meter=board.meter)
    text = ""
    for count, token in enumerate(answer.tokens, start=1):
        before, text = text, engine.decode(answer.tokens[:count])
        yield TokenChosen(token=token, text=text[len(before) :])
    code = code_of(answer.text, form)
    yield LineCommitted(line=code.count("\n"), code=code)
    yield from board.check(code, Origin.DIRECT)


def prompt_suffix(guidance: GuidanceOptions) -> str:
    """What the paper's compact names say about the prompt; ``brief`` is ours."""
    return {"long-code": "_lci", "few-shot": "", "brief": "_brief"}[guidance.prompt]
