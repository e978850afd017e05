"""One frame of the live view, fitted to a terminal's width and height."""

from rich.cells import cell_len
from rich.syntax import Syntax
from rich.text import Text

from linewise.schema import Task
from linewise.viewer.plain import counted, one_line, visible
from linewise.viewer.progress import Progress, Span, Tried
from linewise.viewer.verdicts import first_failure, marks, passed_of

_STEERED = "bold black on yellow"
_THEME = "ansi_dark"
"""The terminal's own colours: they can be read on dark and on light ground."""

_NARROW = 60
_COLOURED_CHARS = 20_000
"""Longer code stays without colours: they are found anew for every frame."""


def frame(progress: Progress, task: Task, *, seconds: float, width: int, height: int) -> Text:
    """At most ``height`` rows of at most ``width`` cells: where the run stands, the code so far, the candidates.

    ``seconds``: since the start of the task.
    """
    head = _head(progress, task, seconds)[: max(1, height // 3)]
    room = height - len(head)
    code = _code_rows(progress, width)
    tried = _fitting(_tried_rows(progress, task, width), max(room // 2, room - len(code)))
    rows = [*head, *code[max(0, len(code) + len(tried) - room) :], *tried]
    for row in rows:
        row.truncate(max(1, width), overflow="ellipsis")
    return Text("\n", no_wrap=True, overflow="crop").join(rows)


def _head(progress: Progress, task: Task, seconds: float) -> list[Text]:
    first = Text(f"{seconds:.0f} s", "bold")
    first.append(f"  {progress.phase}{', ' if progress.attempt else ''}{one_line(progress.attempt, 40)}")
    first.append(f"  {one_line(task.entry_point, 40)}", "dim")
    rows = [first]
    if progress.checked is not None:
        rows.append(_row(progress.checked, task, label_cells=len(progress.checked.label)))
    if progress.changed:
        steered = (f"{progress.changed:,} changed by what ran", _STEERED)
        rows.append(Text.assemble(f"{counted(progress.tokens, 'token')}, ", steered))
    return rows


def _tried_rows(progress: Progress, task: Task, width: int) -> list[Text]:
    if not progress.candidates:
        return []
    title = f"{counted(len(progress.candidates), 'candidate')}, {counted(len(progress.tried), 'program')} run"
    best_first = sorted(progress.tried, key=lambda tried: -passed_of(task, tried.outcomes)[0])
    longest = max((len(tried.label) for tried in best_first), default=0)
    cells = 0 if width < _NARROW else min(longest, width // 3)
    return [Text(title, "dim"), *(_row(tried, task, label_cells=cells) for tried in best_first)]


def _row(tried: Tried, task: Task, *, label_cells: int) -> Text:
    """``✓✗✓  the label  got 1, expected 2  f(1)  x3``, the less needed the further right."""
    row = Text()
    for mark in marks(task, tried.outcomes):
        row.append(mark, {"✓": "green", "✗": "red"}.get(mark, "dim"))
    if label_cells:
        label = Text(visible(tried.label), "cyan")
        label.truncate(label_cells, overflow="ellipsis", pad=True)
        row.append("  ").append_text(label)
    what, call = first_failure(task, tried.outcomes) or ("passes", "")
    row.append(f"  {what}", "" if call else "green").append(f"  {call}" if call else "", "dim")
    return row.append(f"  x{tried.stands_for}" if tried.stands_for > 1 else "", "dim")


def _fitting(rows: list[Text], room: int) -> list[Text]:
    """As many rows as fit; where the title would crowd out the programs, without it."""
    if len(rows) <= room:
        return rows
    if room < 3:
        return rows[1 : room + 1]
    return [*rows[: room - 1], Text(f"… and {len(rows) - room + 1} more", "dim")]


def _code_rows(progress: Progress, width: int) -> list[Text]:
    """The code, coloured and numbered; of a line being chosen that is too long, the end."""
    shown, steered = _shown(progress)
    lines = list(_coloured(shown, steered).split("\n", allow_blank=True)) if shown.strip() else []
    while lines and not lines[-1].plain.strip():
        lines.pop()
    chosen_now = len(lines) - 1 if shown.rpartition("\n")[2].strip() else None
    digits = len(str(len(lines)))
    rows = []
    for number, line in enumerate(lines):
        if number == chosen_now:
            gutter = Text(f"> {number + 1:>{digits}} ", "bold")
            rows.append(gutter.append_text(_end_of(line, width - len(gutter))))
        else:
            rows.append(Text(f"  {number + 1:>{digits}} ", "dim").append_text(line))
    return rows


def _end_of(line: Text, cells: int) -> Text:
    if line.cell_len <= cells:
        return line
    start = max(0, len(line) - cells + 1)
    while cell_len(line.plain[start:]) >= max(1, cells) and start < len(line):
        start += 1
    return Text("…").append_text(line[start:])


def _shown(progress: Progress) -> tuple[str, list[Span]]:
    """The code as it is shown, and its steered spans."""
    text = progress.text.partition("\n```")[0]
    shown, done = "", 0
    steered: list[Span] = []
    for start, end in progress.steered:
        shown += visible(text[done:start])
        piece = visible(text[start:end])
        steered.append((len(shown), len(shown) + len(piece)))
        shown, done = shown + piece, end
    return shown + visible(text[done:]), steered


def _coloured(code: str, steered: list[Span]) -> Text:
    text = Text(code)
    if len(code) <= _COLOURED_CHARS:
        highlighted = Syntax(code, "python", theme=_THEME).highlight(code)
        if highlighted.plain.rstrip("\n") == code.rstrip("\n"):
            text = highlighted
    for start, end in steered:
        text.stylize(_STEERED, start, end)
    return text
