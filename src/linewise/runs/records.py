"""What a run directory holds, record by record. The files are ``run.json``, ``samples.jsonl`` and ``grades.jsonl``.

``samples.jsonl`` has EvalPlus's keys (``task_id``, ``solution``); other keys are ours. A solution lacks the prelude of
its task, which ``figures.export`` puts before it.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from linewise.schema import Origin, Trust

RUN_VERSION = 1


class Record(BaseModel):
    """What all records share: they do not change, and unknown keys of a later version are kept out."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class Cost(Record):
    """What was spent on one task: the fields of ``schema.Ledger``. Unknown is ``None``, never 0."""

    computed: int | None = None
    cached: int | None = None
    generated: int | None = None
    forward_passes: int | None = None
    sandbox_runs: int | None = None
    seconds: dict[str, float] = Field(default_factory=dict)


class AttemptRecord(Record):
    """One complete answer, whether or not it was selected.

    ``checked``: it was run on the visible tests; if not, another had passed them before. Of the tokens that it was
    written with, ``guided_tokens`` were chosen with a guided context, and ``changed_tokens`` of them differ from the
    plain choice. (An early-exit candidate's own tokens are plain samples; counted are those before them.)
    """

    solution: str
    passed_visible: bool | None
    origin: Origin
    agent: str
    checked: bool = True
    guided_tokens: int = 0
    changed_tokens: int = 0


class Sample(Record):
    """The answer to one task: selected by visible tests alone.

    ``seed`` tells several samples of one task apart. ``attempts`` are all complete answers, in order, the selected one
    among them. ``guided_tokens`` and ``changed_tokens`` are those of all attempts. ``unguided``: nothing of the
    task could be run, so it was decoded without guidance.
    ``budget``: what the sample was allowed to spend, where it was matched to another run.
    """

    task_id: str
    solution: str
    seed: int = 0
    passed_visible: bool | None = None
    origin: Origin = Origin.DIRECT
    agent: str = ""
    reason: str = ""
    attempts: tuple[AttemptRecord, ...] = ()
    guided_tokens: int = 0
    changed_tokens: int = 0
    unguided: bool = False
    cost: Cost = Cost()
    budget: float | None = None

    @property
    def selected(self) -> AttemptRecord | None:
        """The attempt that is the answer; ``None`` where none was complete."""
        same = (one for one in self.attempts if one.checked and one.solution == self.solution)
        return next((one for one in same if one.agent == self.agent and one.origin is self.origin), None)


class GradeRecord(Record):
    """The verdict of hidden tests on one sample. Where ``passed`` is ``None`` the sandbox broke and nobody knows.

    ``any_passed``: whether any of the sample's attempts passes (oracle any-of-N).
    """

    task_id: str
    seed: int = 0
    passed: bool | None
    parts: dict[str, bool | None] = Field(default_factory=dict)
    any_passed: bool | None = None
    failure: str | None = None
    error: str | None = None
    trust: Trust = Trust.SEPARATE
    seconds: float = 0.0


class SuiteRecord(Record):
    """Which tasks were to be solved. ``size``: tasks of the whole benchmark; ``tasks``: those of this run, in order.

    ``scored_on`` says in plain words whether the scoring tests were shown, ``shown`` of which tasks all were:
    nothing can be accepted and wrong there. ``overlap``: for tasks of which some were shown, by part how many were and
    how many there are. ``preludes``: what stands before the answer of a task, where something does; ``None`` in runs of
    before it was kept. ``cpu_seconds`` and ``wall_seconds`` limit the grading of one test.
    """

    name: str
    size: int
    tasks: tuple[str, ...]
    scored_on: str
    source: str
    checksum: str
    options: dict[str, Any]
    cpu_seconds: float
    wall_seconds: float
    shown: tuple[str, ...] = ()
    overlap: dict[str, dict[str, tuple[int, int]]] = Field(default_factory=dict)
    preludes: dict[str, str] | None = None


class RunName(Record):
    """Another run: the name of its directory, and its id, which a move does not change."""

    run: str
    id: str = ""

    def means(self, folder_name: str, id_: str) -> bool:
        """Whether the run with this name and id is meant; by its name where one of the two has no id."""
        return self.id == id_ if self.id and id_ else self.run == folder_name


class MatchRecord(RunName):
    """The run whose cost this one was matched to, task by task."""

    by: Literal["computed", "seconds"]


class RunInfo(Record):
    """``run.json``: all that is needed to repeat a run.

    ``id`` tells the run from others, wherever it is moved; runs of before there were ids have none. ``settings``: the
    resolved configuration, whole. ``seeds``: one sample a task for each. ``model_checksum``: SHA-256 of the model's
    file, ``None`` where it is no single file. ``python``: what ran the programs, where not our own. ``unsolved_by``:
    the run that failed the visible tests of these tasks, for then they are harder than the suite's.
    """

    version: int = RUN_VERSION
    linewise: str
    suite: SuiteRecord
    settings: dict[str, Any]
    seeds: tuple[int, ...]
    workers: int
    model: str
    model_checksum: str | None = None
    match: MatchRecord | None = None
    python: str | None = None
    unsolved_by: RunName | None = None
    id: str = ""

    @field_validator("unsolved_by", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """Before there were ids it was a name alone."""
        return {"run": value} if isinstance(value, str) else value


class SessionRecord(Record):
    """One line of ``sessions.jsonl``: when and on what a run was begun or gone on with.

    ``source``: SHA-256 over all files of the package that ran. ``commit``: the one they were checked out from, if any,
    ``+`` behind it where they were changed since.
    """

    started: str
    machine: dict[str, Any]
    versions: dict[str, str]
    source: str | None = None
    commit: str | None = None


class ErrorRecord(Record):
    """One line of ``errors.jsonl``: a task that engine or sandbox could not finish. It is no wrong answer."""

    task_id: str
    seed: int
    error: str
