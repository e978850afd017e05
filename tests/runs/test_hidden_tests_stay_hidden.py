"""No prompt and no event of a run holds a hidden test: all of them are searched for all of the suite's."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from leaks import leaks, texts_of

from linewise.benchmarks.base import AnswerKey, HiddenAssert, HiddenStdio, Problem, Suite, SuiteOptions
from linewise.benchmarks.data import data_folder
from linewise.benchmarks.grader import Grader
from linewise.benchmarks.suites.registry import LOADERS, load_suite
from linewise.engines.base import Message
from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.execution.base import Limits
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.guidance.options import GuidanceOptions, SignalOptions
from linewise.meter import Meter
from linewise.runs.local import LocalRun, Parts
from linewise.runs.records import RunInfo, SessionRecord, SuiteRecord
from linewise.runs.store import RunStore
from linewise.schema import AssertTest, StdioTest, Task
from linewise.strategies import BestOfNOptions, EgCfgOptions, Strategy, build

SIGNAL = SignalOptions(verdicts=True, partial=True)
GUIDANCE = GuidanceOptions(signal=SIGNAL, max_tokens=200, horizon=3, num_candidates=2)


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
    name = problem.task.entry_point or "solve"
    wrong = f"def {name}(*args):\n    first = args[:1]\n    last = repr(args)[-5:]\n    return first, last\n```"
    failing = f"def {name}(*args):\n    raise ValueError(f'{{args!r}} is not for me')\n```"
    return Reply(text=wrong, weight=2), Reply(text=failing)


def strategies() -> list[Strategy]:
    options = {"guidance": GUIDANCE, "best_of_n": BestOfNOptions(n=3), "limits": Limits(cpu_seconds=1)}
    eg_cfg = EgCfgOptions(prompts=("few-shot", "long-code", "brief"), direct_first=True, attempts=3)
    return [build(name, eg_cfg=eg_cfg, **options) for name in ("direct", "best-of-n", "eg-cfg")]


def found_in_a_run(problem: Problem, suite: Suite, sandbox: BubblewrapSandbox, folder: Path) -> set[str]:
    """What ``leaks`` finds in all prompts and files of runs of one task, the verdicts' file aside."""
    texts: list[str] = []
    for number, strategy in enumerate(strategies()):
        engine = Listening(answers(problem))
        out = folder / f"{problem.id.replace('/', '_')}.{number}"
        with RunStore(out, info(suite, problem), SessionRecord(started="", machine={}, versions={})) as store:
            parts = Parts(strategy, engine, sandbox, Grader(sandbox, Limits(cpu_seconds=2)), Limits(cpu_seconds=1))
            run = LocalRun(store, parts, 1, lambda key: Meter(), lambda sample, grade: None)
            run.run({problem.id: problem}, [(problem.id, 0)])
            texts += [*engine.prompts, *texts_of(store.events_path(problem.id, 0)), *texts_of(out / "samples.jsonl")]
        texts.append((out / "run.json").read_text())
    assert len(texts) > 20
    return leaks(problem, texts)


def info(suite: Suite, problem: Problem) -> RunInfo:
    record = SuiteRecord(
        name=suite.name,
        size=suite.size,
        tasks=(problem.id,),
        scored_on=suite.scored_on,
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
def test_no_prompt_and_no_event_of_any_suite_holds_a_hidden_test(
    name: str, sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    suite = load_suite(name, data_folder(), SuiteOptions(visible=1))
    problems = list(suite.problems.values())
    for problem in problems[:: max(1, len(problems) // 3)][:3]:
        assert found_in_a_run(problem, suite, sandbox, tmp_path) == set(), problem.id


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
    assert leaks(problem, ["assert double((1,2)) == (2, 4)"]) == {"double((1, 2))"}
    assert leaks(problem, ["double(2)"]) == set()


def test_no_prompt_and_no_event_of_a_small_run_holds_a_hidden_test(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    suite = Suite("mbpp", {PROBLEM.id: PROBLEM}, 1, Limits(), "", "")
    assert found_in_a_run(PROBLEM, suite, sandbox, tmp_path) == set()
