"""``linewise doctor``: what it prints, and what its exit code says. UPDATE_GOLDEN=1 writes the golden files anew."""

import json
import os
from io import StringIO
from pathlib import Path

import pytest
import typer
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from linewise.cli.doctor import as_lines, doctor_command, show
from linewise.doctor import Finding, Report

GOLDEN = Path(__file__).parent.parent / "golden" / "doctor"
APP = typer.Typer()
APP.command()(doctor_command)

VERSIONS = {"python": "3.11.2", "linewise": "0.1.0", "llama-cpp-python": None}
WELL = Report(
    VERSIONS,
    (
        Finding("engine", "llama-cpp-python 0.3.36", True, "loads"),
        Finding("model", "small", False, "not downloaded", needed=False, fix="linewise models pull small"),
        Finding("isolation", "network", True, "its own, with [nobody] in it", needed=False),
    ),
)
ILL = Report(
    VERSIONS,
    (
        Finding("engine", "llama-cpp-python", False, "not installed", fix="pip install 'linewise[llamacpp]'"),
        Finding("model", "small", False, "not downloaded", fix="linewise models pull small"),
        Finding("sandbox", "bubblewrap", False, "does not work here:\nno permission"),
    ),
)


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINEWISE_MODEL", "smollm2-135m")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, arguments)


def on_a_terminal(report: Report) -> str:
    console = Console(file=StringIO(), width=72, color_system=None)
    show(report, console)
    assert isinstance(console.file, StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


@pytest.mark.parametrize("report", [WELL, ILL], ids=["well", "ill"])
@pytest.mark.parametrize("form", [as_lines, on_a_terminal])
def test_text(form, report: Report, request: pytest.FixtureRequest) -> None:
    file = GOLDEN / f"{request.node.callspec.id}.txt"
    text = form(report) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


def test_a_machine_that_has_everything() -> None:
    done = run()
    assert (done.exit_code, done.stderr) == (0, "")
    assert "smollm2-135m at work: loads and computes\n" in done.stdout
    assert "isolation network: its own" in done.stdout
    assert done.stdout.endswith("all that `linewise solve` needs is here\n")


def test_json_of_a_machine_without_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEWISE_HOME", str(tmp_path))
    done = run("--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 1
    assert list(answer) == ["ok", "fix", "versions", "findings"]
    assert (answer["ok"], answer["fix"]) == (False, "linewise models pull smollm2-135m")
    missing = [one for one in answer["findings"] if one["needed"] and not one["ok"]]
    assert missing == [
        {
            "part": "model",
            "name": "smollm2-135m",
            "ok": False,
            "detail": "not downloaded",
            "needed": True,
            "fix": "linewise models pull smollm2-135m",
        }
    ]


def test_bad_settings_are_a_finding() -> None:
    Path("linewise.toml").write_text("sed = 1\n")
    done = run()
    assert done.exit_code == 1
    assert "FAILS    settings  settings: linewise.toml: sed: there is no such key; did you mean seed?" in done.stdout
