"""Tokens per second of 1 to 16 agents on one engine, beside a bare loop of the model's calls with the same batches.

    python perf/engine_throughput.py [--engine NAME | hf/FOLDER] [--agents 1,2,4,8,16] [--tokens 64] [--json FILE]

Each agent is a thread that samples one continuation of ``--tokens`` tokens of its own prompt. What the engine computed
is then computed again, one pass after the other and by nothing else: ``llama_decode`` in a new context that read the
same prompts first (bare_llamacpp.py), or the forward of a model of transformers with caches of the same sizes
(bare_hf.py). Only passes of decoding count on either side, not those that read prompts.
"""

import argparse
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from common import machine, parser, table

from linewise.engines.base import Engine, Stop
from linewise.engines.models.files import resolve
from linewise.engines.models.folders import PREFIX
from linewise.meter import Meter

WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


class Subject(Protocol):
    """An engine and its bare loop; a pass is whatever they agree on."""

    @property
    def threads(self) -> int: ...
    def watched(self, seen: Callable[[Any, float, float], None]) -> AbstractContextManager[Engine]: ...
    def tokens(self, done: Any) -> int: ...
    def reads(self, done: Any, agents: int) -> bool: ...
    def bare(self, passes: Sequence[Any], first: int) -> float: ...


@dataclass
class Recording:
    """The passes of a run, when each began and ended."""

    passes: list[Any] = field(default_factory=list)
    times: list[tuple[float, float]] = field(default_factory=list)

    def seen(self, done: Any, start: float, end: float) -> None:
        self.passes.append(done)
        self.times.append((start, end))


def main() -> None:
    options = _options()
    subject = _subject(options.model, options.threads)
    results = []
    for agents in map(int, options.agents.split(",")):
        rounds = [_compare(subject, agents, options.tokens) for _ in range(options.rounds)]
        results.append(max(rounds, key=lambda result: result["share"]) if options.best else _middle(rounds))
        print(f"{agents} agents: {results[-1]}", flush=True)
    print(_table(results))
    if options.json:
        found = {"machine": machine(), "model": options.model, "threads": subject.threads, "rows": results}
        options.json.write_text(json.dumps(found))


def _subject(model: str, threads: int | None) -> Subject:
    if model.startswith(PREFIX):
        from bare_hf import Transformers  # noqa: PLC0415 - either engine may be absent

        return Transformers(model, threads)
    from bare_llamacpp import LlamaCpp  # noqa: PLC0415

    return LlamaCpp(resolve(model), threads)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--engine", dest="model", default=argparse.SUPPRESS, help="the same as --model")
    made.add_argument("--agents", default="1,2,4,8,16")
    made.add_argument("--tokens", type=int, default=64)
    made.add_argument("--rounds", type=int, default=3, help="repetitions; the one with the middle share counts")
    made.add_argument("--best", action="store_true", help="the best repetition counts, on a machine that is not idle")
    made.add_argument("--json", type=Path)
    return made.parse_args()


def _middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    return sorted(rounds, key=lambda result: result["share"])[len(rounds) // 2]


def _compare(subject: Subject, agents: int, tokens: int) -> dict[str, Any]:
    recording = Recording()
    with subject.watched(recording.seen) as engine:
        _sample(engine, agents, tokens)
    first = 1 + max(index for index, done in enumerate(recording.passes) if subject.reads(done, agents))
    generated = sum(map(subject.tokens, recording.passes[first:]))
    wall = recording.times[-1][1] - recording.times[first - 1][1]
    bare = subject.bare(recording.passes, first)
    return {
        "agents": agents,
        "tokens": generated,
        "passes": len(recording.passes) - first,
        "engine": round(generated / wall, 1),
        "bare": round(generated / bare, 1),
        "share": round(bare / wall, 3),
    }


def _sample(engine: Engine, agents: int, tokens: int) -> None:
    prompts = [engine.encode(f"{word} " * 40) for word in WORDS.split()[:agents]]
    together = threading.Barrier(agents)

    def agent(number: int) -> None:
        together.wait()
        stop = Stop(tokens)
        engine.sample(prompts[number], n=1, stop=stop, temperature=0.8, top_p=0.95, seed=number, meter=Meter())

    with ThreadPoolExecutor(agents) as pool:
        list(pool.map(agent, range(agents)))


def _table(results: list[dict[str, Any]]) -> str:
    alone = results[0]["engine"]
    head = [
        "agents",
        "tokens",
        "passes",
        "engine, tokens/s",
        "bare loop, tokens/s",
        "engine / bare",
        "against one agent",
    ]
    rows = [[*list(row.values())[:5], f"{row['share']:.1%}", f"{row['engine'] / alone:.2f}"] for row in results]
    return table(head, rows)


if __name__ == "__main__":
    main()
