"""``linewise doctor``: what works, what is missing, and the one command that mends it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from linewise.doctor import Finding, Report, examine

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Config = Annotated[Path | None, typer.Option(help="Settings file instead of linewise.toml.")]

_STYLES = {"ok": "green", "FAILS": "bold red", "absent": "dim"}


def doctor_command(*, as_json: AsJson = False, config: Config = None) -> None:
    """Look at whether all that `solve` needs is here and works, and name the command that mends what is not.

    Exit code 0: all is well; 1: something is missing.
    """
    report = examine(config)
    console = Console()
    if as_json:
        typer.echo(as_json_text(report))
    elif console.is_terminal:
        show(report, console)
    else:
        typer.echo(as_lines(report))
    raise typer.Exit(0 if report.ok else 1)


def as_json_text(report: Report) -> str:
    """The report as one JSON object."""
    content = {"ok": report.ok, "fix": report.fix, **asdict(report)}
    return json.dumps(content, indent=2)


def as_lines(report: Report) -> str:
    """The report in plain lines."""
    lines = [
        f"{_state(one):<8} {one.part:<9} {' '.join(f'{one.name}: {one.detail}'.split())}" for one in report.findings
    ]
    lines += [f"{name}: {version or 'none'}" for name, version in report.versions.items()]
    return "\n".join([*lines, *_verdict(report)])


def show(report: Report, console: Console) -> None:
    """Print the report for a terminal. The last lines are never broken, so that a command in them can be copied."""
    findings = Table("", "part", "what", Column("found", overflow="fold"), box=None, header_style="bold")
    for one in report.findings:
        state = _state(one)
        findings.add_row(f"[{_STYLES[state]}]{state}[/]", one.part, escape(one.name), escape(one.detail))
    facts = Table(box=None, show_header=False)
    for name, version in report.versions.items():
        facts.add_row(name, escape(version or "none"))
    console.print(findings, "", facts, "", sep="\n")
    for line in _verdict(report):
        console.print(escape(line), soft_wrap=True, highlight=False)


def _state(finding: Finding) -> str:
    if finding.ok:
        return "ok"
    return "FAILS" if finding.needed else "absent"


def _verdict(report: Report) -> list[str]:
    if report.ok:
        return ["all that `linewise solve` needs is here"]
    names = ", ".join(problem.name for problem in report.problems)
    return [f"`linewise solve` does not work yet: {names}", *([f"to mend it: {report.fix}"] if report.fix else [])]
