"""Guided decoding three ways, side by side on the same tasks, seed and options.

    python perf/guided_decode.py --out results/guided_decode.jsonl --data DATA [--ways reread,steps,drafts]

``reread``: both contexts are computed anew for every token, as the published reference does on its local path;
``steps``: cached, one token after the other; ``drafts``: cached, tokens chosen along the candidates in one pass.
Preset ``paper`` with minimal traces (``--trace full`` for full ones), without early exit and survivors, gamma 1.
One row per (task, way) is appended to ``--out``; what is there is not run again. ``--table`` only prints.

On the same signals, ways may choose different tokens only where the lead of the best token is within the noise that
the size of a batch makes, which is measured first (row ``noise``); the program fails where they part at a larger lead.
Where rounding drew another candidate, and so made another signal, the rest of an answer cannot be compared.
"""

import argparse
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from common import add_tasks, append_row, machine, parser, read_rows, table, tasks, watched_decode

from linewise.assemble import open_engine, open_sandbox
from linewise.config import load_settings
from linewise.engines.base import DistPair, Engine, LogProbs, Pair, Sampled, Stop, Visit
from linewise.engines.options import EngineOptions
from linewise.engines.token_tree import TokenTree
from linewise.events import Event, SignalBuilt, TokenChosen
from linewise.execution.base import Limits
from linewise.guidance.answer import RESPONSE_PREFIX
from linewise.guidance.decode import Setting, decode
from linewise.guidance.mix import best_two
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.prompting import messages
from linewise.meter import Meter
from linewise.schema import Task

WAYS = ("reread", "steps", "drafts")


class Counted:
    """An engine that counts the calls that choose tokens; with ``reread`` it forgets everything before each call."""

    def __init__(self, engine: Engine, *, reread: bool) -> None:
        self._engine, self._reread = engine, reread
        self.steps = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def sample(self, prefix: Sequence[int], **settings: Any) -> list[Sampled]:
        self._begin()
        return self._engine.sample(prefix, **settings)

    def next_dists(self, pairs: Sequence[Pair], *, meter: Meter) -> list[DistPair]:
        self._begin()
        self.steps += 1
        return self._engine.next_dists(pairs, meter=meter)

    def score(self, pair: Pair, drafts: TokenTree, visit: Visit, *, meter: Meter) -> None:
        self._begin()
        self.steps += 1
        self._engine.score(pair, drafts, visit, meter=meter)

    def _begin(self) -> None:
        if self._reread:
            self._engine.forget()


def main() -> None:
    options = _options()
    rows = read_rows(options.out)
    if not options.table:
        _measure(options, rows)
    print(_table(rows, options.trace))
    parted = _parted(rows)
    print(*parted, sep="\n")
    sys.exit(any("FAILS" in line for line in parted))


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    add_tasks(made, "511-520")
    made.add_argument("--out", type=Path, required=True, help="JSON lines, appended to")
    made.add_argument("--ways", default=",".join(WAYS))
    made.add_argument("--trace", default="minimal", choices=["minimal", "full"])
    made.add_argument("--max-tokens", type=int, default=96, help="most tokens of an answer")
    made.add_argument("--table", action="store_true", help="print the table only")
    return made.parse_args()


def _measure(options: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    settings = load_settings({"preset": "paper"})
    engine_options = EngineOptions(threads=options.threads) if options.threads else EngineOptions()
    with open_engine(options.model, engine_options) as engine, open_sandbox("bubblewrap") as sandbox:
        chosen = tasks(options)
        if not any("noise" in row for row in rows):
            rows.append({"noise": _noise(engine, chosen), "machine": machine(), "threads": engine_options.threads})
            append_row(options.out, rows[-1])
        done = {(row["task"], row["way"], row["trace"]) for row in rows if "task" in row}
        for task in chosen:
            for way in options.ways.split(","):
                if (task.name, way, options.trace) in done:
                    continue
                guidance = settings.guidance.model_copy(
                    update={
                        "drafts": way == "drafts",
                        "max_tokens": options.max_tokens,
                        "signal": settings.guidance.signal.model_copy(update={"trace": options.trace}),
                    }
                )
                counted = Counted(engine, reread=way == "reread")
                rows.append(
                    {"task": task.name, "way": way, "trace": options.trace, **_run(counted, sandbox, task, guidance)}
                )
                append_row(options.out, rows[-1])
                print(f"{way} {task.name}: {rows[-1]['seconds']:.1f} s, {rows[-1]['computed']} tokens", flush=True)


def _run(engine: Any, sandbox: Any, task: Task, guidance: GuidanceOptions) -> dict[str, Any]:
    engine.forget()
    inside = 0.0

    def seen(batch: object, start: float, end: float) -> None:
        nonlocal inside
        inside += end - start

    meter, events = Meter(), []
    started = time.perf_counter()
    with watched_decode(seen):
        for event in decode(Setting(task, engine, sandbox, guidance, Limits(), meter)):
            events.append(event)
    seconds = time.perf_counter() - started
    tokens = [event for event in events if isinstance(event, TokenChosen)]
    ledger = meter.ledger()
    return {
        "seconds": round(seconds, 3),
        "model_seconds": round(inside, 3),
        "computed": ledger.computed,
        "cached": ledger.cached,
        "passes": ledger.forward_passes,
        "committed": len(tokens),
        "guided": sum(event.guided for event in tokens),
        "steps": engine.steps,
        "tokens": [event.token for event in tokens],
        "margins": [round(event.margin or 0, 4) for event in tokens],
        "signals": _signals(events),
    }


def _signals(events: Sequence[Event]) -> list[tuple[int, int]]:
    """Every signal's place among the tokens, and a number that tells its text from others."""
    found, place = [], 0
    for event in events:
        place += isinstance(event, TokenChosen)
        if isinstance(event, SignalBuilt):
            found.append((place, zlib.crc32(event.text.encode())))
    return found


def _noise(engine: Engine, chosen: Sequence[Task]) -> float:
    """The most that a lead changed, in nats, between a prefix computed cold and one computed along a draft."""
    largest = 0.0
    for task in chosen[:3]:
        prefix = engine.prompt(messages(task, GuidanceOptions(prompt="brief")), RESPONSE_PREFIX)
        stop = Stop(40)
        (answer,) = engine.sample(prefix, n=1, stop=stop, temperature=0, top_p=1, seed=0, meter=Meter())
        tree = TokenTree([answer.tokens])
        along: list[LogProbs] = []

        def visit(node: int, dists: DistPair, tree: TokenTree = tree, along: list[LogProbs] = along) -> list[int]:
            assert dists.plain is not None
            along.append(dists.plain)
            return list(tree.children[node].values())

        engine.forget()
        engine.score(Pair(prefix, None), tree, visit, meter=Meter())
        for length, other in list(enumerate(along))[::4]:
            engine.forget()
            cold = engine.next_dists([Pair([*prefix, *answer.tokens[:length]], None)], meter=Meter())[0].plain
            assert cold is not None
            best, lead = best_two(cold)
            rest = max(other[:best].max(initial=-99), other[best + 1 :].max(initial=-99))
            largest = max(largest, abs(lead - float(other[best] - rest)))
    return round(largest, 4)


def _table(rows: list[dict[str, Any]], trace: str) -> str:
    of_way = {
        way: {row["task"]: row for row in rows if row.get("way") == way and row["trace"] == trace} for way in WAYS
    }
    shared = set.intersection(*(set(found) for found in of_way.values() if found)) if any(of_way.values()) else set()
    lines: list[list[object]] = []
    for way, found in of_way.items():
        some = [found[task] for task in sorted(shared) if task in found]
        if not some:
            continue
        total = {key: sum(row[key] for row in some) for key in some[0] if isinstance(some[0][key], int | float)}
        lines.append(
            [
                *(way, len(some), f"{total['seconds']:.1f}", total["computed"], total["cached"]),
                f"{total['passes'] / total['committed']:.2f}",
                f"{total['steps'] / total['committed']:.2f}",
                f"{100 * total['model_seconds'] / total['seconds']:.1f}%",
                f"{_ratio(of_way, found, shared):.1f}",
            ]
        )
    head = ["way", "tasks", "seconds", "computed", "reused", "passes / token", "steps / token", "in the model"]
    return table([*head, "times faster than reread, median"], lines)


def _ratio(of_way: dict[str, Any], found: dict[str, Any], shared: set[str]) -> float:
    """Per committed token, for ways may write answers of different lengths."""
    base = of_way["reread"]
    ratios = [_pace(base[task]) / _pace(found[task]) for task in shared if task in base]
    return median(ratios) if ratios else float("nan")


def _pace(row: dict[str, Any]) -> float:
    return float(row["seconds"]) / max(row["committed"], 1)


def _parted(rows: list[dict[str, Any]]) -> list[str]:
    """Where the ways wrote different tokens, and whether that is noise."""
    noise = next((row["noise"] for row in rows if "noise" in row), 0.0)
    lines = [f"noise of a lead between batches: at most {noise} nats"]
    for base in (row for row in rows if row.get("way") == "steps"):
        for other in rows:
            if other.get("task") == base["task"] and other["trace"] == base["trace"] and other["way"] != "steps":
                lines += _difference(base, other, noise)
    return lines


def _difference(base: dict[str, Any], other: dict[str, Any], noise: float) -> list[str]:
    for place, (one, two) in enumerate(zip(base["tokens"], other["tokens"], strict=False)):
        read = [[signal for signal in row["signals"] if signal[0] <= place] for row in (base, other)]
        if read[0] != read[1]:
            return [f"{base['task']}: steps and {other['way']} part at token {place}: rounding drew other candidates"]
        if one != two:
            lead = min(base["margins"][place], other["margins"][place])
            verdict = "within the noise" if lead <= noise else "FAILS: beyond the noise"
            return [f"{base['task']}: steps and {other['way']} part at token {place}, lead {lead}: {verdict}"]
    return []


if __name__ == "__main__":
    main()
