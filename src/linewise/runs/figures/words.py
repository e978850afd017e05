"""Figures as people read them, the same in the terminal and in reports."""

from linewise.runs.figures.comparison import Comparison
from linewise.runs.figures.costs import COUNTS
from linewise.runs.figures.scores import Rate
from linewise.runs.figures.summary import Summary

UNKNOWN = "unknown"

COUNT_NAMES = dict(
    zip(COUNTS, ("tokens computed", "tokens cached", "tokens generated", "forward passes", "sandbox runs"), strict=True)
)
"""What the counts of a ledger are called."""


def percent(share: float) -> str:
    """``0.625`` is ``62.5%``."""
    return f"{100 * share:.1f}%"


def limits(low: float, high: float) -> str:
    """An interval of shares: ``40.8 to 80.5%``."""
    return f"{100 * low:.1f} to {100 * high:.1f}%"


def rate(value: Rate | None, otherwise: str = "n/a") -> str:
    """``62.5% (5 of 8, 30.6 to 86.3%)``, or ``otherwise`` where nobody knows."""
    if value is None:
        return otherwise
    return f"{percent(value.share)} ({whole(value.solved)} of {value.tasks}, {limits(value.low, value.high)})"


def whole(value: float) -> str:
    """A count of tasks: an integer, or with several seeds one place behind the point."""
    return f"{value:.0f}" if abs(value - round(value)) < 1e-9 else f"{value:.1f}"


def number(value: float | None) -> str:
    """A cost: integers from 100 on, one place behind the point below; ``unknown`` where it is."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"


def points(share: float) -> str:
    """A difference of shares: ``+12.5 points``."""
    return f"{100 * share:+.1f} points"


def points_between(low: float, high: float) -> str:
    """The interval of a difference of shares: ``-2.1 to +24.0``."""
    return f"{100 * low:+.1f} to {100 * high:+.1f}"


def ratio(value: float | None) -> str:
    """How many times as much: ``1.25x``."""
    return UNKNOWN if value is None else f"{value:.2f}x"


def p_value(p: float) -> str:
    """Three places, none of them all zeros."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def relative(rsr: float | None) -> str:
    """An RSR in percent."""
    return "n/a: the first run leaves nothing" if rsr is None else f"{rsr:+.1f}%"


def counted(number_of: int, noun: str) -> str:
    """``1 task``, ``2 tasks``."""
    return f"{number_of:,} {noun}" if number_of == 1 else f"{number_of:,} {noun}s"


def scope(summary: Summary) -> str:
    """How much of the benchmark a run's figures are about, and which part: ``n of N tasks``."""
    tasks = summary.tasks
    part = f" ({tasks.selected} selected)" if tasks.selected != tasks.scored else ""
    harder = f", of those whose visible tests {summary.unsolved_by} failed" if summary.unsolved_by else ""
    return f"{tasks.scored} of {tasks.benchmark} tasks{part}{harder}"


def solved(summary: Summary) -> str:
    """The solve rate in a cell beside others: ``62.5% (5 of 8)``, and whether more tasks were selected."""
    if summary.solved is None:
        return UNKNOWN
    partial = ", partial" if summary.tasks.scored < summary.tasks.selected else ""
    return f"{percent(summary.solved.share)} ({whole(summary.solved.solved)} of {summary.solved.tasks}{partial})"


def guided(summary: Summary) -> str:
    """What guidance did, and for how many tasks it could do nothing; empty where there is nothing to say."""
    tasks = counted(summary.unguided, "task")
    if not summary.guided_tokens:  # nor was anything else guided
        return f"nothing could be run for {tasks}, whose answers are unchecked" if summary.unguided else ""
    chosen = f"{summary.guided_tokens:,} tokens, {summary.changed_tokens:,} of them other than the plain choice"
    return f"guided: {chosen}" + (f"; {tasks} decoded unguided, for nothing could be run" if summary.unguided else "")


def compared(one: Comparison) -> tuple[str, str, str, str]:
    """Difference, interval, p and RSR of two runs; where there are none, why."""
    if one.difference is None:
        return f"none: {one.selected}", "n/a", "n/a", "n/a"
    between = points_between(one.difference.low, one.difference.high)
    p = "n/a: more samples of a task in one" if one.agreement.p is None else p_value(one.agreement.p)
    return points(one.difference.share), between, p, relative(one.rsr)


def apart(one: Comparison) -> str:
    """Tasks that only one of two runs has a verdict on; empty where there are none."""
    if not any(one.apart):
        return ""
    return f"{one.apart[0]} more in {one.first} alone, {one.apart[1]} in {one.second} alone"


def attribution(summary: Summary) -> str:
    """``direct 3, early-exit candidate 2 (1 with changed tokens)``; ``none`` where nothing was solved."""
    changed = summary.solved_by_changed
    parts = [
        f"{origin} {count}" + (f" ({changed[origin]} with changed tokens)" if changed.get(origin) else "")
        for origin, count in summary.solved_by.items()
        if count
    ]
    return ", ".join(parts) or "none"


def left_out(summary: Summary) -> str:
    """What is in no rate, and why; empty where all is."""
    samples = summary.samples
    parts = [
        (samples.broken, "without a verdict, for the sandbox broke"),
        (samples.unfinished, "not finished, for engine or sandbox broke"),
        (samples.ungraded, "not graded yet"),
        (samples.planned - samples.done - samples.unfinished, "still to be made"),
    ]
    return ", ".join(f"{counted(count, 'sample')} {why}" for count, why in parts if count > 0)
