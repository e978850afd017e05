"""Every strategy, with known replies instead of a model and the real sandbox."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from linewise.engines.scripted import Reply, ScriptedEngine
from linewise.errors import Cancelled, ContextOverflow
from linewise.events import (
    AnswerChecked,
    AnswerLeft,
    AttemptStarted,
    CandidatesSampled,
    Event,
    Finished,
    LineCommitted,
    SignalBuilt,
    from_json,
    text_after,
    to_json,
)
from linewise.execution.base import Limits, Program, Sandbox
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.guidance.options import GuidanceOptions
from linewise.meter import Meter
from linewise.schema import (
    AssertTest,
    Origin,
    Outcome,
    ProbeTest,
    Solution,
    Status,
    StdioTest,
    Task,
    TraceStyle,
    VisibleTest,
)
from linewise.strategies import NAMES, build
from linewise.strategies.eg_cfg import agent_name
from linewise.strategies.options import BestOfNOptions, EgCfgOptions

TASK = Task(
    "Double it.", "double", (AssertTest("assert double(2) == 4"), AssertTest("assert double(5) == 10")), name="t"
)
SQUARE = "def double(x):\n    y = x * x\n    return y\n"
RIGHT = "def double(x):\n    y = x + x\n    return y\n"
WRONG = "def double(x):\n    y = x\n    return y\n"
BROKEN = "def double(x:\n    return\n"
SHOWN = "What running the code shows"
CORRECTED = ScriptedEngine([Reply(text=SQUARE, weight=3), Reply(text=RIGHT), Reply(text=RIGHT, weight=99, when=SHOWN)])
GUIDANCE = GuidanceOptions(max_tokens=200)


def replies(*texts: str) -> ScriptedEngine:
    """The first text is the greedy one."""
    return ScriptedEngine([Reply(text=text, weight=1.5 if place == 0 else 1) for place, text in enumerate(texts)])


def solve(
    name: str,
    engine: ScriptedEngine,
    sandbox: Sandbox,
    *,
    task: Task = TASK,
    meter: Meter | None = None,
    seed: int = 0,
    guidance: GuidanceOptions = GUIDANCE,
    n: int = 8,
    **eg_cfg: object,
) -> tuple[Solution, list[Event]]:
    strategy = build(
        name,
        guidance=guidance,
        best_of_n=BestOfNOptions(n=n, temperature=1),
        eg_cfg=EgCfgOptions.model_validate(eg_cfg),
        limits=Limits(wall_seconds=5),
    )
    events = list(strategy.solve(task, engine, sandbox, seed=seed, meter=meter or Meter()))
    assert isinstance(events[-1], Finished)
    return events[-1].solution, events


@pytest.mark.parametrize("name", NAMES)
def test_the_stream_of_events(name: str, sandbox: Sandbox) -> None:
    solution, events = solve(name, CORRECTED, sandbox, attempts=2, direct_first=True)
    assert [isinstance(event, Finished) for event in events] == [False] * (len(events) - 1) + [True]
    assert [event.sequence for event in events] == list(range(len(events)))
    assert {event.task for event in events} == {"t"}
    assert solution.agent in {event.agent for event in events if isinstance(event, AttemptStarted)}
    seconds = [event.seconds for event in events]
    assert seconds == sorted(seconds)
    assert isinstance(events[0], AttemptStarted)
    assert [from_json(to_json(event)) for event in events] == events
    assert all("\n" not in to_json(event) for event in events)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "texts", [(RIGHT,), (SQUARE, WRONG), (WRONG, RIGHT), (BROKEN,), ("```",), (RIGHT + "print(1)\n",)]
)
def test_the_code_can_be_replayed_from_tokens_and_lines(name: str, texts: tuple[str, ...], sandbox: Sandbox) -> None:
    solution, events = solve(name, replies(*texts), sandbox, direct_first=True)
    text = ""
    for event in events[:-1]:
        text = text_after(text, event)
    assert text == solution.code


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_events(name: str, sandbox: Sandbox) -> None:
    def shape(event: Event) -> object:
        outcomes = tuple(replace(run, seconds=0.0) for run in getattr(event, "outcomes", ()))
        same = {"outcomes": outcomes} if outcomes else {}
        return replace(event, seconds=0.0, **same) if not isinstance(event, Finished) else event.solution.code

    engine = replies(SQUARE, RIGHT, WRONG)
    first, second = (solve(name, engine, sandbox, seed=4)[1] for _ in range(2))
    assert [shape(event) for event in first] == [shape(event) for event in second]


@pytest.mark.parametrize("name", NAMES)
def test_without_tests_the_first_answer_is_taken_unchecked(name: str, sandbox: Sandbox) -> None:
    task = Task("Double it.", "double")
    solution, events = solve(name, replies(SQUARE), sandbox, task=task, attempts=3)
    assert (solution.code, solution.passed, solution.outcomes) == (SQUARE, None, ())
    assert solution.ledger.sandbox_runs == 0
    assert sum(isinstance(event, AnswerChecked) for event in events) == 1


@pytest.mark.parametrize("name", NAMES)
def test_probes_alone_leave_an_answer_unchecked(name: str, sandbox: Sandbox) -> None:
    task = Task("Double it.", "double", (ProbeTest("double(2)"),))
    solution, _ = solve(name, replies(SQUARE), sandbox, task=task)
    assert solution.passed is None
    assert len(solution.outcomes) == 1


INSERTION = Task(
    "Add the numbers up in `total`.", "", (ProbeTest("total"),), kind="insertion", prelude="numbers = [1, 2]\n"
)
RAISES = "total = numbers + 1\n"
RUNS = "total = sum(numbers)\nprint(total)\n"


@pytest.mark.parametrize("name", NAMES)
def test_an_insertion_stays_unchecked(name: str, sandbox: Sandbox) -> None:
    solution, _ = solve(name, replies(RUNS), sandbox, task=INSERTION)
    assert (solution.code, solution.passed) == (RUNS, None)
    assert [run.passed for run in solution.outcomes] == [True]


def test_best_of_n_takes_the_first_sample_that_runs(sandbox: Sandbox) -> None:
    solution, events = solve("best-of-n", replies(RAISES, RUNS), sandbox, task=INSERTION, n=16)
    checked = [event for event in events if isinstance(event, AnswerChecked)]
    assert solution.code == RUNS
    assert [event.code for event in checked][-1] == RUNS
    assert solution.reason == "a sample runs to its end, which is all that can be told"
    solution, _ = solve("best-of-n", replies(RAISES), sandbox, task=INSERTION)
    assert (solution.code, solution.passed) == (RAISES, None)
    assert solution.reason == "none of 8 samples runs to its end, which is all that can be told"


@pytest.mark.parametrize("tokens", [5, 60, 200])
def test_a_budget_spent_on_an_insertion_leaves_it_unchecked_or_without_an_answer(tokens: int, sandbox: Sandbox) -> None:
    meter = Meter(max_tokens_computed=tokens)
    solution, _ = solve("eg-cfg", replies(RUNS), sandbox, task=INSERTION, meter=meter)
    assert solution.passed is (None if solution.code else False)


def test_no_direct_answer_to_probes_is_taken(sandbox: Sandbox) -> None:
    solution, events = solve("eg-cfg", replies(RUNS), sandbox, task=INSERTION, direct_first=True, attempts=3)
    assert [event.strategy for event in events if isinstance(event, AttemptStarted)] == ["eg-cfg"]
    assert solution.origin is Origin.GUIDED


def test_a_guided_attempt_that_raises_is_followed_by_another(sandbox: Sandbox) -> None:
    solution, events = solve("eg-cfg", replies(RAISES), sandbox, task=INSERTION, attempts=2)
    assert sum(isinstance(event, AttemptStarted) for event in events) == 2
    assert (solution.code, solution.passed) == (RAISES, None)


def test_prompts_of_other_kinds_are_not_taken_in_turn(sandbox: Sandbox) -> None:
    task = Task("Add.", "solve", (StdioTest("1 2\n", "3\n"),), kind="program")
    wrong = "def solve():\n    print(4)\n"
    solution, events = solve(
        "eg-cfg", replies(wrong), sandbox, task=task, direct_first=True, prompts=("few-shot", "brief"), attempts=1
    )
    assert [event.strategy for event in events if isinstance(event, AttemptStarted)] == ["direct", "eg-cfg"]
    assert solution.passed is False


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_at_all(name: str, sandbox: Sandbox) -> None:
    solution, _ = solve(name, replies("```"), sandbox)
    assert (solution.code, solution.passed) == ("", False)


@pytest.mark.parametrize("name", NAMES)
def test_a_cancel_passes_through(name: str, sandbox: Sandbox) -> None:
    meter = Meter()
    meter.cancel()
    with pytest.raises(Cancelled):
        solve(name, CORRECTED, sandbox, meter=meter)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tokens", [1, 60, 150, 400, 700])
def test_a_spent_budget_ends_with_the_best_so_far(name: str, tokens: int, sandbox: Sandbox) -> None:
    meter = Meter(max_tokens_computed=tokens)
    solution, events = solve(name, CORRECTED, sandbox, meter=meter, direct_first=True, attempts=99, n=50)
    assert isinstance(events[-1], Finished)
    if not solution.passed:
        assert solution.reason == f"the limit of {tokens} computed tokens is reached" or name == "direct"
    checked = [event for event in events if isinstance(event, AnswerChecked)]
    if checked:
        assert sum(run.passed for run in solution.outcomes) == max(sum(r.passed for r in c.outcomes) for c in checked)


@pytest.mark.parametrize("name", NAMES)
def test_the_ledger(name: str, sandbox: Sandbox) -> None:
    meter = Meter()
    solution, _ = solve(name, CORRECTED, sandbox, meter=meter)
    ledger = solution.ledger
    assert ledger.computed
    assert ledger.forward_passes
    assert 0 < (ledger.generated or 0) <= ledger.computed
    assert ledger.sandbox_runs >= len(TASK.tests)
    assert ledger.seconds["total"] > 0
    assert (solution.model, solution.seed) == ("scripted", 0)


# direct


@pytest.mark.parametrize(("text", "passed"), [(RIGHT, True), (SQUARE, False), (BROKEN, False)])
def test_direct(text: str, passed: bool, sandbox: Sandbox) -> None:
    solution, events = solve("direct", replies(text, RIGHT), sandbox)
    assert (solution.code, solution.passed, solution.origin) == (text, passed, Origin.DIRECT)
    assert solution.agent == "direct_lci"
    assert not any(isinstance(event, CandidatesSampled) for event in events)


# best-of-n


def test_best_of_n_takes_the_first_that_passes(sandbox: Sandbox) -> None:
    solution, events = solve("best-of-n", replies(SQUARE, RIGHT), sandbox)
    (sampled,) = [event for event in events if isinstance(event, CandidatesSampled)]
    assert len(sampled.candidates) == 8
    checked = [event for event in events if isinstance(event, AnswerChecked)]
    assert [event.passed for event in checked] in ([True], [False, True])
    assert (solution.code, solution.origin) == (RIGHT, Origin.SAMPLE)
    assert solution.agent == "best-of-8_lci"


def test_best_of_n_tells_of_samples_that_it_drew_and_did_not_run(sandbox: Sandbox) -> None:
    solution, events = solve("best-of-n", replies(*(RIGHT.replace("y", f"y{n}") for n in range(20))), sandbox)
    (sampled,) = [event for event in events if isinstance(event, CandidatesSampled)]
    left = [event.code for event in events if isinstance(event, AnswerLeft)]
    assert len(left) == len(set(sampled.candidates)) - 1 > 0, "one was run, and equal ones are told of once"
    assert solution.code not in left
    assert solution.ledger.sandbox_runs == len(TASK.tests)


def test_best_of_n_keeps_the_best_where_none_passes(sandbox: Sandbox) -> None:
    solution, events = solve("best-of-n", replies(WRONG, SQUARE), sandbox, n=30)
    assert solution.passed is False
    assert solution.code == SQUARE, "it passes one test, the other none"
    assert sum(isinstance(event, AnswerChecked) for event in events) == 2, "equal samples are run once"


# eg-cfg


def test_direct_first_stops_where_it_passes(sandbox: Sandbox) -> None:
    solution, events = solve("eg-cfg", replies(RIGHT), sandbox, direct_first=True)
    assert solution.origin is Origin.DIRECT
    assert not any(isinstance(event, CandidatesSampled) for event in events)


def test_guided_decoding_where_the_direct_answer_fails(sandbox: Sandbox) -> None:
    solution, events = solve("eg-cfg", CORRECTED, sandbox, direct_first=True)
    assert (solution.code, solution.passed, solution.origin) == (RIGHT, True, Origin.GUIDED)
    assert [(e.attempt, e.strategy) for e in events if isinstance(e, AttemptStarted)] == [(0, "direct"), (1, "eg-cfg")]
    assert [e.origin for e in events if isinstance(e, AnswerChecked)] == [Origin.DIRECT, Origin.GUIDED]


def test_an_answer_that_a_spent_budget_leaves_unchecked_is_kept(sandbox: Sandbox) -> None:
    whole, _ = solve("direct", replies(RIGHT), sandbox)
    solution, events = solve("direct", replies(RIGHT), sandbox, meter=Meter(max_tokens_computed=whole.ledger.computed))
    assert not any(isinstance(event, AnswerChecked) for event in events)
    assert (solution.code, solution.passed, solution.outcomes) == (RIGHT, False, ())
    assert "computed tokens" in solution.reason


def test_where_a_signal_has_no_room_the_direct_answer_is_left(sandbox: Sandbox) -> None:
    """That a task with a long prompt is hard to solve must not be why it is missing."""

    class Narrow(ScriptedEngine):
        capabilities = replace(ScriptedEngine.capabilities, context=1100)

    engine = Narrow([Reply(text=SQUARE)])
    guidance = GUIDANCE.model_copy(update={"max_tokens": 500, "prompt": "brief"})
    solution, _ = solve("eg-cfg", engine, sandbox, guidance=guidance, direct_first=True)
    assert (solution.code, solution.passed) == (SQUARE, False)
    assert solution.reason.startswith("nothing could be guided: a prompt of ")
    with pytest.raises(ContextOverflow):
        solve("eg-cfg", engine, sandbox, guidance=guidance)


class BreaksFor(BubblewrapSandbox):
    """Breaks, as pools report it, on every program with ``mark`` in it."""

    mark = "y = x + x"

    def run(
        self,
        program: Program,
        tests: Sequence[VisibleTest],
        limits: Limits,
        *,
        trace: TraceStyle | None = None,
        meter: Meter,
    ) -> list[Outcome]:
        found = super().run(program, tests, limits, trace=trace, meter=meter)
        broken = Outcome(Status.INFRASTRUCTURE, error="the worker broke")
        return [broken, *found[1:]] if self.mark in program.source else found


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_the_sandbox_broke_on_is_no_wrong_one(name: str) -> None:
    with BreaksFor(workers=1) as sandbox:
        solution, events = solve(name, replies(RIGHT), sandbox, direct_first=True)
    assert (solution.code, solution.passed, solution.unknown) == (RIGHT, None, True)
    assert {event.passed for event in events if isinstance(event, AnswerChecked)} == {None}


def test_programs_may_be_longer_than_functions(sandbox: Sandbox) -> None:
    task = Task("Print.", "solve", (StdioTest("", "0\n"),), kind="program", name="t")
    long = "def solve():\n" + "    x = 1\n" * 99
    guidance = GUIDANCE.model_copy(update={"max_tokens": 200, "max_program_tokens": 400})
    for name in NAMES:
        solution, _ = solve(name, replies(long), sandbox, task=task, guidance=guidance, n=1)
        assert 200 < len(solution.code) <= 450
    guidance = guidance.model_copy(update={"max_program_tokens": None})
    assert len(solve("direct", replies(long), sandbox, task=task, guidance=guidance)[0].code) < 260


def test_a_budget_spent_on_a_program_leaves_one_that_runs(sandbox: Sandbox) -> None:
    task = Task("Add.", "solve", (StdioTest("1 2\n", "3\n"),), kind="program", name="t")
    answer = "def solve():\n    print(sum(map(int, input().split())))\n"
    spent = [Meter(max_tokens_computed=tokens) for tokens in range(200, 900, 50)]
    found = [solve("eg-cfg", replies(answer), sandbox, task=task, meter=meter)[0] for meter in spent]
    cut = [solution for solution in found if solution.origin is Origin.CANDIDATE]
    assert cut
    assert all("    solve()\n" in solution.code for solution in cut if "print" in solution.code)


def test_prompts_take_turns(sandbox: Sandbox) -> None:
    """Of two prompts the second alone has the right reply, so its direct answer is taken."""
    engine = ScriptedEngine([Reply(text=SQUARE, when="Task 1"), Reply(text=RIGHT, weight=0.5)])
    solution, events = solve("eg-cfg", engine, sandbox, direct_first=True, prompts="few-shot, brief")
    assert (solution.code, solution.agent) == (RIGHT, "direct_brief")
    assert [event.agent for event in events if isinstance(event, AttemptStarted)] == ["direct", "direct_brief"]
    solution, events = solve("eg-cfg", replies(SQUARE), sandbox, attempts=3, prompts=("few-shot", "long-code"))
    agents = [event.agent for event in events if isinstance(event, AttemptStarted)]
    assert agents == ["ns3t0.75d2k1_ln@g1", "ns3t0.75d2k1_lci_ln@g1", "ns3t0.75d2k1_ln@g1"]


def test_a_program_calls_its_entry_point_when_it_is_run(sandbox: Sandbox) -> None:
    task = Task("Add.", "solve", (StdioTest("1 2\n", "3\n"),), kind="program", name="t")
    answer = "def solve():\n    print(sum(map(int, input().split())))\n"
    solution, _ = solve("direct", replies(answer), sandbox, task=task)
    assert solution.passed
    assert solution.code == f'{answer}\n\nif __name__ == "__main__":\n    solve()\n'


def test_an_early_exit_is_attributed_to_its_candidate(sandbox: Sandbox) -> None:
    guidance = GUIDANCE.model_copy(update={"early_exit": True, "num_candidates": 12, "horizon": 5})
    solution, _ = solve("eg-cfg", replies(SQUARE, RIGHT), sandbox, guidance=guidance)
    assert (solution.code, solution.origin) == (RIGHT, Origin.CANDIDATE)


def test_gamma_0_reads_no_signal(sandbox: Sandbox) -> None:
    guidance = GUIDANCE.model_copy(update={"gamma": 0.0})
    solution, events = solve("eg-cfg", CORRECTED, sandbox, guidance=guidance)
    assert (solution.code, solution.origin) == (SQUARE, Origin.DIRECT)
    assert not any(isinstance(event, SignalBuilt) for event in events)


def test_attempts_go_on_until_one_passes_and_draw_anew(sandbox: Sandbox) -> None:
    """No signal helps here, so all attempts give the same answer from other candidates."""
    tails = [f"def double(x):\n    y = {a}\n    return {b}\n" for a in range(3) for b in range(3)]
    solution, events = solve("eg-cfg", replies(*tails), sandbox, attempts=3)
    starts = [place for place, event in enumerate(events) if isinstance(event, AttemptStarted)]
    assert len(starts) == 3
    drawn = [
        [event.candidates for event in part if isinstance(event, CandidatesSampled)]
        for part in (events[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True))
    ]
    assert drawn[0] != drawn[1] != drawn[2]
    assert solution.reason == "no answer of 3 guided attempts passes all visible tests"


def test_the_best_of_equal_attempts_is_the_first(sandbox: Sandbox) -> None:
    solution, events = solve("eg-cfg", replies(SQUARE), sandbox, direct_first=True, attempts=2)
    assert (solution.code, solution.origin) == (SQUARE, Origin.DIRECT)
    assert isinstance(events[-2], LineCommitted | AnswerChecked)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "ns3t0.75d2k1_lci_ln@g1"),
        ({"prompt": "few-shot", "temperature": 1.2, "horizon": 6, "gamma": 0.5}, "ns3t1.2d6k1_ln@g0.5"),
        ({"signal": {"partial": True}, "gamma": 0}, "pns3t0.75d2k1_lci_ln@g0"),
        ({"prompt": "brief", "refresh": 2, "num_candidates": 5}, "ns5t0.75d2k2_brief_ln@g1"),
    ],
)
def test_agent_name(changes: dict[str, object], name: str) -> None:
    assert agent_name(GuidanceOptions.model_validate(changes)) == name


def test_an_unknown_strategy_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="direct, best-of-n, eg-cfg"):
        build("magic", guidance=GUIDANCE, best_of_n=BestOfNOptions(), eg_cfg=EgCfgOptions(), limits=Limits())
