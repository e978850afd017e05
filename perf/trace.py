"""Time of one traced run, (program, test), over all MBPP reference solutions in the warm sandbox.

    python perf/trace.py [--data FOLDER] [--style full] [--json FILE]

The folder (default: LINEWISE_DATA) holds ``mbpp/mbpp.jsonl.gz``, or that unpacked.
``alone``: one test at a time, what a caller waits for one; ``inside``: from fork to report, as the worker sees it;
``spread``: all tests of a task at once over all workers, seconds per test.
"""

import argparse
import ast
import json
import os
import statistics
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from linewise.benchmarks.data import data_folder, read_data
from linewise.benchmarks.suites import mbpp
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter
from linewise.schema import AssertTest, Outcome, TraceStyle

Task = tuple[Program, list[AssertTest]]


def main() -> None:
    arguments = parse_arguments()
    warnings.simplefilter("ignore")  # what references spell carelessly is not our matter
    tasks = list(read_tasks(data_folder(arguments.data)))
    with BubblewrapSandbox() as sandbox:
        measure(sandbox, tasks[:20], arguments.style)  # warm up
        result = measure(sandbox, tasks, arguments.style)
    print(describe(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time of traced runs of MBPP references in the sandbox.")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--style", type=TraceStyle, default=TraceStyle.FULL)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def read_tasks(folder: Path) -> Iterator[Task]:
    for row in read_data(folder, mbpp.FILE).records:
        source = row["code"].replace("\r\n", "\n")
        program = Program(source, entry_point(source, row["test_list"]), setup=row["test_setup_code"])
        yield program, [AssertTest(test) for test in row["test_list"]]


def entry_point(source: str, tests: list[str]) -> str:
    """The function that the reference defines and that all tests name."""
    defined = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    named = set.intersection(*({n.id for n in ast.walk(ast.parse(t)) if isinstance(n, ast.Name)} for t in tests))
    return next((name for name in reversed(defined) if name in named), defined[-1])


def measure(sandbox: BubblewrapSandbox, tasks: list[Task], style: TraceStyle) -> dict[str, object]:
    meter, alone, spread = Meter(), [], []
    outcomes: list[Outcome] = []
    for program, tests in tasks:
        for test in tests:
            started = time.perf_counter()
            outcomes += sandbox.run(program, [test], Limits(), trace=style, meter=meter)
            alone.append(time.perf_counter() - started)
        started = time.perf_counter()
        sandbox.run(program, tests, Limits(), trace=style, meter=meter)
        spread.append((time.perf_counter() - started) / len(tests))
    return {
        "style": style,
        "processors": os.cpu_count(),
        "runs": len(outcomes),
        "not_passed": sum(not outcome.passed for outcome in outcomes),
        "cut": sum(bool(outcome.trace and outcome.trace.cut) for outcome in outcomes),
        "no_value": sum(outcome.value is None for outcome in outcomes),
        "no_expected": sum(outcome.expected is None for outcome in outcomes),
        "milliseconds": {
            "alone": quantiles(alone),
            "inside": quantiles([outcome.seconds for outcome in outcomes]),
            "spread": quantiles(spread),
        },
    }


def quantiles(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"median": round(cuts[49] * 1000, 3), "p99": round(cuts[98] * 1000, 3)}


def describe(result: dict[str, object]) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in result.items() if name != "milliseconds")
    times = result["milliseconds"]
    assert isinstance(times, dict)
    lines = [f"{name:7} median {t['median']:7.2f} ms   99th percentile {t['p99']:7.2f} ms" for name, t in times.items()]
    return "\n".join([facts, *lines])


if __name__ == "__main__":
    main()
