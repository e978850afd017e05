"""No prompt holds a hidden test, nor does an event of a run: searched are prompts of all tasks, and runs of some."""

import ast
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from leaks import Pieces, Texts, found_in, leaks, searched, texts_of, texts_of_task

from linewise.benchmarks.base import AnswerKey, HiddenAssert, HiddenStdio, Problem, Suite, SuiteOptions, what_scores
from linewise.benchmarks.data import data_folder, read_data
from linewise.benchmarks.grader import Grader
from linewise.benchmarks.suites import codecontests, ds1000, evalplus, humaneval, mbpp
from linewise.benchmarks.suites.registry import LOADERS, load_suite
from linewise.engines.base import Message
from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.execution.base import Limits
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.guidance.options import GuidanceOptions, SignalOptions, WorkedExample
from linewise.guidance.prompting import messages
from linewise.meter import Meter
from linewise.runs.local import LocalRun, Parts
from linewise.runs.records import RunInfo, SessionRecord, SuiteRecord
from linewise.runs.store import RunStore
from linewise.schema import AssertTest, StdioTest, Task
from linewise.strategies import BestOfNOptions, EgCfgOptions, Strategy, build

SIGNAL = SignalOptions(verdicts=True, partial=True)
GUIDANCE = GuidanceOptions(signal=SIGNAL, max_tokens=200, horizon=3, num_candidates=2)


Record = dict[str, Any]


def mbpp_shows(record: Record) -> list[str]:
    return [record["text"], record["test_setup_code"], record["test_list"][0]]


def mbpp_plus_shows(record: Record) -> list[str]:
    first = next(node for node in ast.parse(record["assertion"]).body if isinstance(node, ast.Assert))
    return [record["prompt"], ast.unparse(first)]


def contest_shows(record: Record) -> list[str]:
    first = record["public_tests"][0]
    return [record["description"], first["input"], first["output"][0]]


SHOWN: Mapping[str, tuple[str, Callable[[Record], list[str]]]] = {
    "mbpp": (mbpp.FILE, mbpp_shows),
    "mbpp-et": (mbpp.FILE, mbpp_shows),
    "mbpp+": (evalplus.MBPP_FILE, mbpp_plus_shows),
    "humaneval": (humaneval.FILE, lambda record: [record["prompt"]]),
    "humaneval-et": (humaneval.ET_FILE, lambda record: [record["prompt"]]),
    "humaneval+": (evalplus.HUMANEVAL_FILE, lambda record: [record["prompt"]]),
    "codecontests": (codecontests.FILE, contest_shows),
    "ds-1000": (ds1000.FILE, lambda record: [record["prompt"]]),
}
"""By suite, what of a record may be shown where one test is visible: not asked of the code that is tested."""

FROM_DOCSTRINGS = ("humaneval", "humaneval-et", "humaneval+")
"""Suites whose visible tests are examples of the docstring, written as asserts."""

STYLES = ("few-shot", "long-code", "brief")

PROBED = {"0", "10", "300"}
"""Problems of DS-1000 whose probes run with numpy and pandas: there is something to trace."""


def number(name: object) -> str:
    return str(name).rpartition("/")[2]


def shown(name: str, suite: Suite) -> Mapping[str, list[str]]:
    """What may be shown of each task, by its number; what the prompts say of every task too."""
    file, fields = SHOWN[name]
    found = {}
    for record in read_data(data_folder(), file).records:
        key = number(record["problem_id"] if name == "ds-1000" else record["task_id"])
        found[key] = fields(record)
    for problem in suite.problems.values():
        task = problem.task
        if name in FROM_DOCSTRINGS:
            assert [
                test for test in task.tests if not all(map(task.prompt.lower().__contains__, constants(test)))
            ] == []
            found[number(problem.id)] += texts_of_task(Task("", "", task.tests))
        found[number(problem.id)] += prompts(Task("", task.entry_point, (), kind=task.kind), suite)
    return found


def constants(test: object) -> list[str]:
    """Numbers and texts in a visible assert, as a docstring may have them."""
    assert isinstance(test, AssertTest)
    nodes = [node for node in ast.walk(ast.parse(test.source)) if isinstance(node, ast.Constant)]
    return [str(node.value).lower() for node in nodes]


def prompts(task: Task, suite: Suite) -> list[str]:
    options = [GuidanceOptions(prompt=style, examples=suite.examples or None) for style in STYLES]
    return [message.content for one in options for message in messages(task, one)]


@cache
def searched_in(name: str) -> tuple[Suite, Mapping[str, Pieces]]:
    """A suite with one visible test a task, where that can be chosen, and what is searched for of each."""
    wanted = {"visible": 1, "split": "all"}
    options = {option: value for option, value in wanted.items() if option in LOADERS[name].reads}
    suite = load_suite(name, data_folder(), SuiteOptions.model_validate(options))
    given = shown(name, suite)
    return suite, {key: searched(problem, given[number(key)]) for key, problem in suite.problems.items()}


class Listening(ScriptedEngine):
    """Keeps every prompt that it is given."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__(replies)
        self.prompts: list[str] = []

    def prompt(self, messages: Sequence[Message], response_prefix: str) -> list[int]:
        self.prompts += [message.content for message in messages]
        return super().prompt(messages, response_prefix)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[BubblewrapSandbox]:
    with BubblewrapSandbox(workers=2) as opened:
        yield opened


def answers(problem: Problem) -> tuple[Reply, ...]:
    """An answer that is wrong and one that asserts what it does, so that there is much to trace and to tell."""
    if problem.stub is not None and not problem.task.entry_point:
        return Reply(text=f"{problem.stub}first = 1\nlast = [first] * 3\n```", weight=2), Reply(
            text="raise ValueError\n```"
        )
    name = problem.task.entry_point or "solve"
    wrong = f"def {name}(*args):\n    first = args[:1]\n    last = repr(args)[-5:]\n    return first, last\n```"
    failing = f"def {name}(*args):\n    raise ValueError(f'{{args!r}} is not for me')\n```"
    return Reply(text=wrong, weight=2), Reply(text=failing)


def strategies() -> list[Strategy]:
    options = {"guidance": GUIDANCE, "best_of_n": BestOfNOptions(n=3), "limits": Limits(cpu_seconds=1)}
    eg_cfg = EgCfgOptions(prompts=("few-shot", "long-code", "brief"), direct_first=True, attempts=3)
    return [build(name, eg_cfg=eg_cfg, **options) for name in ("direct", "best-of-n", "eg-cfg")]


def texts_of_runs(problem: Problem, suite: Suite, sandbox: BubblewrapSandbox, folder: Path) -> list[str]:
    """All prompts and files of runs of one task, the verdicts' file aside."""
    texts: list[str] = []
    for number, strategy in enumerate(strategies()):
        engine = Listening(answers(problem))
        out = folder / f"{problem.id.replace('/', '_')}.{number}"
        with RunStore(out, info(suite, problem), SessionRecord(started="", machine={}, versions={})) as store:
            grader = Grader(sandbox, replace(suite.limits, cpu_seconds=2))
            parts = Parts(strategy, engine, sandbox, grader, replace(suite.limits, cpu_seconds=1))
            run = LocalRun(store, parts, 1, lambda key: Meter(), lambda sample, grade: None)
            run.run({problem.id: problem}, [(problem.id, 0)])
            texts += [*engine.prompts, *texts_of(store.events_path(problem.id, 0)), *texts_of(out / "samples.jsonl")]
        texts.append((out / "run.json").read_text())
    assert len(texts) > 20
    return texts


def info(suite: Suite, problem: Problem) -> RunInfo:
    record = SuiteRecord(
        name=suite.name,
        size=suite.size,
        tasks=(problem.id,),
        scored_on=what_scores((problem,)),
        source=suite.source,
        checksum=suite.checksum,
        options={},
        cpu_seconds=1,
        wall_seconds=4,
    )
    return RunInfo(linewise="0", suite=record, settings={}, seeds=(0,), workers=1, model="scripted")


@pytest.mark.data
@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_no_prompt_of_any_task_holds_a_hidden_test(name: str) -> None:
    suite, pieces = searched_in(name)
    for key, problem in suite.problems.items():
        texts = [*prompts(problem.task, suite), *texts_of_task(problem.task), problem.stem, problem.stub or ""]
        assert found_in(Texts(texts, problem.task.entry_point), pieces[key]) == set(), key


NOTHING_TO_FIND: Mapping[str, set[str]] = {"mbpp": {"37"}}
"""Tasks whose hidden tests are all the same as the visible one."""


@pytest.mark.data
@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_the_search_finds_the_hidden_tests_of_a_task_where_a_prompt_holds_them(name: str) -> None:
    suite, pieces = searched_in(name)
    empty = {number(key) for key, one in pieces.items() if one == Pieces()}
    assert empty == NOTHING_TO_FIND.get(name, set())
    for problem in list(suite.problems.values())[3::50]:
        texts = [text for test in problem.key.tests for text in sources(test)]
        found = found_in(Texts(texts, problem.task.entry_point), pieces[problem.id])
        if name.endswith("+"):  # calls and arguments are searched for as Python has them; the scripts hold them as JSON
            assert any(one.startswith("comparing_check(") for one in found), problem.id
        else:
            assert len(found) > 0.9 * sum(map(len, pieces[problem.id])), problem.id


def sources(test: HiddenAssert | HiddenStdio) -> tuple[str, ...]:
    return (test.source,) if isinstance(test, HiddenAssert) else (test.stdin, test.stdout)


@pytest.mark.data
@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_no_event_of_a_slice_of_runs_holds_a_hidden_test(name: str, sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    suite, pieces = searched_in(name)
    problems = [problem for problem in suite.problems.values() if name != "ds-1000" or number(problem.id) in PROBED]
    with ExitStack() as stack:
        if name == "ds-1000":
            python = os.environ.get("LINEWISE_DS1000_PYTHON")
            assert python, (
                "name an interpreter with DS-1000's packages: LINEWISE_DS1000_PYTHON (sh scripts/ds1000 makes one)"
            )
            sandbox = stack.enter_context(BubblewrapSandbox(python=python, workers=2, preload=("numpy", "pandas")))
        for problem in problems[:: max(1, len(problems) // 3)][:3]:
            texts = Texts(texts_of_runs(problem, suite, sandbox, tmp_path), problem.task.entry_point)
            written = Texts((reply.text for reply in answers(problem)), problem.task.entry_point)
            assert found_in(texts, pieces[problem.id]) <= found_in(written, pieces[problem.id]), problem.id


HIDDEN = "assert double(21) == 42"
TASK = Task("Double a number.", "double", (AssertTest("assert double(2) == 4"),), name="Mbpp/11")
PROBLEM = Problem("Mbpp/11", TASK, AnswerKey({"hidden": (HiddenAssert(HIDDEN), HiddenAssert("assert double(2) == 4"))}))


@pytest.mark.parametrize(
    "text",
    [
        "Your code should pass:\nassert double( 21 )==42",
        "- `double(21) == 42`",
        "    >>> double(21)\n    42",
        "def test():\n    if double(\n        21\n    ) != 42: raise AssertionError",
    ],
)
def test_the_search_finds_a_hidden_test_in_any_layout(text: str) -> None:
    assert leaks(PROBLEM, ["Double a number.", text])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```\nassert candidate( [10, 20,30] ) == 60\n```", "double([10, 20, 30])"),
        ("numbers = [10, 20,\n    30,\n]", "[10,20,30]"),
        ("For the text 'a long text' ...", "'a long text'"),
        ('    frame = read( "a long text",columns = 3 )', "frame=read('a long text',columns=3)"),
    ],
)
def test_the_search_finds_a_piece_of_a_script(text: str, found: str) -> None:
    script = (
        "def check(candidate):\n    frame = read('a long text', columns=3)\n    assert candidate([10, 20, 30]) == 60\n"
    )
    problem = Problem("Mbpp/11", TASK, AnswerKey({"hidden": (HiddenAssert(script),)}))
    assert found in leaks(problem, [text])
    assert leaks(problem, [text], given=[text]) == set()


def test_what_a_worked_example_has_too_or_is_short_is_no_leak() -> None:
    problem = Problem(
        "Mbpp/11", TASK, AnswerKey({"hidden": (HiddenAssert("x = 1\nif not found:\n    return None\n"),)})
    )
    assert leaks(problem, ["x = 1"]) == set()
    assert leaks(problem, ["    return None"]) == {"return None"}
    assert leaks(problem, ["    return None"], given=["for _ in x:\n    return None"]) == set()


def test_a_worked_example_of_the_task_itself_is_not_shown() -> None:
    example = WorkedExample(
        prompt="Double it.", entry_point="double", tests=(HIDDEN,), code="def double(x): return 2 * x"
    )
    suite = Suite("mbpp", {PROBLEM.id: PROBLEM}, 1, Limits(), "", "", examples=(example,))
    assert leaks(PROBLEM, prompts(TASK, suite)) == set()
    assert leaks(PROBLEM, prompts(replace(TASK, entry_point="halve"), suite))


def test_visible_tests_and_other_calls_are_no_leak() -> None:
    assert leaks(PROBLEM, ["assert double(2) == 4", "double(22)", "the double(21 of them", "42"]) == set()


def test_the_search_finds_inputs_and_outputs_of_a_program() -> None:
    task = Task("Sort.", "solve", (StdioTest("3 1 2 4 9 8 7", "1 2 3 4 7 8 9"),), kind="program")
    problem = Problem("c/1", task, AnswerKey({"hidden": (HiddenStdio("5 4 3 2 1 9 9", "1 2 3 4 5 9 9"),)}))
    assert leaks(problem, ["Input:\n  5 4 3 2 1 9 9"])
    assert leaks(problem, ["Input:\n3 1 2 4 9 8 7"]) == set()


def test_the_search_finds_an_input_of_evalplus() -> None:
    script = """def comparing_check(*_): ...\ncomparing_check(double, 0, '[[{"tuple": [1, 2]}], [3]]', '', 0)"""
    problem = Problem("Mbpp/11", TASK, AnswerKey({"plus": (HiddenAssert(script),)}))
    assert leaks(problem, ["assert double((1,2)) == (2, 4)"]) == {"double((1,2))"}
    assert leaks(problem, ["double(2)"]) == set()


def test_no_prompt_and_no_event_of_a_small_run_holds_a_hidden_test(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    suite = Suite("mbpp", {PROBLEM.id: PROBLEM}, 1, Limits(), "", "")
    assert leaks(PROBLEM, texts_of_runs(PROBLEM, suite, sandbox, tmp_path)) == set()
