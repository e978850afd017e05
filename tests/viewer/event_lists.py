"""Hand-made runs for the tests of the viewer."""

from linewise.events import (
    AnswerChecked,
    AttemptStarted,
    CandidatesSampled,
    Event,
    Finished,
    LineCommitted,
    ProgramTraced,
    SignalBuilt,
    TokenChosen,
)
from linewise.schema import AssertTest, Failure, Ledger, Origin, Outcome, Solution, Status, Task, Trust
from linewise.viewer.progress import Progress

TASK = Task(
    "Double a number.",
    "double",
    (
        AssertTest("assert double(2) == 4"),
        AssertTest("assert double(3) == 6"),
        AssertTest("assert double('a') == 'aa'"),
    ),
)
PASSED = Outcome(Status.PASSED, trust=Trust.SEPARATE)
SQUARED = Outcome(Status.FAILED, Failure.WRONG, invocation="double(3)", value="9", expected="6")
RAISED = Outcome(
    Status.FAILED,
    Failure.EXCEPTION,
    invocation="double('a')",
    error="TypeError: can't multiply sequence by non-int of type 'str'",
    error_line=2,
)
ENDLESS = Outcome(Status.FAILED, Failure.TIMEOUT, invocation="double(2)")
BROKEN = Outcome(Status.INFRASTRUCTURE, error="the worker was lost")

SQUARE = "def double(x):\n    return x * x\n"
SUM = "def double(x):\n    y = x\n    return x + y\n"

DIRECT: list[Event] = [
    AttemptStarted(attempt=0, strategy="direct", seconds=0.5),
    *(TokenChosen(token=1, text=text, seconds=1.0) for text in ("def double", "(x):\n", "    return", " x * x", "\n")),
    LineCommitted(line=2, code=SQUARE, seconds=1.5),
    AnswerChecked(code=SQUARE, outcomes=(PASSED, SQUARED, RAISED), passed=False, origin=Origin.DIRECT, seconds=2.0),
]
CANDIDATES = (
    "    y = x\n    return x + y\n",
    "    # squared\n    return x * x\n",
    "    return x * x\n",
    "    while x:\n",
)
GUIDED: list[Event] = [
    AttemptStarted(attempt=1, strategy="eg-cfg", seconds=2.0),
    TokenChosen(token=1, text="def double(x):\n", seconds=2.5),
    CandidatesSampled(line=1, candidates=CANDIDATES, seconds=4.0),
    ProgramTraced(line=1, candidates=(0,), program=SUM, outcomes=(PASSED, PASSED, PASSED), seconds=4.1),
    ProgramTraced(line=1, candidates=(1, 2), program=SQUARE, outcomes=(PASSED, SQUARED, RAISED), seconds=4.2),
    ProgramTraced(line=1, candidates=(3,), program="", outcomes=(ENDLESS, ENDLESS, BROKEN), seconds=4.3),
    SignalBuilt(line=1, text="what ran", tokens=123, seconds=4.4),
    TokenChosen(token=1, text="    ", guided=True, seconds=5.0),
    TokenChosen(token=2, text="y", guided=True, changed=True, seconds=5.1),
    TokenChosen(token=3, text=" = x", guided=True, seconds=5.2),
]
LINE: list[Event] = [
    TokenChosen(token=4, text="\n", guided=True, seconds=5.3),
    LineCommitted(line=1, code="def double(x):\n    y = x\n", seconds=5.3),
]


def solution(code: str, outcomes: tuple[Outcome, ...], origin: Origin, reason: str, passed: bool | None) -> Solution:
    ledger = Ledger(computed=4321, generated=99, sandbox_runs=12, seconds={"total": 61.25})
    return Solution(code, passed, outcomes, origin, ledger, "agent", "scripted", 0, reason)


SOLVED = solution(SUM, (PASSED, PASSED, PASSED), Origin.GUIDED, "guided attempt 1 of 2 was taken", passed=True)
UNSOLVED = solution(
    SQUARE, (PASSED, SQUARED, RAISED), Origin.DIRECT, "the limit of 60 seconds is reached", passed=False
)
UNCHECKED = solution(SQUARE, (), Origin.DIRECT, "the direct answer was taken", passed=None)
EMPTY = solution("", (), Origin.DIRECT, "the limit of 60 seconds is reached", passed=False)
SOLUTIONS = {"solved": SOLVED, "unsolved": UNSOLVED, "unchecked": UNCHECKED, "no answer": EMPTY}


def whole_run(found: Solution) -> list[Event]:
    return [*DIRECT, *GUIDED, *LINE, Finished(solution=found, seconds=61.25)]


def progress(events: list[Event]) -> Progress:
    state = Progress()
    for event in events:
        state = state.after(event)
    return state
