"""``linewise report``: Markdown and an HTML page about several runs."""

from pathlib import Path
from typing import Annotated

import typer

from linewise.runs.reading import read_run
from linewise.runs.report.contents import report_on
from linewise.runs.report.pages import write_report


def report_command(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run directories; the first is the base.")],
    out: Annotated[Path, typer.Option(metavar="DIR|FILE", help="A folder, or a file ending in .md or .html.")],
) -> None:
    """Write a report on runs: solve rates with intervals, costs, attribution, and each run against the first.

    The folder gets report.md and report.html, a single page that opens without a network.
    """
    for path in write_report(report_on([read_run(folder) for folder in folders]), out):
        typer.echo(str(path))
