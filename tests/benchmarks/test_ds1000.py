"""Problems made up in the form of DS-1000, on the standard library alone; and the real ones, where they are at hand."""

import gzip
import json
import os
from pathlib import Path

import pytest

from linewise.benchmarks.base import Problem, Suite, SuiteOptions
from linewise.benchmarks.data import data_folder, read_data
from linewise.benchmarks.grader import Grade, Grader
from linewise.benchmarks.suites import ds1000
from linewise.benchmarks.suites.ds1000_prompt import split
from linewise.benchmarks.suites.registry import load_suite
from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.errors import InputError
from linewise.events import to_json
from linewise.execution.base import Limits, Sandbox
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.prompting import messages
from linewise.meter import Meter
from linewise.schema import ProbeTest, Task, Trust
from linewise.strategies import NAMES, build
from linewise.strategies.options import BestOfNOptions, EgCfgOptions

STATEMENTS = """Problem:
How do I sort the numbers of a list?

A:

Use no loop
<code>
numbers = [3, 1, 2]
</code>
result = ... # put solution in this variable
BEGIN SOLUTION
<code>
"""
FUNCTION = """Problem:
How do I sort the numbers of a list?

A:
<code>
import math
example = [3, 1, 2]
def f(numbers=example):
    # return the solution in this function
    # result = f(numbers)
    ### BEGIN SOLUTION"""
SCRIPT = """import matplotlib.pyplot as plt

x = [1, 2]
# plot x
# SOLUTION START
"""
CONTEXT = '''
def secret_check(answer):
    assert answer["result"] == [1, 2, 5]


exec_context = r"""
numbers = test_input
[insert]
"""


def test_execution(solution: str):
    environment = {"test_input": [5, 1, 2]}
    exec(exec_context.replace("[insert]", solution), environment)
    secret_check(environment)


def test_string(solution: str):
    assert "for" not in solution.split()
'''
IN_FUNCTION = CONTEXT.replace("[insert]", "def f(numbers):\n[insert]\nresult = f(numbers)", 1)
SORTED = "result = sorted(numbers)\n"
BESIDE = (
    "import operator\ndef f(x=example):\n  return sorted(numbers, key=key)\ndef key(x):\n  return operator.pos(x)\n"
)
SECRETS = ("secret_check", "[1, 2, 5]", "test_execution", "test_string", "[insert]")


CACHED = "@functools.cache\ndef key(x):\n    assert hasattr(key, 'cache_info')\n    return x\n"


def record(number: int, prompt: str, context: str, reference: str, library: str = "Numpy") -> dict[str, object]:
    return {
        "problem_id": number,
        "prompt": prompt,
        "code_context": context,
        "reference_code": reference,
        "metadata": {"library": library},
    }


RECORDS = [
    record(1, STATEMENTS, CONTEXT, SORTED),
    record(2, FUNCTION, IN_FUNCTION, "    return sorted(numbers)\n"),
    record(3, SCRIPT, CONTEXT, "plt.plot(x)\n", "Matplotlib"),
    record(4, STATEMENTS.replace("[3, 1, 2]", "load_data()"), CONTEXT, SORTED, "Sklearn"),
    record(5, STATEMENTS, "import torch\n" + CONTEXT, SORTED),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ds1000").mkdir()
    with gzip.open(tmp_path / ds1000.FILE, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in RECORDS)
    return tmp_path


@pytest.fixture
def suite(folder: Path) -> Suite:
    return load_suite("ds-1000", folder, SuiteOptions())


def grade(suite: Suite, name: str, code: str, sandbox: Sandbox) -> Grade:
    return Grader(sandbox, suite.limits).grade(suite.problem(name), code, meter=Meter())


def test_a_prompt_for_statements(suite: Suite) -> None:
    task = suite.problem("1").task
    assert (task.kind, task.entry_point, task.name) == ("insertion", "", "DS-1000/1")
    assert task.prelude == "numbers = [3, 1, 2]\n"
    assert task.tests == (ProbeTest("result"),)
    words = "How do I sort the numbers of a list?\n\n\n\nUse no loop\n\nresult = ... # put solution in this variable\n"
    assert task.prompt == words


def test_a_prompt_for_a_function(suite: Suite) -> None:
    task = suite.problem("2").task
    assert (task.entry_point, task.prelude) == ("f", "import math\nexample = [3, 1, 2]\n")
    assert task.tests == (ProbeTest("f()"),)
    assert "def f(numbers=example):\n    # return the solution in this function\n" in task.prompt


def test_a_prompt_for_a_script(suite: Suite) -> None:
    task = suite.problem("3").task
    assert task.prelude == "import matplotlib.pyplot as plt\n\nx = [1, 2]\n# plot x\n"
    assert task.tests == (ProbeTest("plt.gcf().canvas.draw()"),)


@pytest.mark.parametrize(
    ("hint", "probe", "stub"),
    [
        ("a, b = ... # put solution in these variables", "a, b", "a = None\nb = None\n"),
        (
            "solve this with example variable `g` and put score in `b`, put prediction in `c`",
            "b, c",
            "b = None\nc = None\n",
        ),
        ("solve this question with example variable `clf`", "pass", ""),
        ("", "pass", ""),
    ],
)
def test_what_a_prompt_names_is_looked_at(hint: str, probe: str, stub: str) -> None:
    parts = split(STATEMENTS.replace("result = ... # put solution in this variable", hint))
    assert (parts.probe, parts.stub) == (probe, stub)


def test_a_function_without_defaults_is_called_as_the_prompt_says() -> None:
    assert split(FUNCTION.replace("=example", "")).probe == "f(numbers)"


def test_nothing_of_the_tests_is_in_a_task(suite: Suite) -> None:
    for problem in suite.problems.values():
        (message,) = messages(problem.task, GuidanceOptions())
        shown = f"{problem!r} {problem.task!r} {message.content} {problem.stub}"
        assert not [secret for secret in SECRETS if secret in shown]
        assert not problem.shown


@pytest.mark.parametrize("strategy", NAMES)
@pytest.mark.parametrize("name", ["1", "2"])
def test_nothing_of_the_tests_is_in_an_event(
    suite: Suite, name: str, strategy: str, sandbox: BubblewrapSandbox
) -> None:
    answers = {"1": SORTED, "2": "def f(numbers=example):\n    return sorted(numbers)\n"}
    task = suite.problem(name).prepare(sandbox, Limits(), meter=Meter())
    engine = ScriptedEngine([Reply(text=answers[name])])
    solve = build(
        strategy, guidance=GuidanceOptions(), best_of_n=BestOfNOptions(), eg_cfg=EgCfgOptions(), limits=Limits()
    )
    events = list(solve.solve(task, engine, sandbox, seed=0, meter=Meter()))
    text = "\n".join(map(to_json, events))
    assert "sorted(numbers)" in text
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize(
    ("name", "code", "failure"),
    [
        ("1", SORTED, None),
        ("1", SORTED + "</code>\nwords that are no Python", None),
        ("1", SORTED + "END SOLUTION\nwords that are no Python", None),
        ("1", SORTED + "```\nwords that are no Python", None),
        ("1", "result = numbers\n", "wrong"),
        ("1", "result = []\nfor number in sorted(numbers):\n    result.append(number)\n", "wrong"),
        ("1", "result = missing\n", "exception"),
        ("2", "    return sorted(numbers)\n", None),
        ("2", "return sorted(numbers)\n", None),
        ("2", "# def f():\n    ### BEGIN\n    x = sorted(numbers)\n    return x\n", None),
        ("2", "def f(numbers=example):\n    # sort\n    return sorted(numbers)\n", None),
        ("2", "def f(numbers=example): return sorted(numbers)\n", None),
        ("2", "REVERSE = False\ndef f(numbers=example):\n    return sorted(numbers, reverse=REVERSE)\n", None),
        ("2", "def f(numbers=example):\n    return sorted(numbers)\nresult = f(example)\n", None),
        (
            "2",
            f"import functools\n{CACHED}def f(numbers=example):\n    return list(map(key, sorted(numbers)))\n",
            None,
        ),
        ("2", BESIDE, None),
        ("2", "def f(numbers=example):\n    return numbers\n", "wrong"),
        ("2", "def f(numbers:\n", "exception"),
    ],
)
def test_answers_are_graded_by_the_problems_own_functions_in_their_process(
    suite: Suite, name: str, code: str, failure: str | None, sandbox: BubblewrapSandbox
) -> None:
    found = grade(suite, name, code, sandbox)
    assert (found.passed, found.failure, found.trust) == (failure is None, failure, Trust.IN_PROCESS)


def test_a_task_keeps_its_probes_where_its_own_code_runs(suite: Suite, sandbox: BubblewrapSandbox) -> None:
    def prepared(name: str) -> Task:
        return suite.problem(name).prepare(sandbox, Limits(), meter=Meter())

    assert prepared("1") == suite.problem("1").task
    assert prepared("2") == suite.problem("2").task
    assert prepared("3").tests == ()  # there is no matplotlib in this sandbox
    assert prepared("4").tests == ()


def test_a_problem_without_a_stub_is_ready(suite: Suite, sandbox: BubblewrapSandbox) -> None:
    task = suite.problem("4").task
    meter = Meter()
    assert Problem("p", task, suite.problem("4").key).prepare(sandbox, Limits(), meter=meter) is task
    assert meter.ledger().sandbox_runs == 0


def test_problems_of_large_libraries_can_be_left_out(folder: Path) -> None:
    every = ds1000.load(folder, SuiteOptions())
    assert (len(every.problems), every.size) == (5, 1000)
    assert {"torch", "seaborn"} < set(every.preload)
    some = ds1000.load(folder, SuiteOptions.model_validate({"libraries": "Numpy, sklearn"}))
    assert [name.rpartition("/")[2] for name in some.problems] == ["1", "2", "4"]
    assert not {"torch", "seaborn"} & set(some.preload)
    assert some.size == 1000


def test_a_library_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="libraries"):
        SuiteOptions.model_validate({"libraries": "nympy"})


def test_missing_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ds1000\.jsonl\.gz: no such file"):
        load_suite("ds-1000", tmp_path, SuiteOptions())


SMALL = SuiteOptions(libraries=("matplotlib", "numpy", "pandas", "scipy", "sklearn"))


@pytest.mark.data
def test_no_line_of_a_real_test_function_is_in_a_task() -> None:
    folder = data_folder(Path(os.environ["LINEWISE_DATA"]))
    contexts = {one["problem_id"]: one["code_context"] for one in read_data(folder, ds1000.FILE).records}
    prompts = {one["problem_id"]: one["prompt"] for one in read_data(folder, ds1000.FILE).records}
    suite = ds1000.load(folder, SuiteOptions())
    assert len(suite.problems) == 800
    assert len(ds1000.load(folder, SMALL).problems) == 707
    for number, context in contexts.items():
        task = suite.problem(str(number)).task
        text = f"{task.prompt}\n{task.prelude}\n{task.tests[0]}"
        own = {line.strip() for line in prompts[number].split("\n")}
        hidden = [line.strip() for line in context.split("\n") if len(line.strip()) > 20 and line.strip() not in own]
        assert [line for line in hidden if line in text and line not in prompts[number]] == []
        assert "test_execution" not in text
        assert "BEGIN SOLUTION" not in text
        assert "<code>" not in text


NOT_HERE = {
    **dict.fromkeys((565, 566, 567, 577, 598, 650, 655, 656, 661), "seaborn downloads a data set"),
    **dict.fromkeys((837, 838), "xgboost"),
    911: "statsmodels",
}
"""References that fail for want of what the pinned packages do not bring."""


@pytest.mark.parametrize("name", ["1", "2"])
def test_made_up_references_pass(suite: Suite, name: str, sandbox: BubblewrapSandbox) -> None:
    assert grade(suite, name, suite.problem(name).key.reference or "", sandbox).passed


@pytest.mark.data
def test_real_references_pass_and_answers_that_do_nothing_fail() -> None:
    """A slice of both, judged with the pinned packages: ``LINEWISE_DS1000_PYTHON``, which ``.ci/run`` makes."""
    python = os.environ.get("LINEWISE_DS1000_PYTHON")
    assert python, "make an interpreter with DS-1000's packages (sh scripts/ds1000) and name it: LINEWISE_DS1000_PYTHON"
    real = ds1000.load(data_folder(), SMALL)
    names = [name for name in real.problems if int(name.rpartition("/")[2]) not in NOT_HERE][::20]
    assert len(names) > 30
    with BubblewrapSandbox(python=python, preload=real.preload) as scientific:
        failed = [n for n in names if not grade(real, n, real.problem(n).key.reference or "", scientific).passed]
        passed = [n for n in names[::4] if grade(real, n, "pass\n", scientific).passed]
    assert (failed, passed) == ([], [])
