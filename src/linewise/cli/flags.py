"""The flags of ``linewise solve``, as typer reads them."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

_TASK, _METHOD, _ENGINE, _OUTPUT = "Task", "Method", "Engine and limits", "Output"
_STOP = "Stop there, with the best attempt."

Source = Annotated[str | None, Argument(help="A task file (.toml), or a stub (.py, or .py::name).")]
Prompt = Annotated[str | None, Option(help="What to write, instead of a file.", rich_help_panel=_TASK)]
Tests = Annotated[list[str] | None, Option(help="A visible test beside --prompt; repeatable.", rich_help_panel=_TASK)]
EntryPoint = Annotated[str | None, Option(help="The name that the tests call.", rich_help_panel=_TASK)]
Prelude = Annotated[str, Option(help="Code that comes before the answer.", rich_help_panel=_TASK)]
Setup = Annotated[str, Option(help="Code that runs after the answer, before a test.", rich_help_panel=_TASK)]
Write = Annotated[
    bool, Option("--write", help="Put the answer into the stub's file, unless it fails.", rich_help_panel=_OUTPUT)
]
Model = Annotated[str | None, Option("-m", "--model", help="Model URI or short name.", rich_help_panel=_METHOD)]
Preset = Annotated[str | None, Option(help="default or paper.", rich_help_panel=_METHOD)]
Strategy = Annotated[str | None, Option(help="direct, best-of-n or eg-cfg.", rich_help_panel=_METHOD)]
Overrides = Annotated[
    list[str] | None,
    Option("-o", metavar="KEY=VALUE", help="Such as guidance.gamma=1.5; repeatable.", rich_help_panel=_METHOD),
]
Seed = Annotated[int | None, Option(help="Seed of all sampling.", rich_help_panel=_METHOD)]
Config = Annotated[Path | None, Option(help="Settings file instead of linewise.toml.", rich_help_panel=_METHOD)]
Pull = Annotated[bool, Option("--pull", help="Download the model first, if need be.", rich_help_panel=_ENGINE)]
Sandbox = Annotated[str | None, Option(help="bubblewrap, or process (unsafe).", rich_help_panel=_ENGINE)]
Preload = Annotated[
    str | None, Option(metavar="MODULES", help="Imported for programs: numpy,pandas.", rich_help_panel=_ENGINE)
]
Python = Annotated[
    str | None, Option(metavar="PATH", help="Interpreter of programs, with its packages.", rich_help_panel=_ENGINE)
]
Threads = Annotated[int | None, Option(help="CPU threads of the engine.", rich_help_panel=_ENGINE)]
Ctx = Annotated[int | None, Option(help="Tokens that the engine can hold.", rich_help_panel=_ENGINE)]
GpuLayers = Annotated[int | None, Option(help="Layers on the GPU; -1: all.", rich_help_panel=_ENGINE)]
MaxSeconds = Annotated[float | None, Option(help=_STOP, rich_help_panel=_ENGINE)]
MaxTokensComputed = Annotated[int | None, Option(help=_STOP, rich_help_panel=_ENGINE)]
AsJson = Annotated[bool, Option("--json", help="Print one JSON object.", rich_help_panel=_OUTPUT)]
Events = Annotated[Path | None, Option(help="Write the event stream as JSON lines.", rich_help_panel=_OUTPUT)]
Quiet = Annotated[bool, Option("--quiet", "-q", help="No progress, no summary.", rich_help_panel=_OUTPUT)]
