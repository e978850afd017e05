"""How many tasks each way of solving solves, and what it costs.

    python perf/solve_rate.py --out results/examples.jsonl --seeds 0-4 --arms direct,best-of-16,default-g0,default
    python perf/solve_rate.py --out results/mbpp-511-540.jsonl --mbpp 511-540 --data DATA --arms direct,best-of-16

Every run is one line of the output file. A line that is there already is not run again, so a long measurement can be
stopped and started; the table at the end is made of the whole file. ``--table`` prints it and runs nothing. Arms are
named in ``ARMS``; ``--arm NAME=key=value,...`` adds one to preset ``default``. Both arms of a pair share seeds.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from common import append_row, numbers, read_rows

from linewise.api import solve_with
from linewise.assemble import open_engine, open_sandbox
from linewise.benchmarks.base import SuiteOptions
from linewise.benchmarks.data import data_folder
from linewise.benchmarks.suites import mbpp
from linewise.config import Settings, load_settings
from linewise.events import Event, LineCommitted, SignalBuilt, TokenChosen
from linewise.inputs import load_task_file
from linewise.schema import Solution, Task

ARMS: dict[str, dict[str, Any]] = {
    "direct": {"strategy": "direct"},
    "best-of-16": {"strategy": "best-of-n", "best_of_n.n": 16},
    "paper": {"preset": "paper"},
    "default-g0": {"guidance.gamma": 0},
    "default": {},
}
EXAMPLES = Path(__file__).parent.parent / "examples"


def main() -> None:
    """Run what is missing, then print the table."""
    options = _options()
    arms = {**ARMS, **dict(_own_arm(text) for text in options.arm)}
    chosen = [*(name for name in options.arms.split(",") if name), *(text.partition("=")[0] for text in options.arm)]
    rows = read_rows(options.out)
    if not options.table:
        tasks, extra = _tasks(options)
        skip = _solved_by_direct(rows) if options.only_unsolved_by_direct else set()
        for name in chosen:
            settings = {seed: load_settings({**extra, **arms[name], "seed": seed}) for seed in numbers(options.seeds)}
            _run_arm(name, [task for task in tasks if task.name not in skip], settings, options, rows)
    print(_table(rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, appended to")
    parser.add_argument("--mbpp", help="task numbers such as 511-540, instead of the examples")
    parser.add_argument("--data", type=Path, help="folder of the benchmark data; else LINEWISE_DATA")
    parser.add_argument("--seeds", default="0", help="such as 0-4 or 0,7")
    parser.add_argument("--arms", default="", help=f"of {', '.join(ARMS)}")
    parser.add_argument("--arm", action="append", default=[], help="NAME=key=value,key=value")
    parser.add_argument("--model", help="model URI")
    parser.add_argument("--threads", type=int, help="CPU threads of the engine")
    parser.add_argument("--only-unsolved-by-direct", action="store_true", help="skip what `direct` solved in this file")
    parser.add_argument("--table", action="store_true", help="print the table only")
    return parser.parse_args()


def _own_arm(text: str) -> tuple[str, dict[str, Any]]:
    name, _, pairs = text.partition("=")
    return name, dict(pair.split("=", 1) for pair in pairs.split(",") if pair)


def _tasks(options: argparse.Namespace) -> tuple[list[Task], dict[str, Any]]:
    """The tasks, and the settings that belong to them: MBPP's few-shot prompt shows its tasks 2 to 4."""
    extra = {"model": options.model, "engine.threads": options.threads}
    if options.mbpp is None:
        return [load_task_file(path) for path in sorted(EXAMPLES.glob("*.toml"))], extra
    suite = mbpp.load(data_folder(options.data), SuiteOptions(split="all"))
    shots = [example.model_dump() for example in suite.examples]
    tasks = [suite.problem(str(number)).task for number in numbers(options.mbpp)]
    return tasks, {**extra, "guidance.examples": shots}


def _solved_by_direct(rows: Iterable[dict[str, Any]]) -> set[str]:
    return {row["task"] for row in rows if row["arm"] == "direct" and row["passed"]}


def _run_arm(
    arm: str,
    tasks: Sequence[Task],
    settings: dict[int, Settings],
    options: argparse.Namespace,
    rows: list[dict[str, Any]],
) -> None:
    done = {(row["arm"], row["seed"], row["task"]) for row in rows}
    missing = [(seed, task) for seed in settings for task in tasks if (arm, seed, task.name) not in done]
    if not missing:
        return
    first = next(iter(settings.values()))
    with (
        open_engine(first.model, first.engine) as engine,
        open_sandbox(first.sandbox, preload=first.preloaded, python=first.python) as sandbox,
    ):
        if others := {row["model"] for row in rows} - {engine.name}:
            sys.exit(f"{options.out} holds rows of {', '.join(sorted(others))}, not {engine.name}; name another --out")
        for seed, task in missing:
            counts: dict[str, int] = {
                "lines": 0,
                "signals": 0,
                "signal_tokens": 0,
                "guided_tokens": 0,
                "changed_tokens": 0,
            }

            def on_event(event: Event, counts: dict[str, int] = counts) -> None:
                match event:
                    case LineCommitted():
                        counts["lines"] += 1
                    case SignalBuilt():
                        counts["signals"] += 1
                        counts["signal_tokens"] += event.tokens
                    case TokenChosen():
                        counts["guided_tokens"] += event.guided
                        counts["changed_tokens"] += event.changed

            engine.forget()  # the cost of a run must not depend on the run before it
            solution = solve_with(task, settings[seed], engine=engine, sandbox=sandbox, on_event=on_event)
            row = {**_row(arm, seed, task, solution), **counts}
            rows.append(row)
            append_row(options.out, row)
            print(
                f"{arm} seed {seed} {task.name}: {row['solved_by'] or 'unsolved'}, {row['computed']} tokens", flush=True
            )


def _row(arm: str, seed: int, task: Task, solution: Solution) -> dict[str, Any]:
    ledger = solution.ledger
    return {
        "arm": arm,
        "seed": seed,
        "task": task.name,
        "passed": solution.passed,
        "solved_by": solution.origin.value if solution.passed else None,
        "agent": solution.agent,
        "model": solution.model,
        "computed": ledger.computed,
        "cached": ledger.cached,
        "generated": ledger.generated,
        "forward_passes": ledger.forward_passes,
        "sandbox_runs": ledger.sandbox_runs,
        "seconds": {part: round(seconds, 2) for part, seconds in ledger.seconds.items()},
    }


def _table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| arm | runs | solved | direct / sample / candidate / guided | tokens computed | generated | sandbox runs "
        "| seconds | computed per line with signals |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for arm in dict.fromkeys(row["arm"] for row in rows):
        lines.append(_table_line(arm, [row for row in rows if row["arm"] == arm]))
    return "\n".join(lines)


def _table_line(arm: str, rows: Sequence[dict[str, Any]]) -> str:
    seeds = sorted({row["seed"] for row in rows})
    solved = [sum(bool(row["passed"]) for row in rows if row["seed"] == seed) for seed in seeds]
    per_seed = (
        f"{sum(solved)}"
        if len(seeds) == 1
        else f"{sum(solved) / len(seeds):.1f} a seed ({', '.join(map(str, solved))})"
    )
    kinds = ("direct", "sample", "early-exit candidate", "guided line")
    split = " / ".join(str(sum(row["solved_by"] == kind for row in rows)) for kind in kinds)

    def mean(key: str) -> str:
        return f"{sum(row[key] or 0 for row in rows) / len(rows):.0f}"

    seconds = f"{sum(row['seconds']['total'] for row in rows) / len(rows):.1f}"
    cost = f"{mean('computed')} | {mean('generated')} | {mean('sandbox_runs')} | {seconds}"
    return f"| {arm} | {len(rows)} | {per_seed} | {split} | {cost} | {_per_line(rows)} |"


def _per_line(rows: Sequence[dict[str, Any]]) -> str:
    """Tokens computed for a committed line, in runs that built a signal: direct answers of these runs included."""
    with_signals = [row for row in rows if row.get("signals")]
    lines = sum(row["lines"] for row in with_signals)
    return f"{sum(row['computed'] for row in with_signals) / lines:.0f} ({lines} lines)" if lines else "n/a"


if __name__ == "__main__":
    main()
