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
    assert len(result["left"]) == 4
    assert soaking.faults(result["left"], bound=small.bound, growth=32 * 1024) == []
    assert soaking.serves_its_whole_context(engine)
    assert small.held() <= small.bound
    engine.forget()
    assert small.held() == 0


STEADY = {"held": 500, "memory": 300_000, "threads": 2}


@pytest.mark.parametrize(
    ("quarter", "changes", "fault"),
    [
        (3, {"memory": 316_384}, ""),
        (0, {"memory": 200_000, "threads": 1}, ""),
        (3, {"memory": 316_385}, "16385 KiB more"),
        (3, {"threads": 3}, "3 threads at the end, 2 at half time"),
        (1, {"held": 513}, "513 tokens are held, 512 may be"),
        (3, {"held": None}, ""),
    ],
)
def test_what_a_soak_fails_on(soaking: ModuleType, quarter: int, changes: dict[str, int | None], fault: str) -> None:
    marks = [STEADY | changes if at == quarter else STEADY for at in range(4)]
    found = soaking.faults(marks, bound=512, growth=16 * 1024)
    assert len(found) == bool(fault)
    assert fault in "".join(found)
