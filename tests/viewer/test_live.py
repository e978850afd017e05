"""The live view on recording consoles: what it shows while a run goes on, and what it leaves behind."""

import io
import re
from collections.abc import Callable

import pytest
from event_lists import DIRECT, GUIDED, SOLUTIONS, TASK, whole_run
from rich.console import Console

from linewise.schema import Task
from linewise.viewer.live import LiveView

UP_AND_ERASE = "\x1b[1A\x1b[2K"


def console(*, terminal: bool, width: int = 100) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    made = Console(
        file=file,
        force_terminal=terminal,
        force_interactive=terminal,
        color_system=None,
        width=width,
        height=24,
        legacy_windows=False,
        _environ={},
    )
    return made, file


def watch(name: str, *, terminal: bool, width: int = 100) -> str:
    made, file = console(terminal=terminal, width=width)
    with LiveView(made, Task("p", "double") if name == "unchecked" else TASK) as view:
        for event in whole_run(SOLUTIONS[name]):
            view.on_event(event)
    return file.getvalue()


@pytest.mark.parametrize("width", [100, 40])
@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_end_is_a_few_lines(name: str, width: int, matches_golden: Callable[[str, str], bool]) -> None:
    lines = [line.rstrip() for line in watch(name, terminal=False, width=width).split("\n")]
    assert matches_golden(f"end-{name.replace(' ', '_')}-{width}", "\n".join(lines))


def test_a_terminal_is_left_with_the_end_alone() -> None:
    text = watch("solved", terminal=True)
    frames, _, left = text.rpartition(UP_AND_ERASE)
    assert "programs run" not in left
    assert "candidates, 3 programs run" in frames
    assert left == watch("solved", terminal=False)


def test_frames_leave_room_for_an_echoed_ctrl_c() -> None:
    made, file = console(terminal=True, width=30)
    with LiveView(made, TASK) as view:
        for event in [*DIRECT, *GUIDED]:
            view.on_event(event)
    shown = re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", file.getvalue().rpartition("Stopped")[0])
    assert max(len(row) for row in re.split(r"[\r\n]", shown)) == 28


def test_the_cursor_is_in_sight_while_the_view_is_open() -> None:
    made, file = console(terminal=True)
    with LiveView(made, TASK):
        text = file.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def interrupted(made: Console) -> None:
    with LiveView(made, TASK) as view:
        for event in [*DIRECT, *GUIDED]:
            view.on_event(event)
        raise KeyboardInterrupt


def test_a_run_that_is_stopped_says_where() -> None:
    made, file = console(terminal=False)
    with pytest.raises(KeyboardInterrupt):
        interrupted(made)
    assert file.getvalue() == "Stopped in guided attempt 1 after 5.2 s, 9 tokens chosen.\n"


def test_a_run_that_never_began_says_nothing() -> None:
    made, file = console(terminal=False)
    with LiveView(made, TASK):
        pass
    assert file.getvalue() == ""
