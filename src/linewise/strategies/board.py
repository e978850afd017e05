"""What all strategies share: they write attempts on a board, which keeps the best one and makes the solution."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

from linewise.engines.base import Engine
from linewise.errors import BudgetSpent
from linewise.events import (
    AnswerChecked,
    AnswerLeft,
    AttemptStarted,
    Event,
    Finished,
    LineCommitted,
    ProgramTraced,
    text_after,
)
from linewise.execution.base import Limits, Program, Sandbox
from linewise.guidance.answer import standalone
from linewise.meter import Meter
from linewise.schema import Origin, Outcome, Solution, Task

SEED_STRIDE = 7_919
"""Attempt or sample n is drawn with seed + n * stride, so that two seeds of a task share no draw."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A piece of code, what it did on the visible tests and where it came from."""

    code: str
    outcomes: tuple[Outcome, ...]
    origin: Origin
    agent: str = ""

    @property
    def score(self) -> int:
        """How many visible tests pass."""
        return sum(outcome.passed for outcome in self.outcomes)


@dataclass(slots=True)
class Board:
    """One task while a strategy works on it."""

    task: Task
    engine: Engine
    sandbox: Sandbox
    limits: Limits
    meter: Meter
    seed: int
    agent: str = ""
    best: Attempt | None = None
    _begun: int = 0
    _fallback: Attempt | None = None

    @property
    def solved(self) -> bool:
        """Whether the best attempt passes all visible tests. Where these are probes, it has run to its end on all of
        them, for nothing more can be known; where there are none, it is there.
        """
        if self.best is None:
            return False
        passed = self.task.passed_by(self.best.outcomes)
        return all(outcome.passed for outcome in self.best.outcomes) if passed is None else passed

    @property
    def enough(self) -> str:
        """In plain words, what ``solved`` means for this task."""
        if self.task.only_probes:
            return "runs to its end, which is all that can be told"
        return "passes all visible tests" if self.task.tests else "cannot be checked"

    def begin(self, agent: str, strategy: str) -> Iterator[Event]:
        """The next attempt is ``agent``'s: what follows is told of it."""
        self.agent = agent
        yield AttemptStarted(attempt=self._begun, strategy=strategy)
        self._begun += 1

    def note(self, attempt: Attempt) -> None:
        """Keep ``attempt`` where it passes more tests than the best one so far; the first of equals stays."""
        self.best = _better(attempt, self.best)

    def check(self, code: str, origin: Origin) -> Iterator[Event]:
        """Run a complete answer on the visible tests and note it."""
        code = standalone(self.task, code)
        program = Program.of(self.task, code)
        if code.strip():  # complete, so better than any candidate's program
            self._fallback = Attempt(code, (), origin, self.agent)
        outcomes = tuple(self.sandbox.run(program, self.task.tests, self.limits, meter=self.meter))
        self.note(Attempt(code, outcomes, origin, self.agent))
        yield AnswerChecked(code=code, outcomes=outcomes, passed=self.task.passed_by(outcomes), origin=origin)

    def leave(self, code: str, origin: Origin) -> Event:
        """A complete answer that is not run: it cannot be chosen, but what it would have been worth can be judged."""
        return AnswerLeft(code=standalone(self.task, code), origin=origin)

    def run(self, attempts: Generator[Event, None, str]) -> Iterator[Event]:
        """The events of ``attempts``, numbered and timed, then ``Finished``.

        ``attempts`` returns in plain words why it ended; a spent budget ends it early, with the best so far.
        """
        for sequence, event in enumerate(self._finished(attempts)):
            yield replace(event, task=self.task.name, agent=self.agent, sequence=sequence, seconds=self.meter.elapsed)

    def _finished(self, attempts: Generator[Event, None, str]) -> Iterator[Event]:
        shown = ""
        try:
            while True:
                event = next(attempts)
                self._watch(event)
                shown = text_after(shown, event)
                yield event
        except StopIteration as end:
            reason = str(end.value)
        except BudgetSpent as error:
            reason = str(error)
        solution = self._solution(reason)
        if shown != solution.code:
            yield LineCommitted(line=solution.code.count("\n"), code=solution.code)
        yield Finished(solution=solution)

    def _watch(self, event: Event) -> None:
        """A candidate's program is printed only where a spent budget left no answer that was checked."""
        if isinstance(event, ProgramTraced):
            attempt = Attempt(event.program + "\n", event.outcomes, Origin.CANDIDATE, self.agent)
            self._fallback = _better(attempt, self._fallback)

    def _solution(self, reason: str) -> Solution:
        best = self.best or self._as_answer(self._fallback) or Attempt("", (), Origin.DIRECT, self.agent)
        return Solution(
            code=best.code,
            passed=self.task.passed_by(best.outcomes) if best.outcomes else self._passed_unrun(best.code),
            outcomes=best.outcomes,
            origin=best.origin,
            ledger=self.meter.ledger(),
            agent=best.agent,
            model=self.engine.name,
            seed=self.seed,
            reason=reason,
        )

    def _as_answer(self, attempt: Attempt | None) -> Attempt | None:
        """A candidate's program, as a user can run it."""
        return attempt and replace(attempt, code=standalone(self.task, attempt.code))

    def _passed_unrun(self, code: str) -> bool | None:
        """What can be said of code that has not been run on the tests: nothing where none would compare anything."""
        unchecked = not self.task.tests or (self.task.only_probes and bool(code.strip()))
        return None if unchecked else False


def _better(attempt: Attempt, best: Attempt | None) -> Attempt | None:
    if not attempt.code.strip():
        return best
    return attempt if best is None or attempt.score > best.score else best
