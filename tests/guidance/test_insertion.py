"""The loop on a task whose answer goes on in the middle of a program, and whose tests are probes."""

import pytest
from tasks import SHOWN, of_type, options, run_decode, scripted

from linewise.events import CandidatesSampled, LineCommitted, ProgramTraced, SignalBuilt, TokenChosen
from linewise.execution.base import Sandbox
from linewise.guidance.options import SignalOptions
from linewise.schema import Origin, ProbeTest, Task, TraceStyle

TASK = Task(
    "Add the numbers up in `total`.", "", (ProbeTest("total"),), kind="insertion", prelude="numbers = [1, 2, 3]\n"
)
BROKEN = "start = 0\ntotal = numbers + start\nprint(total)\n"
RIGHT = "start = 0\ntotal = sum(numbers) + start\nprint(total)\n"
CORRECTED = scripted((BROKEN, 3), (RIGHT, 1), (RIGHT, 100, SHOWN))


@pytest.mark.parametrize("start", ["def", "block"])
def test_guidance_begins_with_the_first_line(sandbox: Sandbox, start: str) -> None:
    decoded, events = run_decode(CORRECTED, sandbox, options(start=start), task=TASK)
    assert (decoded.code, decoded.origin) == (RIGHT, Origin.GUIDED)
    assert isinstance(events[0], CandidatesSampled)
    assert any(event.changed for event in of_type(events, TokenChosen))


@pytest.mark.parametrize("style", TraceStyle)
def test_what_a_probe_met_is_in_the_signal(sandbox: Sandbox, style: TraceStyle) -> None:
    signal = SignalOptions(trace=style, verdicts=True)
    _, events = run_decode(CORRECTED, sandbox, options(signal=signal), task=TASK)
    text = "".join(event.text for event in of_type(events, SignalBuilt))
    assert "`total`: FAILS with TypeError: can only concatenate list" in text
    assert "`total`: ran to its end" in text
    assert "numbers" in text
    assert "[1, 2, 3]" in text
    assert ("total = 6" if style is TraceStyle.DELTA else "total: int = 6") in text


def test_no_candidate_ends_a_task_of_probes(sandbox: Sandbox) -> None:
    decoded, events = run_decode(CORRECTED, sandbox, options(early_exit=True, horizon=9), task=TASK)
    assert decoded.origin is Origin.GUIDED
    assert any(run.passed for event in of_type(events, ProgramTraced) for run in event.outcomes)


def test_a_call_at_the_left_margin_does_not_end_the_answer(sandbox: Sandbox) -> None:
    text = "def add(x):\n    return sum(x)\n\nprint(add(numbers))\ntotal = add(numbers)\n"
    decoded, _ = run_decode(scripted((text + "```", 1)), sandbox, options(), task=TASK)
    assert decoded.code == text


@pytest.mark.parametrize("end", ["```\nwords", "</code>\nwords", "END SOLUTION\nwords\n"])
def test_marks_behind_the_insertion_end_it(sandbox: Sandbox, end: str) -> None:
    decoded, events = run_decode(scripted((RIGHT + end, 1)), sandbox, options(), task=TASK)
    assert decoded.code == RIGHT
    assert "words" not in of_type(events, LineCommitted)[-1].code


def test_without_tests_nothing_runs(sandbox: Sandbox) -> None:
    task = Task(TASK.prompt, "", kind="insertion", prelude="numbers = load_data()\n")
    decoded, events = run_decode(CORRECTED, sandbox, options(), task=task)
    assert decoded.code == BROKEN
    assert not of_type(events, CandidatesSampled)
