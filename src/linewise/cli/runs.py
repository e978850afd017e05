"""``linewise runs``: look at run directories, compare them, take them elsewhere."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from linewise.cli.run_texts import comparison_text, list_text, show_text, task_lines
from linewise.errors import InputError
from linewise.runs.figures.comparison import compare
from linewise.runs.figures.export import export
from linewise.runs.figures.results import summary_json, task_rows
from linewise.runs.figures.summary import Summary, summarise
from linewise.runs.reading import Run, find_runs, name_apart, read_run

app = typer.Typer(help="Look at runs of benchmarks, compare and export them.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of run directories.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder: what was run, how far it is, what was solved and what it cost."""
    summaries = [(path, found) for path in find_runs(folder) if (found := _tried(path, folder))]
    if as_json:
        _print_json([{"folder": str(path), **summary_json(found)} for path, found in summaries])
    elif not summaries:
        typer.echo(f"linewise: {folder}: no run directories in it; `linewise bench --out` makes them", err=True)
    else:
        typer.echo(list_text([found for _, found in summaries]))


@app.command("show")
def show_command(
    folder: Folder,
    tasks: Annotated[bool, typer.Option("--tasks", help="Add a line for each task.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one run: solve rates with intervals, attribution, costs, and what is not known."""
    run = read_run(folder)
    summary = summarise(run)
    if as_json:
        _print_json({**summary_json(summary), **({"by_task": task_rows(run)} if tasks else {})})
        return
    typer.echo(show_text(summary))
    if tasks:
        typer.echo("\n" + task_lines(run))


@app.command("compare")
def compare_command(
    first: Annotated[Path, typer.Argument(metavar="A", help="A run directory: what is compared against.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one, on the same tasks.")],
    as_json: AsJson = False,
) -> None:
    """Compare run B against run A on the tasks that both have a verdict on."""
    runs = read_run(first), read_run(second)
    one, two = name_apart(runs)
    comparison = compare(*runs, names=(one, two))
    _say_notes(*runs)
    if as_json:
        _print_json(asdict(comparison))
    else:
        typer.echo(comparison_text(comparison))


@app.command("export")
def export_command(
    folder: Folder,
    to: Annotated[Path, typer.Option(metavar="FILE", help=".jsonl (samples), .csv (a row a sample) or .json.")],
    as_json: AsJson = False,
) -> None:
    """Write a run to one file: samples for EvalPlus (.jsonl), a table (.csv), or all results (.json)."""
    run = read_run(folder)
    written = export(run, to)
    _say_notes(run)
    if as_json:
        _print_json({"file": str(to), "samples": written, "planned": run.planned})
    else:
        typer.echo(f"{to}: {written} of {run.planned} samples")


def _tried(path: Path, folder: Path) -> Summary | None:
    """The summary of one run of many, called as it lies in ``folder``: a broken one is said, and hides no other."""
    try:
        return summarise(read_run(path), None if path == folder else str(path.relative_to(folder)))
    except InputError as error:
        print(f"linewise: {error}", file=sys.stderr)
        return None


def _say_notes(*runs: Run) -> None:
    for run in runs:
        for note in run.notes:
            print(f"linewise: {run.folder}: {note}", file=sys.stderr)


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=2))
