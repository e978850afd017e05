"""A short slice of ``perf/engine_soak.py``: nothing grows with the number of calls."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from engine_runs import Subject

SOAK = Path(__file__).parents[3] / "perf" / "engine_soak.py"


@pytest.fixture(scope="module")
def soaking() -> ModuleType:
    spec = importlib.util.spec_from_file_location("engine_soak", SOAK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_mixed_calls_from_eight_threads_leave_nothing_behind(small: Subject, soaking: ModuleType) -> None:
    """512 tokens for eight threads: eviction, waiting and overflow all the time."""
    engine = small.engine
    engine.forget()
    calls = 240 if engine.capabilities.vocabulary < 1000 else 48
    result = soaking.soak(engine, calls=calls, threads=8, longest=60)
    assert sum(result["outcomes"].values()) == calls
    assert result["outcomes"].get("sample", 0) > 0
    assert result["outcomes"].get("BudgetSpent", 0) > 0
    early, late = result["early"], result["late"]
    assert late["threads"] <= early["threads"]
    assert small.held() <= small.bound
    assert late["memory"] - early["memory"] < 64 * 1024, "KiB"
    assert soaking.serves_its_whole_context(engine)
    assert small.held() <= small.bound
    engine.forget()
    assert small.held() == 0
