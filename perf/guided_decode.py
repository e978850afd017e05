"""Guided decoding three ways, side by side on the same tasks, seed and options.

    python perf/guided_decode.py --out results/guided_decode.jsonl --data DATA [--ways steps,reread,drafts]

``steps``: cached, one token after the other; ``reread``: the plain and the guided context are each computed anew for
every token, as the published reference does on its local path (candidates share one reading of the prompt);
``drafts``: cached, tokens chosen along the candidates in one pass.
Preset ``paper`` with minimal traces (``--trace full`` for full ones), without early exit and survivors, gamma 1.
One row per (task, way, trace) is appended to ``--out``; what is there is not run again, and a file of other settings
or of another machine is refused. ``--table`` only prints: for each style of trace a table of the tasks that all
``--ways`` have.

The other ways decode with the candidates that ``steps`` drew: each samples its own and pays for them, then goes on with
the recorded ones (the distributions that drafts need of these are computed beside the clock). So as long as tokens are
the same, contexts are, and a way may choose another token, or end, only where the leads of both choices together are
within the noise that the size of a batch makes. That is measured first (row ``noise``). The program fails where ways
part at more, or read other signals though no program was stopped by its time limit. Behind the first token that
differs nothing can be compared; the share of tokens that could be is printed.
"""

import argparse
import json
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Any

from common import add_tasks, append_row, machine, parser, read_rows, table, tasks, watched_decode

from linewise.assemble import open_engine, open_sandbox
from linewise.config import load_settings
from linewise.engines.base import DistPair, Engine, LogProbs, Pair, Sampled, Stop, Visit
from linewise.engines.options import EngineOptions
from linewise.engines.token_tree import TokenTree
from linewise.events import Event, ProgramTraced, SignalBuilt, TokenChosen
from linewise.execution.base import Limits
from linewise.guidance.answer import RESPONSE_PREFIX
from linewise.guidance.decode import Setting, decode
from linewise.guidance.mix import best_two, mix
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.prompting import messages
from linewise.meter import Meter
from linewise.schema import Failure, Task

WAYS = ("steps", "reread", "drafts")
"""``steps`` first: the others decode with its candidates."""

SUMMED = ("seconds", "model_seconds", "computed", "cached", "passes", "committed", "steps", "cut_signals")
"""Figures of a row that a table adds up over its tasks."""

Rows = list[dict[str, Any]]


class Watched:
    """An engine that counts the calls that choose tokens, and notes or replays the candidates that are drawn.

    ``replayed``: the candidates drawn after each prefix, as another run's ``drawn`` holds them; behind a prefix that
    is not among them the engine's own are taken. ``reread``: nothing that was computed for an earlier call is used.
    """

    def __init__(self, engine: Engine, *, reread: bool, replayed: Sequence[Any] = ()) -> None:
        self._engine, self._reread = engine, reread
        self._replayed = dict(replayed)
        self.steps = 0
        self.drawn: list[list[Any]] = []
        self.beside_clock = 0.0
        self.paused = False
        self._last: DistPair | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def sample(self, prefix: Sequence[int], *, keep_dists: int = 0, **settings: Any) -> list[Sampled]:
        self._begin()
        self._last = None
        found = self._engine.sample(prefix, keep_dists=keep_dists, **settings)
        key = zlib.crc32(json.dumps(list(prefix)).encode())
        if key in self._replayed:
            with self._beside_clock():
                found = [
                    self._recorded(prefix, own, tokens, finish, keep_dists)
                    for own, (tokens, finish) in zip(found, self._replayed[key], strict=True)
                ]
        self.drawn.append([key, [[list(item.tokens), item.finish] for item in found]])
        return found

    def _recorded(
        self, prefix: Sequence[int], own: Sampled, tokens: list[int], finish: Any, keep_dists: int
    ) -> Sampled:
        """The candidate of these tokens, with the distributions it was drawn from, as far as they are to be kept."""
        if (list(own.tokens), own.finish) == (tokens, finish):
            return own
        tree, known = TokenTree([tokens]), list[LogProbs]()

        def visit(node: int, dists: DistPair) -> list[int]:
            assert dists.plain is not None
            known.append(dists.plain)
            return list(tree.children[node].values())

        if keep_dists:
            self._engine.score(Pair(prefix, None), tree, visit, meter=Meter())
        drawn_from = min(len(tokens) + (finish == "end"), keep_dists)
        return Sampled(tuple(tokens), self._engine.decode(tokens), finish, tuple(known[:drawn_from]))

    def next_dists(self, pairs: Sequence[Pair], *, meter: Meter) -> list[DistPair]:
        self.steps += 1
        if not self._reread:
            found = self._engine.next_dists(pairs, meter=meter)
        else:
            found = [DistPair(self._alone(pair.plain, meter), self._alone(pair.guided, meter)) for pair in pairs]
        self._last = found[-1]
        return found

    def score(self, pair: Pair, drafts: TokenTree, visit: Visit, *, meter: Meter) -> None:
        self._begin()
        self.steps += 1

        def seen(node: int, dists: DistPair) -> Any:
            self._last = dists
            return visit(node, dists)

        self._engine.score(pair, drafts, seen, meter=meter)

    def end_lead(self, options: GuidanceOptions) -> float | None:
        """The lead of the end token, where that is what the last distribution asked for chose; with gamma 1."""
        if self._last is None:
            return None
        plain, guided = self._last
        if guided is not None:
            scores = mix(guided, guided, gamma=options.gamma, floor=options.floor)
        else:
            assert plain is not None
            scores = plain
        token, lead = best_two(scores)
        return round(lead, 4) if token in self._engine.end_tokens else None

    def _begin(self) -> None:
        if self._reread:
            self._engine.forget()

    def _alone(self, prefix: Sequence[int] | None, meter: Meter) -> LogProbs | None:
        if prefix is None:
            return None
        self._begin()
        return self._engine.next_dists([Pair(prefix, None)], meter=meter)[0].plain

    @contextmanager
    def _beside_clock(self) -> Iterator[None]:
        started, self.paused = time.perf_counter(), True
        yield
        self.paused = False
        self.beside_clock += time.perf_counter() - started


def main() -> None:
    options = _options()
    rows = read_rows(options.out)
    if not options.table:
        _measure(options, rows)
    _check_form(options.out, rows)
    for trace in sorted({row["trace"] for row in rows if "task" in row}):
        print(_table(rows, trace, options.ways), end="\n\n")
    report, failed = _comparisons(rows, options.ways)
    print(*report, sep="\n")
    sys.exit(failed)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    add_tasks(made, "511-520")
    made.add_argument("--out", type=Path, required=True, help="JSON lines, appended to")
    made.add_argument("--ways", default=list(WAYS), type=_ways, help="which ways to run and to show")
    made.add_argument("--trace", default="minimal", choices=["minimal", "full"])
    made.add_argument("--max-tokens", type=int, default=96, help="most tokens of an answer")
    made.add_argument("--ctx", type=int, help="tokens that the engine holds; signals are cut to what is left of them")
    made.add_argument("--table", action="store_true", help="print the tables only")
    return made.parse_args()


def _ways(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := set(chosen) - set(WAYS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: the ways are {', '.join(WAYS)}")
    return [way for way in WAYS if way in chosen]


def _measure(options: argparse.Namespace, rows: Rows) -> None:
    settings = load_settings({"preset": "paper"})
    given = {"threads": options.threads, "ctx": options.ctx}
    engine_options = EngineOptions(**{key: value for key, value in given.items() if value})
    header = {
        "machine": machine(),
        "model": options.model,
        "threads": engine_options.threads,
        "ctx": engine_options.ctx,
        "max_tokens": options.max_tokens,
    }
    _check_header(options.out, rows, header)
    with open_engine(options.model, engine_options) as engine, open_sandbox("bubblewrap") as sandbox:
        chosen = tasks(options)
        if not rows:
            _keep(options.out, rows, {"noise": _noise(engine, chosen), **header})
        for task in chosen:
            for way in WAYS:
                if way not in ("steps", *options.ways) or _row(rows, task.name, way, options.trace):
                    continue
                signal = settings.guidance.signal.model_copy(update={"trace": options.trace})
                guidance = settings.guidance.model_copy(
                    update={"drafts": way == "drafts", "max_tokens": options.max_tokens, "signal": signal}
                )
                base = _row(rows, task.name, "steps", options.trace)
                watched = Watched(engine, reread=way == "reread", replayed=base["drawn"] if base else ())
                row = _run(watched, sandbox, task, guidance)
                _keep(options.out, rows, {"task": task.name, "way": way, "trace": options.trace, **row})
                print(f"{way} {task.name}: {row['seconds']:.1f} s, {row['computed']} tokens", flush=True)


def _keep(path: Path, rows: Rows, row: dict[str, Any]) -> None:
    """Add a row in the form that it has once it is read again."""
    rows.append(json.loads(json.dumps(row)))
    append_row(path, row)


def _row(rows: Rows, task: str, way: str, trace: str) -> dict[str, Any] | None:
    wanted = (task, way, trace)
    return next((row for row in rows if "task" in row and (row["task"], row["way"], row["trace"]) == wanted), None)


def _check_form(path: Path, rows: Rows) -> None:
    if rows and "max_tokens" not in rows[0]:
        sys.exit(f"{path} is of an earlier form of this program; name another --out")


def _check_header(path: Path, rows: Rows, header: dict[str, Any]) -> None:
    """End where the rows that are there cannot be compared with those to come."""
    _check_form(path, rows)
    differing = [key for key, value in header.items() if rows and rows[0][key] != value]
    if differing:
        what = "; ".join(f"{key}: there {rows[0][key]}, here {header[key]}" for key in differing)
        sys.exit(f"{path} was measured otherwise ({what}); name another --out")


def _run(engine: Watched, sandbox: Any, task: Task, guidance: GuidanceOptions) -> dict[str, Any]:
    engine.forget()
    inside = 0.0

    def seen(batch: object, start: float, end: float) -> None:
        nonlocal inside
        inside += 0 if engine.paused else end - start

    meter = Meter()
    started = time.perf_counter()
    with watched_decode(seen):
        events = list(decode(Setting(task, engine, sandbox, guidance, Limits(), meter)))
    seconds = time.perf_counter() - started - engine.beside_clock
    tokens = [event for event in events if isinstance(event, TokenChosen)]
    signals = [event for event in events if isinstance(event, SignalBuilt)]
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
        "end": engine.end_lead(guidance),
        "signal_tokens": [event.tokens for event in signals],
        "cut_signals": sum(event.cut_traces > 0 for event in signals),
        "drawn": engine.drawn,
        **_places(events),
    }


def _places(events: Sequence[Event]) -> dict[str, list[Any]]:
    """Among the tokens: every signal's place, with a number that tells its text from others, and the places at which a
    program was stopped by its time limit."""
    signals: list[tuple[int, int]] = []
    timeouts: list[int] = []
    place = 0
    for event in events:
        place += isinstance(event, TokenChosen)
        if isinstance(event, SignalBuilt):
            signals.append((place, zlib.crc32(event.text.encode())))
        if isinstance(event, ProgramTraced) and any(run.failure is Failure.TIMEOUT for run in event.outcomes):
            timeouts.append(place)
    return {"signals": signals, "timeouts": timeouts}


def _noise(engine: Engine, chosen: Sequence[Task]) -> float:
    """The most that a lead changed, in nats, between a prefix computed along a draft, cold, and by a single step."""
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
        for cold in (True, False):
            engine.forget()
            for length in range(0, len(along), 2 if cold else 1):
                if cold:
                    engine.forget()
                pair = Pair([*prefix, *answer.tokens[:length]], None)
                other = engine.next_dists([pair], meter=Meter())[0].plain
                assert other is not None
                largest = max(largest, _moved(along[length], other))
    return round(largest, 4)


def _moved(one: LogProbs, other: LogProbs) -> float:
    """How far the lead of the one's best token is from what it is in the other."""
    best, lead = best_two(one)
    rest = max(float(other[:best].max(initial=-99)), float(other[best + 1 :].max(initial=-99)))
    return abs(lead - (float(other[best]) - rest))


def _table(rows: Rows, trace: str, ways: Sequence[str]) -> str:
    """The figures of all tasks that all of these ways have, as far as a way has any."""
    of_way = {
        way: {row["task"]: row for row in rows if row.get("way") == way and row["trace"] == trace} for way in ways
    }
    of_way = {way: found for way, found in of_way.items() if found}
    if not of_way:
        return f"{trace} traces: nothing measured"
    every = sorted(set.union(*map(set, of_way.values())))
    shared = [task for task in every if all(task in found for found in of_way.values())]
    title = f"{trace} traces; tasks: {', '.join(shared) or 'none'}"
    lacking = {way: [task for task in every if task not in found] for way, found in of_way.items()}
    title += "".join(f"; left out, {way} lacks {', '.join(names)}" for way, names in lacking.items() if names)
    lines = [_line(way, of_way, shared) for way in of_way if shared]
    head = ["way", "tasks", "seconds", "computed", "reused", "passes / token", "steps / token", "in the model"]
    head += ["tokens of a signal, median", "signals cut", "times faster than reread, median"]
    return f"{title}\n\n{table(head, lines)}"


def _line(way: str, of_way: dict[str, dict[str, Any]], shared: Sequence[str]) -> list[object]:
    some = [of_way[way][task] for task in shared]
    total = {key: sum(row[key] for row in some) for key in SUMMED}
    signals = [tokens for row in some for tokens in row["signal_tokens"]]
    ratios = [_pace(of_way["reread"][task]) / _pace(of_way[way][task]) for task in shared if "reread" in of_way]
    return [
        *(way, len(some), f"{total['seconds']:.1f}", total["computed"], total["cached"]),
        f"{total['passes'] / total['committed']:.2f}",
        f"{total['steps'] / total['committed']:.2f}",
        f"{100 * total['model_seconds'] / total['seconds']:.1f}%",
        f"{median(signals):.0f}" if signals else "none",
        f"{total['cut_signals']} of {len(signals)}",
        f"{median(ratios):.1f}" if ratios else "not measured",
    ]


def _pace(row: dict[str, Any]) -> float:
    """Seconds per committed token, for ways may write answers of different lengths."""
    seconds: float = row["seconds"]
    committed: int = row["committed"]
    return seconds / max(committed, 1)


@dataclass(frozen=True)
class Comparison:
    """Of how many tokens two ways could be compared, how far leads moved where they agree, and why it ended early."""

    compared: int
    moved: float
    parted: str = ""
    failed: bool = False


def _comparisons(rows: Rows, ways: Sequence[str]) -> tuple[list[str], bool]:
    """What there is to say about each way beside ``steps``; and whether something is wrong."""
    if not rows:
        return [], False
    noise = rows[0]["noise"]
    lines, failed = [f"noise of a lead between batches, measured beforehand: at most {noise} nats"], False
    for way, trace in sorted({(row["way"], row["trace"]) for row in rows if row.get("way") in ways}):
        if way == "steps":
            continue
        pairs = [
            (base, row)
            for row in rows
            if (row.get("way"), row.get("trace")) == (way, trace)
            and (base := _row(rows, row["task"], "steps", trace)) is not None
        ]
        found = [(base["task"], compare(base, row, noise)) for base, row in pairs]
        compared, written = (sum(item.compared for _, item in found), sum(len(base["tokens"]) for base, _ in pairs))
        moved = max((item.moved for _, item in found), default=0)
        lines.append(
            f"{way}, {trace} traces: {compared} of {written} tokens of steps' answers could be compared"
            f" ({100 * compared / max(written, 1):.0f}%); where they agree, leads differ by at most {moved:.4f} nats"
        )
        lines += [f"  {task}: {item.parted}" for task, item in found if item.parted]
        failed |= any(item.failed for _, item in found)
    return lines, failed


def compare(base: dict[str, Any], other: dict[str, Any], noise: float) -> Comparison:
    """Go along both answers, whose candidates are the same, to the first token that differs; an end counts as one."""
    moved = 0.0
    for place, (one, two) in enumerate(zip_longest(base["tokens"], other["tokens"])):
        if signal := _other_signal(base, other, place):
            return Comparison(place, moved, signal, failed=signal.startswith("FAILS"))
        leads = [_lead(base, place), _lead(other, place)]
        if one == two:
            moved = max(moved, abs((leads[0] or 0) - (leads[1] or 0)))
            continue
        compared = min(place + 1, len(base["tokens"]))
        where = f"parts at token {place}" if None not in (one, two) else f"one way ends at token {place}"
        if leads[0] is None or leads[1] is None:
            return Comparison(compared, moved, f"FAILS: {where} without an end token", failed=True)
        apart = round(leads[0] + leads[1], 4)
        verdict = "within the noise" if apart <= noise else "beyond the noise"
        text = f"{where}, leads {leads[0]} and {leads[1]}: {verdict}"
        return Comparison(compared, moved, text if apart <= noise else f"FAILS: {text}", failed=apart > noise)
    return Comparison(len(base["tokens"]), moved)


def _lead(row: dict[str, Any], place: int) -> float | None:
    """The lead of what was chosen there; at the end of the answer that of the end token, if it was one."""
    margins: list[float] = row["margins"]
    found: float | None = margins[place] if place < len(margins) else row["end"]
    return found


def _other_signal(base: dict[str, Any], other: dict[str, Any], place: int) -> str:
    """Why the signals that were read up to ``place`` differ, if they do."""
    read = [[signal for signal in row["signals"] if signal[0] <= place] for row in (base, other)]
    differing = [pair for pair in zip_longest(*read) if pair[0] != pair[1]]
    if not differing:
        return ""
    at = min(signal[0] for signal in differing[0] if signal is not None)
    if at in base["timeouts"] and at in other["timeouts"]:
        return f"at token {at} a program was stopped by its time limit, and its trace is another each time"
    return f"FAILS: other signals at token {at} on the same candidates"


if __name__ == "__main__":
    main()
