"""The plots of a report as SVG that takes its colours from the page, so that it is readable on light and dark.

This is the only module that imports matplotlib, which is an extra.
"""

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from linewise.runs.figures.comparison import Comparison
from linewise.runs.report.contents import Report, TaskCost

_INK, _FAINT = "#010203", "#040506"
_SERIES = tuple(f"#0708{n:02x}" for n in range(1, 7))
"""Colours that stand for a variable of the page's style sheet; no plot has them by chance."""

_VARIABLES = {_INK: "--ink", _FAINT: "--faint", **{colour: f"--series-{n}" for n, colour in enumerate(_SERIES)}}
_LINES = ("-", "--", ":", "-.")
_WIDTH = 5.6
"""Inches: shown at 72 points an inch, so that text of 9 points stays readable on a phone."""

_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: it can be selected, searched and read aloud
    "svg.hashsalt": "linewise",  # equal plots are equal files
    "text.parse_math": False,  # a name of a run may hold a dollar sign
    "font.size": 9,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.6,
    "grid.color": _FAINT,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
}


def plots(report: Report) -> dict[str, str]:
    """The plots that ``report`` has data for, by what they show: ``curves``, ``costs`` and ``agreement``."""
    made: dict[str, str] = {}
    curves = {name: points for name, points in report.curves.items() if points}
    spent = {name: found for name, found in report.task_costs.items() if found}
    if curves:
        made["curves"] = _svg("curves", 3.4, lambda axes: _curves(axes, report, curves))
    if spent:
        made["costs"] = _svg("costs", 0.9 + 0.6 * len(spent), lambda axes: _costs(axes, spent))
    compared = [one for one in report.comparisons if not one.selected]
    if compared:
        made["agreement"] = _svg("agreement", 1.3 + 0.55 * len(compared), lambda axes: _agreement(axes, compared))
    return made


def _curves(axes: Any, report: Report, curves: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Steps of the solve rate; at the end of each the interval of the whole run."""
    rates = {run.name: run.solved for run in report.runs}
    for n, (name, points) in enumerate(curves.items()):
        colour, line = _SERIES[n % len(_SERIES)], _LINES[n % len(_LINES)]
        costs, shares = [max(1.0, cost) for cost, _ in points], [100 * share for _, share in points]
        axes.step([costs[0], *costs], [0.0, *shares], where="post", color=colour, ls=line, lw=1.8, label=_short(name))
        rate = rates[name]
        if rate:
            below, above = 100 * (rate.share - rate.low), 100 * (rate.high - rate.share)
            axes.errorbar(costs[-1], shares[-1], [[below], [above]], fmt="o", ms=4, color=colour, lw=1, capsize=3)
    axes.set(xscale="log", ylim=(0, 100), xlabel="tokens computed per task, at most", ylabel="tasks solved, %")
    _tokens(axes)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _costs(axes: Any, spent: Mapping[str, Sequence[TaskCost]]) -> None:
    """A box and its points for each run, the first one on top."""
    names = list(spent)
    rows = [len(names) - n for n in range(len(names))]
    values = [[max(1.0, one.cost) for one in spent[name]] for name in names]
    line = {"color": _INK, "linewidth": 1}
    axes.boxplot(
        values,
        positions=rows,
        orientation="horizontal",
        widths=0.6,
        whis=(5, 95),
        showfliers=False,
        boxprops=line,
        medianprops={"color": _INK, "linewidth": 2.4},
        whiskerprops=line,
        capprops=line,
    )
    for n, name in enumerate(names):
        colour = _SERIES[n % len(_SERIES)]
        for solved, fill in ((True, colour), (False, "none")):
            chosen = [i for i, one in enumerate(spent[name]) if (one.solved > 0) is solved]
            heights = [rows[n] + 0.5 * (i * 0.618 % 1 - 0.5) for i in chosen]  # spread, the same in every report
            costs = [values[n][i] for i in chosen]
            axes.plot(costs, heights, "o", ms=3.2, mec=colour, mfc=fill, mew=0.8, alpha=0.75)
    axes.set(xscale="log", xlabel="tokens computed per task", ylim=(0.4, len(names) + 0.6))
    axes.set_yticks(rows, [_short(name, 24) for name in names])
    axes.grid(visible=False, axis="y")
    _tokens(axes)


def _agreement(axes: Any, comparisons: Sequence[Comparison]) -> None:
    """A bar for each comparison, in tasks: both, only the first, only the second, neither."""
    rows = [len(comparisons) - n for n in range(len(comparisons))]
    found = [one.agreement for one in comparisons]
    first = _short(comparisons[0].first, 24)
    parts: list[tuple[str, list[int], str]] = [
        ("both", [one.both for one in found], _SERIES[0]),
        (f"only {first}", [len(one.only_first) for one in found], _SERIES[1]),
        ("only the other", [len(one.only_second) for one in found], _SERIES[2]),
        ("neither", [one.neither for one in found], "none"),
    ]
    starts = [0] * len(rows)
    for _, counts, colour in parts:
        axes.barh(rows, counts, 0.6, left=starts, facecolor=(colour, 0.4), edgecolor=_INK, lw=0.8)
        for row, start, count in zip(rows, starts, counts, strict=True):
            if count:
                axes.text(start + count / 2, row, str(count), ha="center", va="center", weight="bold")
        starts = [start + count for start, count in zip(starts, counts, strict=True)]
    axes.set(xlabel="tasks", xlim=(0, max(starts)), ylim=(0.5, len(rows) + 0.5))
    axes.set_yticks(rows, [_short(one.second, 24) for one in comparisons])
    axes.grid(visible=False, axis="y")
    swatches = [Patch(label=label, facecolor=(colour, 0.4), edgecolor=_INK, lw=0.8) for label, _, colour in parts]
    axes.legend(handles=swatches, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _tokens(axes: Any) -> None:
    """Ticks as ``1,000``, and not as powers."""
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:,.0f}" if f"{value:.0e}"[0] in "25" else "")
    axes.tick_params(axis="x", which="minor", labelsize=7)


def _short(name: str, limit: int = 36) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


def _svg(name: str, height: float, draw: Callable[[Any], None]) -> str:
    """What ``draw`` puts on axes, as an SVG element whose ids begin with ``name``."""
    text = io.StringIO()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's fonts are used, not ours
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(text, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator"), None))
    return _inline(text.getvalue(), name)


def _inline(svg: str, name: str) -> str:
    """``svg`` for inside a page: no size of its own, colours from the page, ids that no other plot has."""
    element = svg[svg.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    opening, _, rest = element.partition(">")
    opening = re.sub(r' (?:width|height|version|xmlns:xlink|xmlns)="[^"]*"', "", opening)
    rest = rest.replace("xlink:href", "href")
    rest = re.sub(r'\bid="', f'id="{name}-', rest)
    rest = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", rest)
    for colour, variable in _VARIABLES.items():
        rest = rest.replace(colour, f"var({variable})")
    return f'{opening} aria-hidden="true" class="plot">{rest}'.strip()
