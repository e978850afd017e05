"""Verdicts in the form of EvalPlus's own result file, as its ``evaluate.py`` (0.3.1) writes and reads them.

``base_status`` and ``plus_status`` are each of the inputs of that part alone. An answer is right where both are
``pass``, and these its ``pass@k`` of ``plus`` counts. A suite of one part has ``base_status`` alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from linewise.benchmarks.metrics import pass_at_k
from linewise.schema import Failure

KS = (1, 10, 100)
"""The k of pass@k that are reported where every task has that many samples."""

_STATUS = {True: "pass", False: "fail", None: None}


def entry(task_id: str, solution: str, parts: Mapping[str, bool | None], failure: str | None) -> dict[str, Any]:
    """One sample. A status is null where nobody knows; which inputs failed is not said, for hidden tests stay hidden.

    ``failure``: what the first test that failed did.
    """
    statuses = [*(_status(parts, part, failure) for part in parts), None, None]
    return {
        "task_id": task_id,
        "solution": solution,
        "base_status": statuses[0],
        "plus_status": statuses[1],
        "base_fail_tests": [],
        "plus_fail_tests": [],
    }


def _status(parts: Mapping[str, bool | None], part: str, failure: str | None) -> str | None:
    failed = [name for name, passed in parts.items() if passed is False]
    if failed[:1] == [part] and failure == Failure.TIMEOUT.value:
        return "timeout"
    return _STATUS[parts[part]]


def right(parts: Mapping[str, bool | None], passed: bool | None) -> dict[str, bool | None]:
    """What counts as right for ``base`` (the first part) and, where there are two, for ``plus`` (all of them)."""
    if not parts:
        return {}
    return {"base": next(iter(parts.values())), **({"plus": passed} if len(parts) > 1 else {})}


def estimates(counts: Sequence[tuple[int, int]]) -> dict[str, float]:
    """``pass@k`` from the samples of each task and how many of them are right, for each k that all tasks have."""
    possible = [k for k in KS if counts and all(n >= k for n, _ in counts)]
    return {f"pass@{k}": sum(pass_at_k(n, c, k) for n, c in counts) / len(counts) for k in possible}
