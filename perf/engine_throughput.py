"""Tokens per second of 1 to 16 agents on one engine, beside a bare loop of llama.cpp calls with the same batches.

    python perf/engine_throughput.py [--agents 1,2,4,8,16] [--tokens 64] [--json FILE]

Each agent is a thread that samples one continuation of ``--tokens`` tokens of its own prompt. The batches that the
engine computed are then computed again, one after the other and by nothing but ``llama_decode``, in a new context that
read the same prompts first. Only batches of decoding count on either side, not those that read prompts.
"""

import argparse
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import machine, parser, table, watched_decode

from linewise.engines.base import Stop
from linewise.engines.batching.scheduler import Position
from linewise.engines.llamacpp.engine import LlamaCppEngine
from linewise.engines.llamacpp.native import Native
from linewise.engines.model_files import resolve
from linewise.engines.options import LlamaCppOptions
from linewise.meter import Meter

WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


@dataclass
class Recording:
    """The batches of a run: positions, when each began and ended."""

    batches: list[list[Position]] = field(default_factory=list)
    times: list[tuple[float, float]] = field(default_factory=list)

    def seen(self, batch: Any, start: float, end: float) -> None:
        self.batches.append(
            [
                Position(
                    batch.token[index],
                    batch.pos[index],
                    [batch.seq_id[index][number] for number in range(batch.n_seq_id[index])],
                    bool(batch.logits[index]),
                )
                for index in range(batch.n_tokens)
            ]
        )
        self.times.append((start, end))

    def decoding(self, agents: int) -> tuple[int, int]:
        """The first batch behind the last prompt, and the one behind the last that decodes for all agents."""
        first = 1 + max(index for index, batch in enumerate(self.batches) if len(batch) > agents)
        return first, len(self.batches)


def main() -> None:
    options = _options()
    path = resolve(options.model)
    engine_options = LlamaCppOptions(threads=options.threads) if options.threads else LlamaCppOptions()
    results = []
    for agents in map(int, options.agents.split(",")):
        rounds = [_compare(path, engine_options, agents, options.tokens) for _ in range(options.rounds)]
        results.append(max(rounds, key=lambda result: result["share"]) if options.best else _middle(rounds))
        print(f"{agents} agents: {results[-1]}", flush=True)
    print(_table(results))
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "threads": engine_options.threads, "rows": results}))


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--agents", default="1,2,4,8,16")
    made.add_argument("--tokens", type=int, default=64)
    made.add_argument("--rounds", type=int, default=3, help="repetitions; the one with the middle share counts")
    made.add_argument("--best", action="store_true", help="the best repetition counts, on a machine that is not idle")
    made.add_argument("--json", type=Path)
    return made.parse_args()


def _middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    return sorted(rounds, key=lambda result: result["share"])[len(rounds) // 2]


def _compare(path: Path, options: LlamaCppOptions, agents: int, tokens: int) -> dict[str, Any]:
    recording = Recording()
    with LlamaCppEngine(path, options=options) as engine, watched_decode(recording.seen):
        prompts = [engine.encode(f"{word} " * 40) for word in WORDS.split()[:agents]]
        together = threading.Barrier(agents)

        def agent(number: int) -> None:
            together.wait()
            engine.sample(
                prompts[number],
                n=1,
                stop=Stop(tokens),
                temperature=0.8,
                top_p=0.95,
                seed=number,
                meter=Meter(),
            )

        with ThreadPoolExecutor(agents) as pool:
            list(pool.map(agent, range(agents)))
    first, last = recording.decoding(agents)
    generated = sum(map(len, recording.batches[first:last]))
    wall = recording.times[last - 1][1] - recording.times[first - 1][1]
    bare = _bare(path, options, recording, first, last)
    return {
        "agents": agents,
        "tokens": generated,
        "passes": last - first,
        "engine": round(generated / wall, 1),
        "bare": round(generated / bare, 1),
        "share": round(bare / wall, 3),
    }


def _bare(path: Path, options: LlamaCppOptions, recording: Recording, first: int, last: int) -> float:
    """Seconds of ``llama_decode`` alone for the batches ``first`` to ``last``, after all earlier ones."""
    native = Native(path, options, sequences=256)
    try:
        bare = Recording()
        for batch in recording.batches[:first]:
            native.compute(batch)
        with watched_decode(lambda batch, start, end: bare.times.append((start, end))):
            for batch in recording.batches[first:last]:
                native.compute(batch)
        return sum(end - start for start, end in bare.times)
    finally:
        native.close()


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
