"""What doctor finds on machines where something is missing or broken."""

import os
import sys
from pathlib import Path

import pytest

from linewise.config import Settings, load_settings
from linewise.doctor import Finding, Report
from linewise.doctor.engine import look_at_engine, look_at_models, look_at_work
from linewise.doctor.examine import _safely
from linewise.doctor.sandbox import look_at_sandbox
from linewise.execution._tracee import landlock


@pytest.fixture
def settings() -> Settings:
    return load_settings({"model": "smollm2-135m"})


def finding(*, ok: bool = False, needed: bool = True, fix: str | None = None) -> Finding:
    return Finding("engine", "name", ok, "detail", needed, fix)


def test_a_crash_of_the_engine_is_survived(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llama_cpp.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (found,) = look_at_engine(settings)
    assert (found.ok, found.needed, found.detail) == (False, True, "crashes: SIGSEGV")
    assert found.fix is not None
    assert found.fix.startswith(
        f"{sys.executable} -m pip install --force-reinstall --no-cache-dir --no-deps llama-cpp-python=="
    )


def test_an_unknown_model_is_named_once() -> None:
    found = next(look_at_models(load_settings({"model": "nonsense"})))
    assert (found.ok, found.needed, found.name) == (False, True, "nonsense")
    assert found.detail.startswith("no such model; name qwen2.5-coder-0.5b, ")


def test_an_engine_that_raises_is_quoted(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llama_cpp.py").write_text("raise OSError('libgomp.so.1 is missing')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (found,) = look_at_engine(settings)
    assert (found.ok, found.detail) == (False, "OSError: libgomp.so.1 is missing")


def test_engine_and_compiler_are_missing(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    engine, compiler = look_at_engine(settings)
    assert (engine.ok, compiler.ok) == (False, False)
    assert (
        engine.fix == f"sudo apt-get install -y build-essential && {sys.executable} -m pip install 'linewise[llamacpp]'"
    )


def test_an_interpreter_that_is_none_is_named() -> None:
    (found,) = look_at_sandbox(load_settings({"python": "/nowhere/python"}))
    reason = "not a Python interpreter that runs (No such file or directory); give another one with --python"
    assert (found.ok, found.needed, found.detail) == (False, True, f"/nowhere/python: {reason}")


def test_a_scripted_model_needs_neither_engine_nor_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.toml"
    script.write_text('[[replies]]\ntext = "pass"\n')
    settings = load_settings({"model": f"scripted/{script}"})
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    found = [*look_at_engine(settings), *look_at_models(settings), *look_at_work(settings)]
    assert [one for one in found if one.needed] == [
        Finding("model", f"scripted/{script} at work", True, "loads and computes")
    ]


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + bytes(1000))
    (found,) = look_at_work(load_settings({"model": f"gguf/{file}"}))
    assert not found.ok
    assert found.detail.startswith("broken.gguf cannot be loaded")


def test_an_unsafe_sandbox_that_was_asked_for_is_shown_as_it_is() -> None:
    found = {one.name: one for one in look_at_sandbox(load_settings({"sandbox": "process"}))}
    assert found["right answer passes"].ok
    assert not found["writing outside is refused"].ok
    assert not found["network"].ok
    assert found["network"].detail == "not in force"
    assert not any(one.needed for one in found.values())


def test_every_layer_of_the_default_sandbox_is_in_force() -> None:
    found = [one for one in look_at_sandbox(load_settings()) if one.part in ("sandbox", "isolation")]
    may_lack = (
        {"users"} | (set() if os.geteuid() == 0 else {"kernel user"}) | (set() if landlock.abi() else {"Landlock"})
    )
    assert {one.name for one in found if not one.ok} <= may_lack
    assert {"network", "processes", "files", "privileges", "limits"} <= {one.name for one in found}


def test_a_check_that_breaks_is_a_finding_after_what_it_found() -> None:
    def breaks() -> list[Finding]:
        raise ValueError("odd machine")

    assert _safely("engine", breaks) == [Finding("engine", "check", False, "broke: ValueError: odd machine")]


def test_the_one_command_mends_needed_things_once_and_in_order() -> None:
    found = (finding(fix="b"), finding(ok=True), finding(needed=False, fix="x"), finding(fix="a"), finding(fix="b"))
    report = Report({}, found)
    assert (report.ok, report.fix) == (False, "b && a")
    assert Report({}, (finding(),)).fix is None
    assert Report({}, (finding(needed=False),)).ok


def test_a_model_of_transformers_needs_transformers_and_not_llama_cpp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text("{}")
    settings = load_settings({"model": f"hf/{tmp_path}"})
    transformers, llama = look_at_engine(settings)
    assert (transformers.ok, transformers.needed, llama.needed) == (True, True, False)
    assert transformers.detail.startswith("loads, with torch ")
    assert next(look_at_models(settings)).detail == str(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    missing = next(look_at_engine(settings))
    assert (missing.ok, missing.detail) == (False, "torch is not installed")
    assert missing.fix is not None
    assert missing.fix.startswith(f"{sys.executable} -m pip install torch")
