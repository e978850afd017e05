"""From candidates to distinct programs."""

from tasks import options, scripted

from linewise.guidance.candidates import CandidateProgram, distinct_programs, sample_candidates
from linewise.guidance.options import GuidanceOptions
from linewise.meter import Meter

HEAD = "def double(x):\n"


def test_equal_programs_stand_together_in_order() -> None:
    programs = distinct_programs(HEAD, ["    y = 1\n", "    return x\n", "    y = 1  # one\n", "    # one\n    y=1"])
    assert [(item.source, item.candidates) for item in programs] == [
        ("def double(x):\n    y = 1", (0, 2, 3)),
        ("def double(x):\n    return x", (1,)),
    ]


def test_a_complete_candidate_keeps_its_text_and_an_open_one_its_runnable_form() -> None:
    assert distinct_programs(HEAD, ["    return x  # so\n", "    y = 1\n    for a in"]) == [
        CandidateProgram("def double(x):\n    return x", (0,), HEAD + "    return x  # so\n", True),
        CandidateProgram("def double(x):\n    y = 1", (1,), "def double(x):\n    y = 1\n", False),
    ]


def test_what_cannot_be_run_is_left_out() -> None:
    assert distinct_programs("def dou", ["ble(", "", "ble x"]) == []


def test_what_follows_the_answer_is_no_part_of_the_program() -> None:
    for tail in ("```\nprint(1)\n", "\nprint(1)\n", "\n# Example\nprint(1)\n"):
        (program,) = distinct_programs(HEAD, ["    return x\n" + tail])
        assert program.source == "def double(x):\n    return x"


def sampled(chosen: GuidanceOptions, *texts: str, code: str = "") -> list[str]:
    engine = scripted(*((text, 1.0) for text in texts))
    prefix = [*engine.prompt([], ""), *engine.encode(code)]
    count = chosen.num_candidates
    found = sample_candidates(engine, prefix, code, chosen, count=count, max_tokens=99, seed=0, meter=Meter())
    return [item.text for item in found]


def test_candidates_end_after_the_horizon() -> None:
    text = HEAD + "\n    # a comment is a line\n    y = 1\n    z = 2\n    return y\n"
    assert sampled(options(horizon=3, num_candidates=1), text) == [HEAD + "\n    # a comment is a line\n    y = 1\n"]


def test_the_line_being_written_is_the_first_of_the_horizon() -> None:
    text = HEAD + "    y = 1\n    return y\n"
    assert sampled(options(horizon=2, num_candidates=1), text, code="def dou") == ["ble(x):\n    y = 1\n"]


def test_candidates_end_where_the_answer_ends() -> None:
    text = HEAD + "    return x\n\nprint(1)\nprint(2)\nprint(3)\n"
    assert sampled(options(horizon=9, num_candidates=1), text, code=HEAD) == ["    return x\n\nprint(1)\n"]
