"""A made-up MBPP of many small tasks, and a scripted model that solves some of them."""

import json
from pathlib import Path


def write_suite(folder: Path, numbers: range) -> Path:
    """The data folder of tasks ``add_<number>``."""
    (folder / "data/mbpp").mkdir(parents=True)
    (folder / "data/mbpp/mbpp.jsonl").write_text("".join(json.dumps(_record(number)) + "\n" for number in numbers))
    return folder / "data"


def write_script(folder: Path, numbers: range) -> Path:
    """A model that answers right, nearly right (on the first test alone) and wrong."""
    replies = [_reply(number, body, weight) for number in numbers for body, weight in _bodies(number)]
    path = folder / "suite.script"
    path.write_text("\n".join(replies))
    return path


def _record(number: int) -> dict[str, object]:
    name = f"add_{number}"
    tests = [f"assert {name}(1) == {number + 1}", f"assert {name}(2) == {number + 2}", f"assert {name}(0) == {number}"]
    return {
        "task_id": number,
        "text": f"Write a function to add {number} to a number.",
        "code": f"def {name}(x):\r\n    return x + {number}",
        "test_setup_code": "",
        "test_list": tests,
        "challenge_test_list": [],
    }


def _bodies(number: int) -> tuple[tuple[str, float], ...]:
    return (f"x + {number}", 1.0), (f"x - {number}", 1.5), (f"{number} + 1", 0.7)


def _reply(number: int, body: str, weight: float) -> str:
    text = json.dumps(f"def add_{number}(x):\n    return {body}\n```")
    return f'[[replies]]\ntext = {text}\nweight = {weight}\nwhen = "add_{number}("\n'
