"""A soak of an engine: random mixed calls from several threads, some of them cancelled, and what is left afterwards.

    python perf/engine_soak.py --engine qwen2.5-coder-0.5b [--calls 2000] [--threads 8] [--json FILE]

``--engine`` is any model URI. After each quarter of the calls, with no call under way: tokens that the engine holds,
resident memory, threads. Prints them, and fails where the engine ever holds more than its bound, where threads or more
than ``--growth`` MiB of memory came to be in the last half, and where a part of the context is lost.
"""

import argparse
import gc
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from linewise.assemble import open_engine
from linewise.config import load_settings
from linewise.engines.base import DistPair, Engine, Pair, Stop
from linewise.engines.token_tree import TokenTree
from linewise.errors import ContextOverflow, Stopped
from linewise.meter import Meter

REQUESTS = ("Add two numbers.", "Sort words by their lengths.", "Remove duplicates.", "Reverse a text.")
WRITTEN = ("", "def f(a):\n", "def f(a):\n    return", "import math\n\n\ndef f(values):\n    total = 0\n    for")

HF_SHARE = 3
"""How many times its context the engine on transformers may hold, padding included (``HfEngine.held``)."""


class Soak:
    """Random calls of an engine. ``outcomes`` counts them by kind, and those that were stopped or did not fit."""

    def __init__(self, engine: Engine, *, longest: int, seed: int = 0) -> None:
        """``longest``: tokens of a prefix at most."""
        self._engine, self._longest, self._seed = engine, longest, seed
        self.outcomes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def run(self, numbers: range, threads: int) -> None:
        """Make these calls, from so many threads; returns once all have ended."""
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(self.call, numbers))

    def call(self, number: int) -> None:
        """One call; its kind and everything about it follow from its number."""
        rng = random.Random(self._seed * 1_000_003 + number)
        kind = rng.choice((self._sample, self._next_dists, self._score))
        meter = Meter(max_tokens_computed=rng.randrange(1, 60)) if rng.random() < 0.1 else Meter()
        timer = threading.Timer(rng.random() * 0.2, meter.cancel) if rng.random() < 0.1 else None
        outcome = kind.__name__.strip("_")
        if timer is not None:
            timer.start()
        try:
            kind(rng, meter)
        except (Stopped, ContextOverflow) as error:
            outcome = type(error).__name__
        finally:
            if timer is not None:
                timer.cancel()
                timer.join()
        with self._lock:
            self.outcomes[outcome] += 1

    def _prefix(self, rng: random.Random) -> list[int]:
        text = f"{rng.choice(REQUESTS)} {rng.randrange(6)} " * rng.randrange(1, 8) + rng.choice(WRITTEN)
        return self._engine.encode(text)[: rng.randrange(1, self._longest)] or [65]

    def _sample(self, rng: random.Random, meter: Meter) -> None:
        stop = Stop(rng.randrange(1, 12), lines=rng.choice((None, 1)))
        n, seed, keep = rng.randrange(1, 5), rng.randrange(9), rng.randrange(4)
        self._engine.sample(
            self._prefix(rng), n=n, stop=stop, temperature=1.0, top_p=0.95, seed=seed, keep_dists=keep, meter=meter
        )

    def _next_dists(self, rng: random.Random, meter: Meter) -> None:
        pairs = [Pair(self._prefix(rng), self._prefix(rng)) for _ in range(rng.randrange(1, 3))]
        self._engine.next_dists(pairs, meter=meter)

    def _score(self, rng: random.Random, meter: Meter) -> None:
        tree = TokenTree([[rng.randrange(60, 99) for _ in range(rng.randrange(1, 9))] for _ in range(3)])

        def visit(node: int, dists: DistPair) -> list[int]:
            del dists
            return [child for child in tree.children[node].values() if rng.random() < 0.8]

        self._engine.score(Pair(self._prefix(rng), self._prefix(rng)), tree, visit, meter=meter)


def left(engine: Engine) -> dict[str, int | None]:
    """What is there while no call is under way; memory in KiB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    held = getattr(engine, "held", None)
    return {"held": held, "memory": pages * os.sysconf("SC_PAGE_SIZE") // 1024, "threads": threading.active_count()}


def serves_its_whole_context(engine: Engine) -> bool:
    """Whether a prefix as long as the context still fits: nothing is held by calls that have ended."""
    prefix = (engine.encode("one two three ") * engine.capabilities.context)[: engine.capabilities.context]
    try:
        return len(engine.next_dists([Pair(prefix, None)], meter=Meter())) == 1
    except ContextOverflow:
        return False


def soak(engine: Engine, *, calls: int, threads: int, longest: int) -> dict[str, Any]:
    """Make the calls; returns what was left after each quarter of them."""
    work = Soak(engine, longest=longest)
    started = time.monotonic()
    marks = []
    for quarter in range(4):
        work.run(range(calls * quarter // 4, calls * (quarter + 1) // 4), threads)
        marks.append(left(engine))
    seconds = round(time.monotonic() - started, 1)
    return {"calls": calls, "seconds": seconds, "outcomes": dict(sorted(work.outcomes.items())), "left": marks}


def faults(marks: Sequence[dict[str, Any]], *, bound: int, growth: int) -> list[str]:
    """What is wrong with what was left after each quarter; ``bound`` in tokens held, ``growth`` in KiB."""
    _, half, _, end = marks
    found = [f"{mark['held']} tokens are held, {bound} may be" for mark in marks if (mark["held"] or 0) > bound]
    if end["threads"] > half["threads"]:
        found.append(f"{end['threads']} threads at the end, {half['threads']} at half time")
    if end["memory"] - half["memory"] > growth:
        found.append(f"{end['memory'] - half['memory']} KiB more at the end than at half time, {growth} may be")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Random mixed calls of an engine, and what is left afterwards.")
    parser.add_argument("--engine", required=True, metavar="URI")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--longest", type=int, default=60, help="tokens of a prefix at most")
    parser.add_argument("--growth", type=int, default=16, help="MiB that memory may grow by in the last half")
    parser.add_argument("-o", dest="options", action="append", default=[], metavar="engine.KEY=VALUE")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    settings = load_settings({"engine.ctx": 2048}, arguments.options)
    bound = settings.engine.ctx * (HF_SHARE if arguments.engine.startswith("hf/") else 1)
    with open_engine(arguments.engine, settings.engine) as engine:
        result = soak(engine, calls=arguments.calls, threads=arguments.threads, longest=arguments.longest)
        found = faults(result["left"], bound=bound, growth=arguments.growth * 1024)
        if not serves_its_whole_context(engine):
            found.append("a prefix as long as the context is no longer served")
    result = {"engine": arguments.engine, "bound": bound, **result, "faults": found}
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    if found:
        sys.exit("; ".join(found))


if __name__ == "__main__":
    main()
