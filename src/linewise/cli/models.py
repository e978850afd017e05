"""``linewise models``: list, download and find model files."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from linewise.assemble import Conversion, convert_model
from linewise.engines.models.by_uri import fetch, find
from linewise.engines.models.catalogue import Model, catalogue
from linewise.engines.models.files import models_dir
from linewise.engines.options import LlamaCppOptions
from linewise.errors import MissingPartError

app = typer.Typer(help="List, download and find model files.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(help="A short name, gguf/<path>, gguf/<hub repo>:<quant>, hf/<folder> or hf/<hub repo>.")
]

Weights = Annotated[str, typer.Argument(metavar="NAME", help="A short name, gguf/<path> or gguf/<hub repo>:<quant>.")]


@app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False) -> None:
    """List the models that have a short name, and whether they are downloaded."""
    rows = [(model, _path(model)) for model in catalogue().values()]
    if as_json:
        typer.echo(json.dumps([_as_json(model, path) for model, path in rows], indent=2))
        return
    for model, path in rows:
        state = str(path) if path else f"not downloaded: linewise models pull {model.name}"
        typer.echo(f"{model.name:<20} {model.bytes / 1e6:>6.0f} MB  {state}")


@app.command("pull")
def pull_command(name: Name) -> None:
    """Download a model, unless it is here already, and print its path."""
    typer.echo(str(pull_with_bar(name)))


def pull_with_bar(name: str) -> Path:
    """``pull`` with a progress bar on standard error, where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task(name, total=None)

        def show(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total)

        return fetch(name, show, lambda text: typer.echo(text, err=True))


@app.command("path")
def path_command(name: Name) -> None:
    """Print the path of a model that is downloaded."""
    typer.echo(str(find(name)))


@app.command("convert")
def convert_command(
    name: Weights,
    kind: Annotated[Conversion, typer.Option("--to", help="bf16, q8_0 or q4_0.")],
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = LlamaCppOptions().threads,
) -> None:
    """Write a copy of a model with other weights, which may be faster here, and print its path.

    bf16 keeps what the weights say and takes the most memory; q4_0 rounds them once more.
    """
    path = convert_model(name, kind, threads)
    typer.echo(f"use it with: -m gguf/{path}", err=True)
    typer.echo(str(path))


def _path(model: Model) -> Path | None:
    try:
        return find(model.name)
    except MissingPartError:
        return None


def _as_json(model: Model, path: Path | None) -> dict[str, object]:
    return {
        "name": model.name,
        "file": model.file,
        "bytes": model.bytes,
        "sha256": model.sha256,
        "repo": model.repo,
        "revision": model.revision,
        "downloaded": path is not None,
        "path": str(path or models_dir() / model.file),
    }
