"""The events of one task become its sample."""

from dataclasses import asdict, dataclass, field

from linewise.events import AnswerChecked, Event, Finished, TokenChosen
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
    _solution: Solution | None = None

    def on_event(self, event: Event) -> None:
        """Take note of ``event``."""
        if isinstance(event, TokenChosen):
            self._guided += event.guided
            self._changed += event.changed
        elif isinstance(event, AnswerChecked):
            attempt = AttemptRecord(
                solution=event.code, passed_visible=event.passed, origin=event.origin, agent=event.agent
            )
            self._attempts.append(attempt)
        elif isinstance(event, Finished):
            self._solution = event.solution

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
