"""Chat templates: from messages to segments of text of which only the template's own may hold special tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from jinja2.exceptions import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from linewise.engines.base import Message
from linewise.errors import EngineError


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a prompt; ``special`` tells that special tokens in it are meant as such."""

    text: str
    special: bool


def plain_prompt(messages: Sequence[Message], response_prefix: str) -> list[Segment]:
    """The prompt of a model without a chat template: all contents with blank lines between, then the prefix."""
    contents = "\n\n".join(message.content.strip("\n") for message in messages)
    return [Segment(f"{contents}\n\n{response_prefix}", special=False)]


class ChatTemplate:
    """A model's own jinja2 chat template.

    Contents are rendered as marks and put in afterwards, so text that looks like a special token stays text,
    whatever the template does around it.
    """

    def __init__(self, source: str, *, bos: str = "", eos: str = "") -> None:
        """``source``: the template; ``bos``, ``eos``: texts of the special tokens that templates ask for."""
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.now(UTC).strftime(form)
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise EngineError(f"the model's chat template cannot be read: {error}") from error
        self._bos, self._eos = bos, eos

    def segments(self, messages: Sequence[Message], response_prefix: str) -> list[Segment]:
        """The prompt up to and with ``response_prefix``."""
        marks = [f"\ue000{number}\ue001" for number in range(len(messages))]
        marked = [{"role": message.role, "content": mark} for message, mark in zip(messages, marks, strict=True)]
        try:
            text = self._template.render(
                messages=marked, add_generation_prompt=True, bos_token=self._bos, eos_token=self._eos
            )
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise EngineError(f"the model's chat template refuses these messages: {error}") from error
        segments = _put_in(text, marks, [message.content for message in messages])
        return [*segments, Segment(response_prefix, special=False)]


def _put_in(text: str, marks: Sequence[str], contents: Sequence[str]) -> list[Segment]:
    if any(text.count(mark) > 1 for mark in marks):
        raise EngineError("the model's chat template repeats a message")
    segments: list[Segment] = []
    for mark, content in zip(marks, contents, strict=True):
        before, found, text = text.partition(mark)
        if not found:
            raise EngineError("the model's chat template leaves a message out or reorders messages")
        segments += [Segment(before, special=True), Segment(content, special=False)]
    return [segment for segment in [*segments, Segment(text, special=True)] if segment.text]


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)
