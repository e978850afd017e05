"""The ten example tasks and our own solutions of them."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
SOLUTIONS = ROOT / "tests" / "fixtures" / "example_solutions"


def run(source: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", "-c", source], capture_output=True, text=True, timeout=30, check=False)


def sources(path: Path, solution: str) -> list[str]:
    task = tomllib.loads(path.read_text(encoding="utf-8"))
    before = [task.get("prelude", ""), solution, task.get("setup", "")]
    return ["\n".join([*before, test]) for test in task["tests"]]


def test_ten_examples_each_with_a_solution() -> None:
    assert len(EXAMPLES) == 10
    assert [path.stem for path in EXAMPLES] == sorted(path.stem for path in SOLUTIONS.glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_our_solution_passes_every_test_of_the_example(path: Path) -> None:
    solution = (SOLUTIONS / f"{path.stem}.py").read_text(encoding="utf-8")
    for source in sources(path, solution):
        done = run(source)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_function_that_does_nothing_fails_the_example(path: Path) -> None:
    name = tomllib.loads(path.read_text(encoding="utf-8"))["entry_point"]
    stub = f"def {name}(*_):\n    return None\n"
    assert any(run(source).returncode != 0 for source in sources(path, stub))
