"""The end of a run in plain text."""

from linewise.schema import Ledger, Origin, Solution, Task, Trust
from linewise.viewer.plain import counted, one_line
from linewise.viewer.verdicts import first_failure, passed_of

_BY = {
    Origin.DIRECT: "the direct answer",
    Origin.SAMPLE: "a sample",
    Origin.CANDIDATE: "a candidate that ran",
    Origin.GUIDED: "guided lines",
}


def summary(solution: Solution, task: Task) -> str:
    """One paragraph, without a newline: solved or not, by what, on how many tests, at what cost."""
    passed, tests = passed_of(task, solution.outcomes)
    count = f"{passed} of {counted(tests, 'test')} passed{_beside(solution)}."
    parts = [headline(solution), count if tests else "", ""]
    if solution.passed is False and (failure := first_failure(task, solution.outcomes)):
        parts[-1] = f"{failure[1]} {failure[0]}."
    return " ".join(part for part in [*parts, f"{cost(solution.ledger)}."] if part)


def headline(solution: Solution) -> str:
    """Whether the task is solved, and by what or why not, in one sentence."""
    if not solution.code.strip():
        return f"No answer: {_reason(solution)}."
    if solution.passed is None:
        why = "the sandbox broke" if solution.unknown else "the task has no tests"
        return f"Unchecked, for {why}: {_BY[solution.origin]} was taken."
    if solution.passed:
        return f"Solved by {_BY[solution.origin]}."
    return f"Not solved: {_reason(solution)}; the best attempt is {_BY[solution.origin]}."


def _beside(solution: Solution) -> str:
    """How many passed where the program could have had a hand in it."""
    beside = sum(outcome.passed and outcome.trust is Trust.IN_PROCESS for outcome in solution.outcomes)
    return f" ({beside} judged in the program's own process)" if beside else ""


def cost(ledger: Ledger) -> str:
    """Seconds, and tokens where they are known."""
    seconds = ledger.seconds.get("total")
    spent = [] if seconds is None else [f"{seconds:.1f} s"]
    if ledger.computed is not None:
        spent.append(f"{counted(ledger.computed, 'token')} computed")
    return ", ".join([*spent, counted(ledger.sandbox_runs, "sandbox run")])


def _reason(solution: Solution) -> str:
    return one_line(solution.reason, 200) or "nothing passed"
