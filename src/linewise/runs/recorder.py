"""The events of one task become its sample."""

from dataclasses import asdict, dataclass, field

from linewise.events import AnswerChecked, AnswerLeft, AttemptStarted, Event, Finished, TokenChosen
from linewise.runs.records import AttemptRecord, Cost, Sample
from linewise.schema import Ledger, Solution, Task


@dataclass(slots=True)
class Recorder:
    """Sees every event of one task; ``sample`` is complete after ``Finished``."""

    task: Task
    seed: int
    budget: float | None = None
    _attempts: list[AttemptRecord] = field(default_factory=list)
    _guided: int = 0
    _changed: int = 0
    _before: tuple[int, int] = (0, 0)
    _solution: Solution | None = None

    def on_event(self, event: Event) -> None:
        """Take note of ``event``."""
        match event:
            case AttemptStarted():
                self._before = (self._guided, self._changed)
            case TokenChosen():
                self._guided += event.guided
                self._changed += event.changed
            case AnswerChecked() | AnswerLeft():
                self._attempts.append(self._attempt(event))
            case Finished():
                self._solution = event.solution

    def _attempt(self, event: AnswerChecked | AnswerLeft) -> AttemptRecord:
        return AttemptRecord(
            solution=event.code,
            passed_visible=event.passed if isinstance(event, AnswerChecked) else None,
            origin=event.origin,
            agent=event.agent,
            checked=isinstance(event, AnswerChecked),
            guided_tokens=self._guided - self._before[0],
            changed_tokens=self._changed - self._before[1],
        )

    @property
    def sample(self) -> Sample:
        """The answer and what it cost."""
        solution = self._solution
        if solution is None:
            raise AssertionError("a strategy ends with Finished")
        return Sample(
            task_id=self.task.name,
            solution=solution.code,
            seed=self.seed,
            passed_visible=solution.passed,
            origin=solution.origin,
            agent=solution.agent,
            reason=solution.reason,
            attempts=tuple(self._attempts),
            guided_tokens=self._guided,
            changed_tokens=self._changed,
            unguided=not self.task.tests,
            cost=cost_of(solution.ledger),
            budget=self.budget,
        )


def cost_of(ledger: Ledger) -> Cost:
    """``ledger`` as a record; times in seconds, to the millisecond."""
    content = asdict(ledger)
    seconds = {part: round(spent, 3) for part, spent in content.pop("seconds").items()}
    return Cost(**content, seconds=seconds)
