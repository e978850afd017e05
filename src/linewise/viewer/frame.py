"""One frame of the live view, fitted to a terminal's width and height."""

from rich.syntax import Syntax
from rich.text import Text

from linewise.schema import Task
from linewise.viewer.plain import counted, one_line, visible
from linewise.viewer.progress import Progress, Span, Tried
from linewise.viewer.verdicts import first_failure, marks, passed_of

_STEERED = "bold black on yellow"
_NARROW = 60
_COLOURED_CHARS = 20_000
"""Longer code stays without colours: they are found anew for every frame."""


def frame(progress: Progress, task: Task, *, seconds: float, width: int, height: int) -> Text:
    """At most ``height`` rows of at most ``width`` cells: where the run stands, the code so far, the candidates.

    ``seconds``: since the start of the task.
    """
    head = _head(progress, task, seconds)[: max(1, height)]
    room = height - len(head)
    tried = _tried_rows(progress, task, width)
    tried = _fitting(tried, max(room // 2, room - progress.text.count("\n") - 1))
    code = _code_rows(progress, room - len(tried))
    rows = [*head, *code, *tried]
    for row in rows:
        row.truncate(max(1, width), overflow="ellipsis")
    return Text("\n", no_wrap=True, overflow="crop").join(rows)


def _head(progress: Progress, task: Task, seconds: float) -> list[Text]:
    first = Text(f"{seconds:.0f} s", style="bold")
    first.append(f"  {progress.attempt or 'linewise'}: {progress.phase}")
    first.append(f"  {one_line(task.entry_point, 40)}", style="dim")
    rows = [first]
    if progress.tokens:
        rows.append(Text(f"{counted(progress.tokens, 'token')} chosen, ", style="dim"))
        rows[-1].append(f"{progress.changed:,}", style=_STEERED if progress.changed else "")
        rows[-1].append(" by what the candidates did")
    if progress.checked is not None:
        rows.append(_row(progress.checked, task, label_cells=20))
    return rows


def _tried_rows(progress: Progress, task: Task, width: int) -> list[Text]:
    if not progress.candidates:
        return []
    title = f"{counted(len(progress.candidates), 'candidate')}, {counted(len(progress.tried), 'program')} run"
    best_first = sorted(progress.tried, key=lambda tried: -passed_of(task, tried.outcomes)[0])
    cells = 0 if width < _NARROW else width // 3
    return [Text(title, style="dim"), *(_row(tried, task, label_cells=cells) for tried in best_first)]


def _row(tried: Tried, task: Task, *, label_cells: int) -> Text:
    """``✓✗✓  the label x3  what went wrong first``."""
    row = Text()
    for mark in marks(task, tried.outcomes):
        row.append(mark, style={"✓": "green", "✗": "red"}.get(mark, "dim"))
    if label_cells:
        row.append(f"  {one_line(tried.label, label_cells)}", style="cyan")
    if tried.stands_for > 1:
        row.append(f" x{tried.stands_for}", style="dim")
    failure = first_failure(task, tried.outcomes)
    row.append(f"  {failure or 'passes'}", style="" if failure else "green")
    return row


def _fitting(rows: list[Text], room: int) -> list[Text]:
    if len(rows) <= room:
        return rows
    kept = rows[: max(0, room - 1)]
    return [*kept, Text(f"… and {len(rows) - len(kept)} more", style="dim")] if kept else []


def _code_rows(progress: Progress, room: int) -> list[Text]:
    """The last lines of the code, coloured and numbered, the line being chosen marked."""
    shown, steered, current = _shown(progress)
    lines = list(_coloured(shown, steered).split("\n", allow_blank=True)) if shown.strip() else []
    while lines and not lines[-1].plain.strip():
        lines.pop()
    digits = len(str(len(lines)))
    first = max(0, len(lines) - max(0, room))
    return [
        Text.assemble((f"{'>' if number >= current else ' '} {number + 1:>{digits}} ", "dim"), line)
        for number, line in enumerate(lines[first:], start=first)
    ]


def _shown(progress: Progress) -> tuple[str, list[Span], int]:
    """The code as it is shown, its steered spans, and the number of the line being chosen."""
    text = progress.text.partition("\n```")[0]
    shown, done = "", 0
    steered: list[Span] = []
    for start, end in progress.steered:
        shown += visible(text[done:start])
        piece = visible(text[start:end])
        steered.append((len(shown), len(shown) + len(piece)))
        shown, done = shown + piece, max(start, end)
    return shown + visible(text[done:]), steered, text.count("\n", 0, progress.line_start)


def _coloured(code: str, steered: list[Span]) -> Text:
    text = Text(code)
    if len(code) <= _COLOURED_CHARS:
        highlighted = Syntax(code, "python", background_color="default").highlight(code)
        if highlighted.plain.rstrip("\n") == code.rstrip("\n"):
            text = highlighted
    for start, end in steered:
        text.stylize(_STEERED, start, end)
    return text
