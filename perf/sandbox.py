"""Measure the sandbox on MBPP: latency, throughput, start, preloading, leaks, and verdicts on a busy machine.

    python perf/sandbox.py [--data FOLDER] [--parts latency,throughput,...] [--json FILE] [--again]

The folder (default: LINEWISE_DATA, else ../shared/data) holds ``mbpp/mbpp.jsonl.gz``. With ``--json`` each part is
written as soon as it is done, and a part that is there already is not measured again, unless ``--again`` is given.

latency     one (program, test) at a time, warm, request to outcome: without a trace and with style delta
throughput  runs per second, all workers, delta
start       from nothing to the first outcome
preload     the same with --preload pandas (or what --module names), and a run then
leaks       --runs runs (20,000): descriptors, processes and resident memory of everything before and after
verdicts    500 references and 500 broken variants: outcomes with the machine as it is and with every core busy
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from linewise.benchmarks.base import SuiteOptions
from linewise.benchmarks.mutants import mutant
from linewise.benchmarks.suites import mbpp
from linewise.errors import SandboxError
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.judge import judge
from linewise.meter import Meter
from linewise.schema import Outcome, Status, Task, TraceStyle, Trust

Figures = dict[str, object]
Job = tuple[Task, str]


def main() -> None:
    arguments = parse_arguments()
    warnings.simplefilter("ignore")  # what references spell carelessly is not our matter
    known: dict[str, Figures] = {}
    if arguments.json and arguments.json.is_file():
        known = json.loads(arguments.json.read_text())
    jobs = read_jobs(arguments.data)
    for part in arguments.parts.split(","):
        if part not in PARTS:
            sys.exit(f"--parts {part}: there are {', '.join(PARTS)}")
        if part not in known or arguments.again:
            known[part] = {**PARTS[part](jobs, arguments), "load_average": round(os.getloadavg()[0], 2)}
            if arguments.json:
                arguments.json.write_text(json.dumps(known, indent=2) + "\n")
        for name, value in known[part].items():
            print(f"{part:10}  {name:28}  {value}", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the sandbox on MBPP references.")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("LINEWISE_DATA", "../shared/data")))
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--tasks", type=int, default=500, help="how many tasks, from number 11 on")
    parser.add_argument("--runs", type=int, default=20_000, help="how many runs for leaks")
    parser.add_argument("--module", default="pandas", help="what preload measures")
    parser.add_argument("--python", help="the interpreter that has it; else linewise's own")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--again", action="store_true")
    return parser.parse_args()


def read_jobs(data: Path) -> list[Job]:
    """Tasks and their reference solutions, the test split first."""
    try:
        problems = list(mbpp.load(data, SuiteOptions(split="all")).problems.values())[10:]
    except (OSError, ValueError) as error:
        sys.exit(f"{data}: {error}; name the data folder by --data or LINEWISE_DATA")
    return [(problem.task, problem.key.reference or "") for problem in problems]


def run_all(sandbox: BubblewrapSandbox, job: Job, style: TraceStyle | None) -> list[Outcome]:
    task, source = job
    return sandbox.run(Program.of(task, source), task.tests, Limits(), trace=style, meter=Meter())


def latency(jobs: list[Job], arguments: argparse.Namespace) -> Figures:
    figures: Figures = {}
    with BubblewrapSandbox() as sandbox:
        for style in (None, TraceStyle.DELTA):
            for job in jobs[:20]:
                run_all(sandbox, job, style)
            seconds, outcomes = [], []
            for task, source in jobs[: arguments.tasks]:
                for test in task.tests:
                    started = time.perf_counter()
                    outcomes += sandbox.run(Program.of(task, source), [test], Limits(), trace=style, meter=Meter())
                    seconds.append(time.perf_counter() - started)
            figures[f"ms_{style or 'untraced'}"] = quantiles(seconds)
            figures[f"outcomes_{style or 'untraced'}"] = kinds(outcomes)
    return figures


def quantiles(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"median": round(cuts[49] * 1000, 2), "p90": round(cuts[89] * 1000, 2), "p99": round(cuts[98] * 1000, 2)}


def kinds(outcomes: list[Outcome]) -> dict[str, int]:
    in_process = sum(outcome.trust is Trust.IN_PROCESS for outcome in outcomes)
    return {"runs": len(outcomes), "passed": sum(outcome.passed for outcome in outcomes), "in_process": in_process}


def throughput(jobs: list[Job], arguments: argparse.Namespace) -> Figures:
    with BubblewrapSandbox() as sandbox:
        for job in jobs[:20]:
            run_all(sandbox, job, TraceStyle.DELTA)
        count, started = 0, time.perf_counter()
        for task, source in jobs[: arguments.tasks]:
            tests = task.tests * 4  # as many at a time as candidates and tests of a line make
            count += len(sandbox.run(Program.of(task, source), tests, Limits(), trace=TraceStyle.DELTA, meter=Meter()))
        seconds = time.perf_counter() - started
    return {"runs": count, "runs_per_second": round(count / seconds, 1), "workers": os.cpu_count()}


def start(jobs: list[Job], arguments: argparse.Namespace) -> Figures:
    return {"ms": quantiles([first_outcome(jobs[0], ()) for _ in range(10)])}


def first_outcome(job: Job, preload: tuple[str, ...], python: str | None = None) -> float:
    started = time.perf_counter()
    with BubblewrapSandbox(workers=1, preload=preload, python=python) as sandbox:
        run_all(sandbox, (job[0], job[1]), None)
        return time.perf_counter() - started


def preload(jobs: list[Job], arguments: argparse.Namespace) -> Figures:
    module = arguments.module
    try:
        started = [first_outcome(jobs[0], (module,), arguments.python) for _ in range(3)]
    except SandboxError as error:
        return {"module": module, "error": str(error)}
    seconds = []
    with BubblewrapSandbox(preload=(module,), python=arguments.python) as sandbox:
        for job in jobs[:100]:
            before = time.perf_counter()
            run_all(sandbox, job, TraceStyle.DELTA)
            seconds.append((time.perf_counter() - before) / len(job[0].tests))
    return {"module": module, "start_ms": round(statistics.median(started) * 1000), "ms_per_run": quantiles(seconds)}


def leaks(jobs: list[Job], arguments: argparse.Namespace) -> Figures:
    with BubblewrapSandbox() as sandbox:
        count = 0
        before: Figures = {}
        while count < arguments.runs + 600:
            task, source = jobs[count % arguments.tasks]
            count += len(sandbox.run(Program.of(task, source), task.tests, Limits(), meter=Meter()))
            if count >= 600 and not before:  # warm
                before = held()
        after = held()
    return {"runs": count, "before": before, "after": after}


def held() -> Figures:
    """What this process and all below it hold, once spares are made again."""
    time.sleep(1)
    below = descendants(os.getpid())
    long_lived = [os.getpid(), *(pid for pid in below if descendants(pid))]
    return {
        "processes": len(below),
        "descriptors": len(os.listdir("/proc/self/fd")) + sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in below),
        "resident_mb": round(sum(resident(pid) for pid in long_lived) / (1 << 20), 1),
    }


def descendants(pid: int) -> list[int]:
    children = [int(n) for file in Path(f"/proc/{pid}/task").glob("*/children") for n in file.read_text().split()]
    return [one for child in children for one in (child, *descendants(child))]


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def verdicts(jobs: list[Job], arguments: argparse.Namespace) -> Figures:
    right = jobs[: arguments.tasks]
    broken = [(task, changed) for task, source in right if (changed := mutant(source, seed=1))]
    with BubblewrapSandbox() as sandbox:
        idle = [said(sandbox, job) for job in (*right, *broken)]
        with every_core_busy():
            busy = [said(sandbox, job) for job in (*right, *broken)]
    different = [job[0].name for job, one, other in zip((*right, *broken), idle, busy, strict=True) if one != other]
    passed = sum(set(one) == {"passed"} for one in idle[: len(right)])
    caught = sum(set(one) != {"passed"} for one in idle[len(right) :])
    ends = Counter(text for one in idle[len(right) :] for text in one)
    return {
        "references": len(right),
        "references_passed": passed,
        "variants": len(broken),
        "variants_caught": caught,
        "variants_ends": dict(ends),
        "different_when_busy": different,
    }


def said(sandbox: BubblewrapSandbox, job: Job) -> tuple[str, ...]:
    task, source = job
    verdict = judge(sandbox, Program.of(task, source), task.tests, Limits(cpu_seconds=2.0), meter=Meter())
    return tuple(
        str(outcome.failure or outcome.status) if outcome.status is not Status.INFRASTRUCTURE else "infrastructure"
        for outcome in verdict.outcomes
    )


@contextmanager
def every_core_busy() -> Iterator[None]:
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


PARTS: dict[str, Callable[[list[Job], argparse.Namespace], Figures]] = {
    "latency": latency,
    "throughput": throughput,
    "start": start,
    "preload": preload,
    "leaks": leaks,
    "verdicts": verdicts,
}


if __name__ == "__main__":
    main()
