"""From a task, and perhaps a signal, to the messages of a prompt."""

import tomllib
from functools import cache
from importlib import resources

from linewise.engines.base import Message
from linewise.guidance.options import GuidanceOptions, WorkedExample
from linewise.guidance.templates import render_template
from linewise.schema import AssertTest, StdioTest, Task


@cache
def own_examples() -> tuple[WorkedExample, ...]:
    """The worked examples that come with linewise."""
    text = resources.files("linewise.guidance").joinpath("prompts/worked_examples.toml").read_text("utf-8")
    return tuple(
        WorkedExample(**{**entry, "tests": tuple(entry["tests"])}) for entry in tomllib.loads(text)["examples"]
    )


def messages(task: Task, options: GuidanceOptions, *, signal: str = "") -> list[Message]:
    """The chat that asks for ``task``; a signal ends its last user message, as in the paper.

    A worked example that asks for a function of the same name is left out.
    A ``program`` or ``insertion`` task has a prompt of its own, whatever the style.
    """
    if task.kind == "program":
        shown = [test for test in task.tests if isinstance(test, StdioTest)]
        text = render_template("program.jinja", task=_view(task, examples=shown))
    elif task.kind == "insertion":
        text = render_template("insertion.jinja", task=_view(task))
    else:
        text = render_template(f"{options.prompt}.jinja", task=_view(task), examples=_shots(task, options))
    return [Message("user", f"{text}\n\n{signal}" if signal else text)]


def _shots(task: Task, options: GuidanceOptions) -> list[WorkedExample]:
    """The worked examples, without one of the task itself: it would give the answer away."""
    shots = own_examples() if options.examples is None else options.examples
    return [example for example in shots if example.entry_point != task.entry_point]


def _view(task: Task, **more: object) -> dict[str, object]:
    tests = [test.source for test in task.tests if isinstance(test, AssertTest)]
    return {
        "prompt": task.prompt,
        "entry_point": task.entry_point,
        "prelude": task.prelude,
        "setup": task.setup,
        "tests": tests,
        **more,
    }
