"""HumanEval and HumanEval-ET on made-up data."""

import json
from pathlib import Path

import pytest

from linewise.benchmarks.base import SuiteOptions, scripts
from linewise.benchmarks.grader import Grader
from linewise.benchmarks.suites.registry import load_suite
from linewise.errors import InputError
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter

PRELUDE = "import math\n\n\ndef half(x):\n    return x // 2"
STUB = 'def twice(x):\n    """Twice.\n    >>> twice(2)\n    4\n    """'
RECORD = {
    "task_id": "HumanEval/7",
    "prompt": f"{PRELUDE}\n\n\n{STUB}\n",
    "entry_point": "twice",
    "canonical_solution": "    return half(x) * 4 if x % 2 == 0 else x + x\n",
    "test": "def check(candidate):\n    assert candidate(3) == 6\n    assert candidate(half(8)) == 8\n",
    "test_case_list": ["assert twice(1) == 2", "assert twice(5) == 10"],
}


def write(folder: Path, **changes: object) -> Path:
    (folder / "humaneval").mkdir(exist_ok=True)
    for name in ("humaneval", "humaneval_et"):
        (folder / f"humaneval/{name}.jsonl").write_text(json.dumps({**RECORD, **changes}) + "\n")
    return folder


def test_what_stands_before_the_function_is_the_prelude(tmp_path: Path) -> None:
    problem = load_suite("humaneval", write(tmp_path), SuiteOptions()).problem("7")
    assert problem.task.prelude == PRELUDE
    assert problem.task.prompt == f"Complete this function:\n```python\n{STUB}\n```"
    assert problem.stem == RECORD["prompt"]
    assert [test.source for test in problem.task.tests] == ["assert twice(2) == 4"]


def test_hidden_tests_are_a_script_or_a_list_and_not_in_the_task(tmp_path: Path) -> None:
    plain = load_suite("humaneval", write(tmp_path), SuiteOptions())
    extended = load_suite("humaneval-et", tmp_path, SuiteOptions(visible=0))
    assert [test.source.splitlines()[-1] for test in plain.problem("7").key.tests] == ["check(twice)"]
    assert [test.source for test in extended.problem("7").key.tests] == ["\n".join(RECORD["test_case_list"])]
    assert extended.problem("7").task.tests == ()
    assert "candidate" not in repr(plain)
    assert plain.size == 164


def test_a_long_list_becomes_few_scripts() -> None:
    assert [len(test.source.splitlines()) for test in scripts(["assert f(1)"] * 102)] == [50, 50, 2]


def test_the_verdict_is_made_outside_the_answers_process(tmp_path: Path) -> None:
    suite = load_suite("humaneval", write(tmp_path), SuiteOptions())
    problem = suite.problem("7")
    with BubblewrapSandbox() as sandbox:
        grader = Grader(sandbox, suite.limits)
        right = grader.grade(problem, problem.key.reference or "", meter=Meter())
        wrong = grader.grade(problem, problem.stem + "    return 4\n", meter=Meter())
    assert (right.passed, right.trust) == (True, "separate")
    assert (wrong.passed, wrong.failure) == (False, "wrong")


@pytest.mark.parametrize(
    ("changes", "said"), [({"prompt": "def twice(x:"}, "does not parse"), ({"entry_point": "thrice"}, "no function")]
)
def test_a_broken_record_is_named(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=rf"HumanEval/7: .*{said}"):
        load_suite("humaneval", write(tmp_path, **changes), SuiteOptions())
