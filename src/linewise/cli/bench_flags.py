"""The flags of the commands that read a suite, as typer reads them."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from linewise import bench
from linewise.benchmarks.suites.registry import LOADERS

_TASKS, _RUN, _CONTROL = "Tasks", "Run", "Controls"

SuiteName = Annotated[str, Argument(metavar="SUITE", help=f"One of {', '.join(LOADERS)}.")]
Data = Annotated[
    Path | None,
    Option(help="Folder of the benchmark data; else LINEWISE_DATA, else downloaded.", rich_help_panel=_TASKS),
]
Visible = Annotated[int | None, Option(help="Show the first so many tests of a task.", rich_help_panel=_TASKS)]
Split = Annotated[str | None, Option(help="test, validation, train or all (MBPP).", rich_help_panel=_TASKS)]
Libraries = Annotated[
    str | None, Option(help="Problems that need no others than these: numpy,pandas (DS-1000).", rich_help_panel=_TASKS)
]
Limit = Annotated[int | None, Option(min=1, help="The first so many tasks.", rich_help_panel=_TASKS)]
Slice = Annotated[str | None, Option("--slice", metavar="A:B", help="Tasks A to B-1, from 0.", rich_help_panel=_TASKS)]
Filter = Annotated[
    str | None, Option("--filter", metavar="REGEX", help="Tasks whose id matches.", rich_help_panel=_TASKS)
]
UnsolvedBy = Annotated[
    Path | None,
    Option(metavar="RUN", help="Tasks whose answers in that run fail the visible tests.", rich_help_panel=_TASKS),
]
Samples = Annotated[
    int | None, Option(min=1, help="Samples of a task, with seeds one after the other.", rich_help_panel=_RUN)
]
Workers = Annotated[int, Option(min=1, help="Tasks at a time.", rich_help_panel=_RUN)]
Out = Annotated[Path, Option(help="Run directory; the same command goes on with a run there.", rich_help_panel=_RUN)]
Quiet = Annotated[bool, Option("--quiet", "-q", help="No progress.", rich_help_panel=_RUN)]
NoEvents = Annotated[bool, Option("--no-events", help="Keep no event streams.", rich_help_panel=_RUN)]
MatchCost = Annotated[
    Path | None,
    Option(metavar="RUN", help="best-of-n, for what each task cost in that run.", rich_help_panel=_CONTROL),
]
MatchBy = Annotated[
    bench.MatchBy | None,
    Option("--by", help="The cost that --match-cost matches: computed unless given.", rich_help_panel=_CONTROL),
]
TwinOf = Annotated[
    Path | None,
    Option(
        metavar="RUN", help="All of that eg-cfg run, its tasks and seeds too, with gamma 0.", rich_help_panel=_CONTROL
    ),
]
