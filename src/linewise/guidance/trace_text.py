"""A trace as lines of text, in the three styles."""

from collections.abc import Sequence

from linewise.guidance.options import SignalOptions
from linewise.schema import Step, Trace, TraceStyle, Variable

_INDENT = "  "


def shorten(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters, the middle left out, on one line; control characters are escaped."""
    line = text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    if len(line) <= limit:
        return line
    kept = (limit - 3) // 2
    return f"{line[:kept]}...{line[len(line) - kept :]}"


def trace_lines(trace: Trace | None, source: Sequence[str], options: SignalOptions) -> list[str]:
    """The lines of ``trace``; ``source`` holds the program's lines. Empty where nothing was traced."""
    if trace is None:
        return []
    steps = list(trace.steps)
    gaps: dict[int, int] = {}
    if options.loop_summaries:
        steps, gaps = summarise_loops(steps)
    lines: list[str] = []
    for index, step in enumerate(steps):
        if index in gaps:
            lines.append(f"{_INDENT * step.depth}... {gaps[index]} more steps of the loop ...")
        lines += _step_lines(step, source, options)
    return [*lines, "... (the recording ends here)"] if trace.cut else lines


def summarise_loops(steps: Sequence[Step]) -> tuple[list[Step], dict[int, int]]:
    """Of each line's visits only the first and the last; gaps by index of the step behind them.

    What is called from the same line, round after round, counts as the same call.
    """
    visits = _visits(steps)
    kept = {index for indices in visits.values() for index in (indices[0], indices[-1])}
    kept |= {index for index in range(len(steps)) if {index - 1, index + 1} <= kept}  # the gap would be as long
    places = sorted(kept)
    gaps = {new: old - places[new - 1] - 1 for new, old in enumerate(places) if new and old - places[new - 1] > 1}
    return [steps[index] for index in places], gaps


def _visits(steps: Sequence[Step]) -> dict[tuple[int, int, str], list[int]]:
    """The steps that are alike, as indices: those of one kind, at one line, in calls from the same line."""
    visits: dict[tuple[int, int, str], list[int]] = {}
    calls: dict[tuple[int, int, str], int] = {}
    path: list[tuple[int, int]] = []  # by depth: the call, and the line it is at
    for index, step in enumerate(steps):
        del path[step.depth + (step.kind != "call") :]
        caller = path[-1] if path else (-1, -1)
        call = caller[0]
        if step.kind == "call" or not path:
            call = calls.setdefault((*caller, step.function), len(calls))
            path.append((call, step.line))
        path[-1] = (call, step.line)
        visits.setdefault((call, step.line, step.kind), []).append(index)
    return visits


def _step_lines(step: Step, source: Sequence[str], options: SignalOptions) -> list[str]:
    indent = _INDENT * step.depth
    shown = _variables(step.variables, options)
    if options.trace is TraceStyle.MINIMAL:
        return [f"{indent}at the end: {shown or 'no variables'}"]
    code = source[step.line - 1].strip() if 0 < step.line <= len(source) else ""
    if step.kind == "return":
        return [f"{indent}{step.function} returns {shorten(step.value or 'None', options.value_chars)}"]
    if step.kind == "exception":
        return [f"{indent}line {step.line}: {code} # raises {shorten(step.value or '', 2 * options.value_chars)}"]
    if step.kind == "call":
        return [f"{indent}{step.function} is called with {shown or 'nothing'}"]
    if options.trace is TraceStyle.DELTA and not shown:
        return []
    return [f"{indent}line {step.line}: {code} # {shown}"] if shown else [f"{indent}line {step.line}: {code}"]


def _variables(variables: Sequence[Variable], options: SignalOptions) -> str:
    if options.trace is TraceStyle.DELTA:
        return ", ".join(f"{item.name} = {shorten(item.value, options.value_chars)}" for item in variables)
    return ", ".join(f"{item.name}: {item.type} = {shorten(item.value, options.value_chars)}" for item in variables)
