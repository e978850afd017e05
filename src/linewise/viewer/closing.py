"""What the live view leaves behind: a few lines."""

from rich.text import Text

from linewise.schema import Solution, Task
from linewise.viewer.plain import counted, one_line
from linewise.viewer.progress import Progress
from linewise.viewer.summary import cost, headline
from linewise.viewer.verdicts import first_failure, marks, passed_of


def closing(progress: Progress, task: Task) -> list[Text]:
    """At most three lines; none where nothing has happened."""
    if progress.solution is not None:
        return _finished(progress, progress.solution, task)
    if not progress.attempts:
        return []
    written = counted(progress.tokens, "token")
    return [
        Text(f"Stopped in {one_line(progress.attempt, 40)} after {progress.seconds:.1f} s, {written} chosen.", "yellow")
    ]


def _finished(progress: Progress, solution: Solution, task: Task) -> list[Text]:
    style = {True: "bold green", False: "bold red", None: "bold yellow"}[solution.passed]
    lines = [Text(headline(solution), style)]
    passed, tests = passed_of(task, solution.outcomes)
    if tests:
        lines[0].append(f" {passed} of {counted(tests, 'test')} passed. {marks(task, solution.outcomes)}", "default")
    failure = first_failure(task, solution.outcomes)
    if failure:
        lines.append(Text(f"{failure[1]} {failure[0]}"))
    steered = f"{progress.changed:,} of {counted(progress.tokens, 'token')} changed by what ran"
    parts = [counted(progress.attempts, "attempt"), *([steered] if progress.changed else []), cost(solution.ledger)]
    lines.append(Text(", ".join(parts), "dim"))
    return lines
