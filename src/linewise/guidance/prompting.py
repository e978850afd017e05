"""From a task, and perhaps a signal, to the messages of a prompt."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from linewise.engines.base import Message
from linewise.guidance.templates import render_template
from linewise.schema import AssertTest, StdioTest, Task

PromptStyle = Literal["long-code", "few-shot", "brief"]


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """A solved task of the few-shot prompt."""

    prompt: str
    entry_point: str
    tests: tuple[str, ...]
    code: str
    prelude: str = ""
    setup: str = ""


@cache
def own_examples() -> tuple[WorkedExample, ...]:
    """The worked examples that come with linewise."""
    text = resources.files("linewise.guidance").joinpath("prompts/worked_examples.toml").read_text("utf-8")
    return tuple(
        WorkedExample(**{**entry, "tests": tuple(entry["tests"])}) for entry in tomllib.loads(text)["examples"]
    )


def messages(
    task: Task, style: PromptStyle, *, examples: Sequence[WorkedExample] | None = None, signal: str = ""
) -> list[Message]:
    """The chat that asks for ``task``; a signal ends its last user message, as in the paper.

    A ``program`` task has a prompt of its own, whatever the style. ``examples``: those of the few-shot prompt.
    """
    if task.kind == "program":
        shown = [test for test in task.tests if isinstance(test, StdioTest)]
        text = render_template("program.jinja", task=_view(task, examples=shown))
    else:
        shots = own_examples() if examples is None else examples
        text = render_template(f"{style}.jinja", task=_view(task), examples=shots)
    return [Message("user", f"{text}\n\n{signal}" if signal else text)]


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
