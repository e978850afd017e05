"""The command ``linewise``: its sub-commands, and what its errors look like."""

import io
import os
import signal
import sys
from importlib import metadata
from typing import Annotated, NoReturn

import typer

from linewise.cli import models, runs
from linewise.cli.bench import bench_command
from linewise.cli.doctor import doctor_command
from linewise.cli.exit_codes import BAD_INPUT, BROKEN, INTERRUPTED
from linewise.cli.grade import grade_command
from linewise.cli.options import options_command
from linewise.cli.report import report_command
from linewise.cli.solve import solve_command
from linewise.errors import Cancelled, InputError, LinewiseError

app = typer.Typer(
    name="linewise",
    help="Write Python functions with a language model that sees its own code run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("solve")(solve_command)
app.command("bench")(bench_command)
app.command("grade")(grade_command)
app.add_typer(models.app, name="models")
app.command("options")(options_command)
app.command("doctor")(doctor_command)
app.add_typer(runs.app, name="runs")
app.command("report")(report_command)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"linewise {metadata.version('linewise')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_show_version)] = False,
) -> None:
    """What comes before every sub-command."""


def main() -> NoReturn:
    """Run the command; every error is one line on standard error, with the exit code that fits it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does, so that no temporary folder stays
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # an answer may hold what the terminal's encoding lacks
    try:
        app(prog_name="linewise")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _fail("interrupted", INTERRUPTED)
        raise
    except LinewiseError as error:
        _fail(str(error), _exit_code(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; the exit would fail again
        sys.exit(BROKEN)
    except Exception as error:
        if os.environ.get("LINEWISE_DEBUG"):
            raise
        _fail(f"internal error: {type(error).__name__}: {error}; LINEWISE_DEBUG=1 shows the traceback", BROKEN)
    sys.exit(0)


def _exit_code(error: LinewiseError) -> int:
    if isinstance(error, Cancelled):
        return INTERRUPTED
    return BAD_INPUT if isinstance(error, InputError) else BROKEN


def _fail(text: str, code: int) -> NoReturn:
    # The real one: while a model of transformers is loaded, ``sys.stderr`` is silent.
    print(f"linewise: {' '.join(text.split())}", file=sys.__stderr__ or sys.stderr, flush=True)
    if code == INTERRUPTED:
        os._exit(code)  # a thread may still be deep in native code, and an orderly exit would wait for it
    sys.exit(code)
