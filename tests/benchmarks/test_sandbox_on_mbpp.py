"""Verdicts on real programs do not depend on the machine's load, and many runs leave nothing behind.

Part of what ``perf/sandbox.py`` does at length.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from linewise.benchmarks.base import SuiteOptions
from linewise.benchmarks.data import data_folder
from linewise.benchmarks.mutants import mutant
from linewise.benchmarks.suites import mbpp
from linewise.execution.base import Limits, Program
from linewise.execution.bubblewrap import BubblewrapSandbox
from linewise.execution.judge import Verdict, judge
from linewise.meter import Meter
from linewise.schema import Failure, Status, Task, Trust

pytestmark = [pytest.mark.data, pytest.mark.filterwarnings("ignore::SyntaxWarning")]

Job = tuple[Task, str]


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    """Every tenth task of the test split with its reference."""
    problems = list(mbpp.load(data_folder(), SuiteOptions()).problems.values())
    return [(problem.task, problem.key.reference or "") for problem in problems[::10]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[BubblewrapSandbox]:
    with BubblewrapSandbox() as opened:
        yield opened


@contextmanager
def every_core_busy() -> Iterator[None]:
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def verdict(sandbox: BubblewrapSandbox, job: Job) -> Verdict:
    task, source = job
    return judge(sandbox, Program.of(task, source), task.tests, Limits(cpu_seconds=2.0), meter=Meter())


def said(sandbox: BubblewrapSandbox, job: Job) -> list[tuple[object, ...]]:
    """Verdicts and evidence; which limit of time a program met first is the machine's to say."""
    outcomes = verdict(sandbox, job).outcomes
    errors = [None if one.failure is Failure.TIMEOUT else one.error for one in outcomes]
    return [(one.status, one.failure, one.value, error) for one, error in zip(outcomes, errors, strict=True)]


def test_references_pass_outside_their_process(sandbox: BubblewrapSandbox, jobs: list[Job]) -> None:
    outcomes = [outcome for job in jobs for outcome in verdict(sandbox, job).outcomes]
    assert all(outcome.passed for outcome in outcomes)
    assert sum(outcome.trust is Trust.SEPARATE for outcome in outcomes) >= 0.9 * len(outcomes)


def test_most_broken_variants_are_caught_and_none_breaks_the_sandbox(
    sandbox: BubblewrapSandbox, jobs: list[Job]
) -> None:
    broken = [(task, changed) for task, source in jobs if (changed := mutant(source, seed=1))]
    verdicts = [verdict(sandbox, job) for job in broken]
    assert len(broken) >= 40
    assert all(run.status is not Status.INFRASTRUCTURE for one in verdicts for run in one.outcomes)
    assert sum(one.passed is False for one in verdicts) >= 0.5 * len(broken)


def test_verdicts_are_the_same_on_a_busy_machine(sandbox: BubblewrapSandbox, jobs: list[Job]) -> None:
    broken = [(task, changed) for task, source in jobs if (changed := mutant(source, seed=1))]
    quiet = [said(sandbox, job) for job in (*jobs, *broken)]
    with every_core_busy():
        assert [said(sandbox, job) for job in (*jobs, *broken)] == quiet


def test_a_thousand_runs_leave_nothing(sandbox: BubblewrapSandbox, jobs: list[Job]) -> None:
    for job in jobs:  # every worker has started
        verdict(sandbox, job)
    descriptors, workers = len(os.listdir("/proc/self/fd")), children()
    for _ in range(7):
        for job in jobs:
            assert verdict(sandbox, job).passed
    assert (len(os.listdir("/proc/self/fd")), children()) == (descriptors, workers)


def children() -> set[str]:
    return {number for file in Path("/proc/self/task").glob("*/children") for number in file.read_text().split()}
