"""``linewise grade``: anyone's samples in, verdicts out."""

import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from typer import Argument, Option

from linewise.assemble import open_sandbox
from linewise.benchmarks.base import Suite
from linewise.benchmarks.grader import Grader
from linewise.benchmarks.selection import select
from linewise.benchmarks.suites.registry import load_suite, loader_of
from linewise.cli import bench_flags, flags
from linewise.cli.background import run_interruptibly
from linewise.cli.bench import suite_options
from linewise.cli.exit_codes import BROKEN
from linewise.config import Settings, load_settings
from linewise.errors import InputError
from linewise.meter import Meter
from linewise.runs.sample_files import GivenSample, listed, read_samples, references
from linewise.runs.sample_grading import Graded, Results, grade_samples

Samples = Annotated[
    Path | None,
    Argument(metavar="SAMPLES", help="JSON lines with task_id and solution or completion, or a folder of .py files."),
]
References = Annotated[bool, Option("--references", help="Grade the suite's own solutions instead.")]
KnownOnly = Annotated[
    bool, Option("--known-only", help="Leave out samples of tasks that the suite has not, and say how many.")
]
Workers = Annotated[int | None, Option(min=1, help="Samples at a time; else one a processor.")]
Out = Annotated[Path | None, Option(help="Where the results go; else beside the samples.")]


def grade_command(
    suite: bench_flags.SuiteName,
    samples: Samples = None,
    *,
    references_: References = False,
    known_only: KnownOnly = False,
    data: bench_flags.Data = None,
    visible: bench_flags.Visible = None,
    split: bench_flags.Split = None,
    limit: bench_flags.Limit = None,
    filter_: bench_flags.Filter = None,
    libraries: bench_flags.Libraries = None,
    sandbox: flags.Sandbox = None,
    python: flags.Python = None,
    workers: Workers = None,
    config: flags.Config = None,
    out: Out = None,
    as_json: flags.AsJson = False,
    quiet: bench_flags.Quiet = False,
) -> None:
    """Grade samples by the hidden tests of a suite, whoever made them.

    All splits of a suite are known unless --split names one.

    Results are written in the form of EvalPlus, beside the samples.

    Exit code 0: there is a verdict on every sample. 1: the sandbox broke on some. 2: bad usage or input. 130: Ctrl-C.
    """
    if (samples is None) == (not references_):
        raise InputError("give either SAMPLES or --references; `linewise grade --help` tells more")
    settings = load_settings({"sandbox": sandbox, "python": python}, file=config, place="{flag}")
    every = "all" if "split" in loader_of(suite).reads else None
    options = suite_options(None, visible=visible, split=split or every, libraries=libraries)
    loaded = load_suite(suite, data, options)
    given, skipped = _given(samples, loaded, known_only=known_only)
    place = _results_file(samples, out)
    warnings.simplefilter("ignore", SyntaxWarning)  # those of graded code are nobody's here
    results = _run(loaded, _selected(given, limit, filter_), settings, workers or os.cpu_count() or 1, quiet=quiet)
    if place is not None:
        _write(place, results.as_evalplus())
    if as_json:
        print(json.dumps({**results.as_json(), "skipped": skipped}, indent=2), flush=True)
    else:
        print("\n".join([*results.lines(), *_skipped_line(skipped, loaded)]), flush=True)
    if results.unknown:
        _tell_unknown(results)


def _given(samples: Path | None, suite: Suite, *, known_only: bool) -> tuple[Sequence[GivenSample], Mapping[str, int]]:
    """What to grade, and how many samples of which other tasks were left out."""
    if samples is None:
        return references(suite), {}
    found = read_samples(samples, suite, known_only=known_only)
    return found.samples, found.skipped


def _skipped_line(skipped: Mapping[str, int], suite: Suite) -> list[str]:
    if not skipped:
        return []
    counts = f"{sum(skipped.values())} samples of {len(skipped)} tasks"
    return [f"{counts} that {suite.name} as it is here has not were left out: {listed(list(skipped))}"]


def _selected(given: Sequence[GivenSample], limit: int | None, pattern: str | None) -> list[GivenSample]:
    tasks = list(dict.fromkeys(sample.problem.id for sample in given))
    chosen = set(select(tasks, limit=limit, part=None, pattern=pattern))
    return [sample for sample in given if sample.problem.id in chosen]


def _results_file(samples: Path | None, out: Path | None) -> Path | None:
    """Where the results go, as EvalPlus names it; known to be writable before hours are spent on grading."""
    place = out
    if place is None and samples is not None:
        stem = samples.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".json")
        place = samples / "eval_results.json" if samples.is_dir() else samples.with_name(f"{stem}_eval_results.json")
    if place is not None and not os.access(place if place.exists() else place.parent, os.W_OK):
        raise InputError(f"{place}: cannot be written; name another place with --out")
    return place


def _run(suite: Suite, given: list[GivenSample], settings: Settings, workers: int, *, quiet: bool) -> Results:
    meter = Meter()
    preload = tuple(dict.fromkeys([*suite.preload, *settings.preloaded]))
    with (
        open_sandbox(settings.sandbox, preload=preload, python=settings.python) as opened,
        _progress(len(given), quiet=quiet) as shown,
    ):
        grader = Grader(opened, suite.limits)
        graded = run_interruptibly(
            lambda: grade_samples(given, grader, workers, meter=meter, on_done=shown), meter.cancel
        )
    return Results.of(suite, graded)


class _Lines:
    """One line per sample."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._numbers = count(1)  # samples end in several threads

    def __call__(self, graded: Graded) -> None:
        print(f"{next(self._numbers)}/{self._total} {_said(graded)}", file=sys.stderr, flush=True)


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Any]:
    """A bar on a terminal, else one line per sample on standard error; nothing where ``quiet``."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda graded: None) if quiet else _Lines(total)
        return
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("grading", total=total)
        yield lambda graded: bar.advance(task)


def _said(graded: Graded) -> str:
    grade, problem = graded.grade, graded.sample.problem
    said = "passed" if grade.passed else f"{grade.failure or 'failed'}{f' ({grade.error})' if grade.error else ''}"
    return f"{problem.id}: {' '.join(said.split())}"


def _write(place: Path, content: dict[str, Any]) -> None:
    try:
        place.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"{place}: cannot be written ({error.strerror}); name another place with --out") from error
    print(f"linewise: results are in {place}", file=sys.stderr)


def _tell_unknown(results: Results) -> None:
    names = results.unknown
    listed = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
    print(f"linewise: the sandbox broke on {len(names)} tasks, grade them again: {listed}", file=sys.stderr)
    raise typer.Exit(BROKEN)
