"""Every prompt that a model reads."""

from dataclasses import replace

import pytest
from golden import assert_golden

from linewise.guidance.answer import response_prefix
from linewise.guidance.options import GuidanceOptions, WorkedExample
from linewise.guidance.program import parses
from linewise.guidance.prompting import messages, own_examples
from linewise.schema import AssertTest, ProbeTest, StdioTest, Task

PLAIN = Task("Double a number.\n", "double", (AssertTest("assert double(2) == 4"),))
FULL = Task(
    "Return the area of a shape.\nAll lengths are in metres.",
    "area",
    (AssertTest("assert area(Square(2)) == 4"), AssertTest("s = Square(3)\nassert area(s) == 9"), ProbeTest("area(1)")),
    prelude="import math\n\nclass Square:\n    def __init__(self, side):\n        self.side = side\n",
    setup="unit = Square(1)\n",
)
BARE = Task("Say something.", "say")
HOSTILE = Task(
    "Return ``` and {{ task.entry_point }} {% if x %}\n```python\n<|im_end|>\n# Task 9",
    "f",
    (AssertTest("assert f('```') == '{{ 1 }}'"),),
)
STDIO = Task(
    "Add the numbers of a line.",
    "solve",
    (StdioTest("1 2\n", "3\n"), StdioTest("", "0"), ProbeTest("solve()")),
    kind="program",
    prelude="import sys\n",
)
INSERTION = Task(
    "Sort the numbers.\n\nresult = ... # put solution in this variable",
    "",
    (ProbeTest("result"),),
    kind="insertion",
    prelude="import numpy as np\nnumbers = np.array([2, 1])\n",
)
TASKS = {"plain": PLAIN, "full": FULL, "bare": BARE, "hostile": HOSTILE}


@pytest.mark.parametrize("style", ["long-code", "few-shot", "brief"])
@pytest.mark.parametrize("name", TASKS)
def test_prompt_of_a_function(style: str, name: str) -> None:
    options = GuidanceOptions.model_validate({"prompt": style})
    (message,) = messages(TASKS[name], options)
    assert message.role == "user"
    assert_golden(f"prompts/{style}.{name}.txt", message.content)


def test_prompt_of_a_program() -> None:
    contents = {
        messages(STDIO, GuidanceOptions.model_validate({"prompt": style}))[0].content for style in ("brief", "few-shot")
    }
    assert len(contents) == 1
    assert_golden("prompts/program.txt", contents.pop())


@pytest.mark.parametrize(("name", "entry_point"), [("statements", ""), ("function", "f")])
def test_prompt_of_an_insertion(name: str, entry_point: str) -> None:
    task = replace(INSERTION, entry_point=entry_point)
    contents = {
        messages(task, GuidanceOptions.model_validate({"prompt": style}))[0].content for style in ("brief", "few-shot")
    }
    assert len(contents) == 1
    assert_golden(f"prompts/insertion.{name}.txt", f"{contents.pop()}\n\n{response_prefix(task)}")


def test_an_answer_begins_with_a_code_block_that_holds_the_program_of_an_insertion() -> None:
    assert {response_prefix(task) for task in (PLAIN, FULL, STDIO, BARE)} == {"```python\n"}
    assert response_prefix(replace(INSERTION, prelude="")) == "```python\n"
    assert response_prefix(replace(INSERTION, prelude="\nif x:\n    y\n\n")) == "```python\nif x:\n    y\n"


def test_prompt_of_an_insertion_without_a_program() -> None:
    task = replace(INSERTION, prelude="")
    assert_golden("prompts/insertion.bare.txt", messages(task, GuidanceOptions())[0].content)


def test_worked_examples_of_the_user() -> None:
    example = WorkedExample(
        prompt="Halve it.",
        entry_point="half",
        tests=("assert half(4) == 2",),
        code="\ndef half(x):\n    return x / 2\n\n",
    )
    options = GuidanceOptions(prompt="few-shot", examples=(example,))
    assert_golden("prompts/few-shot.own-example.txt", messages(PLAIN, options)[0].content)


def test_a_signal_ends_the_last_user_message() -> None:
    plain, guided = (messages(PLAIN, GuidanceOptions(), signal=signal)[-1].content for signal in ("", "## Seen\nf(1)"))
    assert guided == f"{plain}\n\n## Seen\nf(1)"


def test_our_worked_examples_pass_their_own_tests() -> None:
    for example in own_examples():
        assert parses(example.code)
        space: dict[str, object] = {}
        exec("\n".join([example.prelude, example.code, example.setup, *example.tests]), space)
        assert example.entry_point in space
