"""The command ``linewise``: its sub-commands, and what its errors look like."""

import os
import sys
from typing import Annotated, NoReturn

import typer

from linewise.cli import models
from linewise.cli.exit_codes import BAD_INPUT, BROKEN, INTERRUPTED
from linewise.cli.solve import solve_command
from linewise.errors import Cancelled, InputError, LinewiseError

app = typer.Typer(
    name="linewise",
    help="Write Python functions with a language model that sees its own code run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("solve", no_args_is_help=True)(solve_command)
app.add_typer(models.app, name="models")


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed  # noqa: PLC0415 - slow, and seldom asked for

        typer.echo(f"linewise {installed('linewise')}")
        raise typer.Exit


def main() -> NoReturn:
    """Run the command; every error is one line on standard error, with the exit code that fits it."""
    try:
        app()
    except LinewiseError as error:
        _fail(str(error), _exit_code(error))
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
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
    print(f"linewise: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(code)
