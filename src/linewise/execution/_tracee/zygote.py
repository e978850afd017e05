"""The long-lived process of one worker: reads a request, has spare children run it, relays their reports.

Requests come on what was standard input, answers leave on what was standard output. A request is a frame of JSON and
one frame for each part of the run, which is not looked into here; an answer is how it ended (JSON, made here), and
each part's report as the child wrote it, empty for none.
"""

import gc
import importlib
import json
import os
import select
import shutil
import sys
import time
from typing import Any

from . import kernel, wire
from .isolation import Isolation
from .run import HostGone, Run
from .stock import Stock
from .vault import Vault

SPARES = 4

PRELOADED = (
    *("bisect", "cmath", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"),
    *("heapq", "io", "itertools", "math", "operator", "random", "re", "statistics", "string", "typing"),
)


def main() -> None:
    """Serve requests until the host closes their stream.

    The one argument is JSON: ``isolated``, whether children are separated from each other (see ``isolation``),
    ``temporary_bytes``, what their ``/tmp`` may hold, ``preload``, more modules that programs find imported, and
    ``packages``, the folders that these come from.
    """
    options = json.loads(sys.argv[1])
    requests, responses = _take_channels()
    _prepare_interpreter(options["preload"], options["packages"])
    if not options["isolated"]:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    stock = Stock(Isolation(options["temporary_bytes"]) if options["isolated"] else None, SPARES)
    vault = Vault()
    wire.write_message(responses, {"hello": list(sys.version_info[:3])})
    while (request := _next_request(requests, stock)) is not None:
        try:
            _serve(request, requests, responses, stock, vault)
        except (HostGone, EOFError):
            break
        if not options["isolated"]:
            _clean_folder()


def _serve(request: dict[str, Any], requests: int, responses: int, stock: Stock, vault: Vault) -> None:
    started = time.monotonic()
    vault.clear()
    parts = [vault.read_frame(requests) for _ in range(request["parts"])]
    run = Run(stock, vault, parts, request["judge_for"])
    try:
        run.collect(requests, request["wall_seconds"], request["memory_bytes"])
    finally:
        seconds = time.monotonic() - started
        run.end_those_done(all_of_them=True)
    ends, reports = run.answer()
    wire.write_message(responses, {"seconds": seconds, "ends": ends})
    for report in reports:
        wire.write_frame(responses, report)


def _take_channels() -> tuple[int, int]:
    """Move the two streams away from 0 and 1, where a child would look for them. Errors stay where the host reads."""
    requests, responses = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(null, standard)
    os.close(null)
    return requests, responses


def _prepare_interpreter(preload: list[str], packages: list[str]) -> None:
    sys.path.pop(0)  # the archive: programs must not import from it
    sys.path += packages
    for name in (*PRELOADED, *preload):
        try:
            importlib.import_module(name)
        except ImportError as error:
            sys.exit(f"preload {name}: {error}")
    _seed()
    os.environ.clear()
    gc.collect()
    gc.freeze()


def _seed() -> None:
    """What programs draw from numpy without a seed is the same in every worker, so that traces and verdicts repeat."""
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)


def _next_request(requests: int, stock: Stock) -> dict[str, Any] | None:
    """The next request; while there is none, the dead are let go and spares are made."""
    while True:
        ready, _, _ = select.select([requests, *stock.dying], [], [], 0 if stock.short else None)
        stock.reap()
        if requests in ready:
            return wire.read_message(requests)
        if stock.short:
            stock.add()


def _clean_folder() -> None:
    """Remove what the child left in the working folder. A folder that cannot be emptied ends this worker."""
    for entry in os.scandir("."):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
