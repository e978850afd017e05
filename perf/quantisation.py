"""Speed of a model file and of conversions of it, by threads: reading prompts, and decoding several sequences at once.

    python perf/quantisation.py [--kinds bf16,q8_0,q4_0] [--threads 2,1] [--json FILE]

Conversions are written into a temporary folder and deleted. Prompts: 512 tokens in steps of 64, as the engine reads
them. Decoding: 1, 2, 8 and 16 sequences behind 512 tokens, 12 steps each. Tokens per second, best of ``--rounds``.
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import machine, parser, table

from linewise.engines.batching.scheduler import Position
from linewise.engines.llamacpp.native import Native, requantize
from linewise.engines.models.files import resolve
from linewise.engines.options import LlamaCppOptions

LENGTH, STEP, STEPS = 512, 64, 12
WIDTHS = (1, 2, 8, 16)


def main() -> None:
    made = parser(__doc__, threads=False)
    made.add_argument("--kinds", default="bf16,q8_0,q4_0")
    made.add_argument("--threads", default="2,1")
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--json", type=Path)
    options = made.parse_args()
    source = resolve(options.model)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = {"as downloaded": source}
        for kind in options.kinds.split(","):
            files[kind] = Path(folder) / f"{kind}.gguf"
            requantize(source, files[kind], kind, threads=2)
        for threads in map(int, options.threads.split(",")):
            for kind, file in files.items():
                row = {"threads": threads, "weights": kind, "MiB": file.stat().st_size >> 20}
                rows.append(row | _speeds(file, threads, options.rounds))
                print(rows[-1], flush=True)
    print(table([*rows[0]], [list(row.values()) for row in rows]))
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rows": rows}))


def _speeds(file: Path, threads: int, rounds: int) -> dict[str, Any]:
    native = Native(file, LlamaCppOptions(ctx=4096, threads=threads), sequences=max(WIDTHS))
    try:
        found = {"prompt": round(LENGTH / min(_timed(lambda: _read(native)) for _ in range(rounds + 1)))}
        for width in WIDTHS:
            seconds = min(_decoding(native, width) for _ in range(rounds))
            found[f"decode x{width}"] = round(width * STEPS / seconds, 1)
        return found
    finally:
        native.close()


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _read(native: Native) -> None:
    native.cut(0, 0)
    for start in range(0, LENGTH, STEP):
        native.compute([_position(place, 0, wanted=place == LENGTH - 1) for place in range(start, start + STEP)])


def _decoding(native: Native, width: int) -> float:
    for sequence in range(1, max(WIDTHS)):
        native.cut(sequence, 0)
    _read(native)
    for sequence in range(1, width):
        native.copy(0, sequence, LENGTH)
    start = time.perf_counter()
    for place in range(LENGTH, LENGTH + STEPS):
        native.compute([_position(place, sequence, wanted=True) for sequence in range(width)])
    return time.perf_counter() - start


def _position(place: int, sequence: int, *, wanted: bool) -> Position:
    return Position(token=100 + 7 * place % 5000, place=place, sequences=[sequence], wanted=wanted)


if __name__ == "__main__":
    main()
