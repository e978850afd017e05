"""The inputs of EvalPlus as Python values, and as text that a hidden test holds.

Its files are JSON, which has no tuples, sets and complex numbers. Which lists of which MBPP task are meant as tuples is
agreed beside the data; the tables here say it by the depth of a list: an argument is at depth 0, its items at 1.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

Arguments = Sequence[Any]


def _tasks(numbers: str, form: "Callable[[Arguments], Arguments]") -> dict[str, "Callable[[Arguments], Arguments]"]:
    return {f"Mbpp/{number}": form for number in numbers.split()}


def tuples(value: Any, depths: range, depth: int = 0) -> Any:
    """``value`` with its lists at ``depths`` as tuples."""
    if isinstance(value, dict):
        return {key: tuples(one, depths, depth + 1) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    items = [tuples(one, depths, depth + 1) for one in value]
    return tuple(items) if depth in depths else items


def _all(first: int, last: int) -> Callable[[Arguments], Arguments]:
    """Tuples in all arguments, from one depth to another."""
    return lambda arguments: [tuples(one, range(first, last + 1)) for one in arguments]


def _one(place: int, depth: int) -> Callable[[Arguments], Arguments]:
    """Tuples in one argument, at one depth."""
    return lambda arguments: [
        tuples(one, range(depth, depth + 1)) if n == place else one for n, one in enumerate(arguments)
    ]


FORMS: dict[str, Callable[[Arguments], Arguments]] = {
    **_tasks("2 116 132 143 222 261 273 394 399 421 424 429 470 560 579 596 616 630 726 740 744 809", _all(0, 0)),
    **_tasks("63 64 70 94 120 237 272 299 400 409 417 438 473 614 780", _all(1, 1)),
    **_tasks("259 278 401 445", _all(0, 1)),
    **_tasks("580 615 791", _all(0, 99)),
    **_tasks("75 413 444 722 753", _one(0, 1)),
    **_tasks("250 307 405 446 617 720 763 808", _one(0, 0)),
    **_tasks("106 750", _one(1, 0)),
    **_tasks("115", lambda arguments: [[set(one) if isinstance(one, list) and one else {} for one in arguments[0]]]),
    **_tasks("124", lambda arguments: [float(arguments[0]), complex(arguments[1])]),
    **_tasks("252", lambda arguments: [complex(arguments[0])]),
}
"""By task, what turns arguments as JSON has them into the ones that are meant."""


def meant(task_id: str, inputs: Sequence[Arguments]) -> list[Arguments]:
    """The inputs of a task as Python values."""
    form = FORMS.get(task_id, list)
    return [form(arguments) for arguments in inputs]


def cases(task_id: str, inputs: Sequence[Arguments]) -> str:
    """The inputs of a task as JSON text, which ``comparing.decoded`` reads."""
    return json.dumps([[encoded(one) for one in arguments] for arguments in meant(task_id, inputs)])


def encoded(value: Any) -> Any:
    """A value as JSON has it, what JSON has not as an object of one key that names the type."""
    match value:
        case list():
            return [encoded(one) for one in value]
        case tuple() | set():
            return {type(value).__name__: [encoded(one) for one in value]}
        case dict():
            return {"dict": [[encoded(key), encoded(one)] for key, one in value.items()]}
        case complex():
            return {"complex": [value.real, value.imag]}
    return value
