"""``linewise models``: answers on standard output, all else on standard error."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from linewise.cli.models import app
from linewise.engines.base import Stop
from linewise.engines.llamacpp import LlamaCppEngine, LlamaCppOptions
from linewise.engines.models.catalogue import find_model
from linewise.errors import EngineError, InputError, MissingPartError
from linewise.meter import Meter


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINEWISE_HOME", str(tmp_path))
    return tmp_path / "models"


def put(home: Path, name: str) -> Path:
    """A file of the right length, which is what says that a model is there."""
    path = home / find_model(name).file
    home.mkdir()
    with path.open("wb") as file:
        file.truncate(find_model(name).bytes)
    return path


def test_list(home: Path) -> None:
    path = put(home, "smollm2-135m")
    done = CliRunner().invoke(app, ["list"])
    assert done.exit_code == 0
    assert done.stdout == (
        "qwen2.5-coder-0.5b      491 MB  not downloaded: linewise models pull qwen2.5-coder-0.5b\n"
        "qwen2.5-coder-1.5b     1117 MB  not downloaded: linewise models pull qwen2.5-coder-1.5b\n"
        f"smollm2-135m             98 MB  {path}\n"
    )


def test_list_json(home: Path) -> None:
    path = put(home, "smollm2-135m")
    done = CliRunner().invoke(app, ["list", "--json"])
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert list(rows) == ["qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b", "smollm2-135m"]
    assert rows["smollm2-135m"] == {
        "name": "smollm2-135m",
        "file": path.name,
        "bytes": 98362432,
        "sha256": find_model("smollm2-135m").sha256,
        "repo": None,
        "revision": None,
        "downloaded": True,
        "path": str(path),
    }
    assert not rows["qwen2.5-coder-0.5b"]["downloaded"]


@pytest.mark.parametrize("command", ["path", "pull"])
def test_path_and_pull_print_the_path_alone(command: str, home: Path) -> None:
    path = put(home, "qwen2.5-coder-0.5b")
    done = CliRunner().invoke(app, [command, "qwen2.5-coder-0.5b"])
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{path}\n", "")


def test_what_goes_wrong_is_left_to_the_main_command() -> None:
    assert isinstance(CliRunner().invoke(app, ["path", "smollm2-135m"]).exception, MissingPartError)
    assert isinstance(CliRunner().invoke(app, ["pull", "nonsense"]).exception, InputError)


def test_convert_writes_a_model_that_runs(tmp_path: Path, smollm2_path: Path) -> None:
    source = tmp_path / "small.gguf"
    source.symlink_to(smollm2_path)
    done = CliRunner().invoke(app, ["convert", f"gguf/{source}", "--to", "q8_0", "--threads", "1"])
    assert done.exit_code == 0, done.output
    target = tmp_path / "small.as-q8_0.gguf"
    assert done.stdout == f"{target}\n"
    assert done.stderr == f"use it with: -m gguf/{target}\n"
    assert not list(tmp_path.glob("*.partial"))
    with LlamaCppEngine(target, options=LlamaCppOptions(ctx=256, threads=1)) as engine:
        prefix = engine.encode("The capital of France is")
        (found,) = engine.sample(prefix, n=1, stop=Stop(2), temperature=0, top_p=1, seed=0, meter=Meter())
        assert found.text.startswith(" Paris")


def test_what_cannot_be_converted_is_told_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    done = CliRunner().invoke(app, ["convert", f"gguf/{broken}", "--to", "bf16"])
    assert isinstance(done.exception, EngineError)
    assert str(done.exception).startswith("broken.gguf cannot be converted to bf16")
    assert list(tmp_path.glob("broken*")) == [broken]
