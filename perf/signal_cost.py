"""Tokens of signal per line, as preset ``paper`` and as preset ``default`` build them from the same candidates.

    python perf/signal_cost.py --data DATA [--mbpp 511-530] [--json FILE]

Along the greedy answer to each task, at every line, three candidates (temperature 0.75, two lines) are sampled, run and
traced in both styles; both signals are then built from the same programs and counted, also those that are empty because
nothing fits into the preset's budget. Nothing is guided.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from common import add_tasks, machine, parser, table, tasks

from linewise.assemble import open_engine, open_sandbox
from linewise.config import load_settings
from linewise.engines.base import Engine, Stop
from linewise.engines.options import EngineOptions
from linewise.execution.base import Limits, Program, Sandbox
from linewise.guidance.answer import RESPONSE_PREFIX, code_of, end_of_answer
from linewise.guidance.candidates import distinct_programs, sample_candidates
from linewise.guidance.options import GuidanceOptions
from linewise.guidance.prompting import messages
from linewise.guidance.signal_text import Evidence, build_signal
from linewise.meter import Meter
from linewise.schema import Task

PRESETS = ("paper", "default")
WHOLE = 1 << 20


def main() -> None:
    made = parser(__doc__)
    add_tasks(made, "511-530")
    made.add_argument("--json", type=Path)
    options = made.parse_args()
    guidance = {preset: load_settings({"preset": preset}).guidance for preset in PRESETS}
    engine_options = EngineOptions(threads=options.threads) if options.threads else EngineOptions()
    rows: list[dict[str, Any]] = []
    with open_engine(options.model, engine_options) as engine, open_sandbox("bubblewrap") as sandbox:
        for task in tasks(options):
            rows += _lines(task, engine, sandbox, guidance)
            print(f"{task.name}: {len(rows)} lines", flush=True)
    print(_table(rows))
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rows": rows}))


def _lines(
    task: Task, engine: Engine, sandbox: Sandbox, guidance: dict[str, GuidanceOptions]
) -> Iterator[dict[str, Any]]:
    """The tokens of both signals at every line of the greedy answer."""
    common = guidance["paper"]
    plain = engine.prompt(messages(task, common), RESPONSE_PREFIX)
    stop = Stop(common.max_tokens, until=lambda text: end_of_answer(text) is not None)
    (answer,) = engine.sample(plain, n=1, stop=stop, temperature=0, top_p=1, seed=0, meter=Meter())
    head = ""
    for line in code_of(answer.text).splitlines(keepends=True):
        written = engine.encode(head)
        sampled = sample_candidates(
            engine, [*plain, *written], head, common, count=3, max_tokens=256, seed=len(written), meter=Meter()
        )
        programs = distinct_programs(head, [candidate.text for candidate in sampled])
        row: dict[str, Any] = {"task": task.name, "programs": len(programs)}
        for preset, chosen in guidance.items():
            evidence = [_traced(task, item.source, sandbox, chosen) for item in programs]
            signal = build_signal(
                evidence,
                task.tests,
                chosen.signal,
                count_tokens=lambda text: len(engine.encode(text)),
                room=WHOLE,
            )
            row[preset] = signal.tokens if signal else 0
        yield row
        head += line


def _traced(task: Task, source: str, sandbox: Sandbox, chosen: GuidanceOptions) -> Evidence:
    limits = Limits(cpu_seconds=chosen.cpu_seconds, value_chars=chosen.signal.value_chars)
    outcomes = sandbox.run(Program.of(task, source), task.tests, limits, trace=chosen.signal.trace, meter=Meter())
    return Evidence(source, tuple(outcomes))


def _table(rows: list[dict[str, Any]]) -> str:
    lines: list[list[object]] = []
    for preset in PRESETS:
        counts = [row[preset] for row in rows if row["programs"]]
        tenth, ninetieth = (quantiles(counts, n=10)[place] for place in (0, 8))
        figures = (f"{tenth:.0f}", f"{median(counts):.0f}", f"{ninetieth:.0f}", max(counts))
        lines.append([preset, len(counts), *figures, counts.count(0)])
    return table(["signal as in", "lines", "10th percentile", "median", "90th percentile", "largest", "empty"], lines)


if __name__ == "__main__":
    main()
