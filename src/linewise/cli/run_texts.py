"""Runs as plain text for a terminal. Lines are never broken, so that they can be searched and cut.

What somebody else's files hold is made visible, so that none of it reaches the terminal as a command.
"""

from collections.abc import Iterable, Mapping, Sequence

from linewise.runs.figures import words
from linewise.runs.figures.comparison import Comparison, Ratio
from linewise.runs.figures.costs import Budgets, Costs, Spent
from linewise.runs.figures.differences import Differing
from linewise.runs.figures.summary import Summary
from linewise.runs.reading import Run
from linewise.runs.records import GradeRecord, Sample
from linewise.viewer.plain import one_line, visible


def table(rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """``rows`` in columns, those in ``right`` flush right; the first row is the head."""
    ends = set(right)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        cells = [
            text.rjust(width) if at in ends else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join(map(line, rows))


def pairs(rows: Mapping[str, str]) -> str:
    """Names and what they are; empty ones are left out."""
    width = max(map(len, rows))
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in rows.items() if value)


def list_text(summaries: Sequence[Summary]) -> str:
    """A row for each run."""
    head = ("run", "suite", "method", "model", "done", "solved", "tokens computed")
    return visible(table([head, *map(_list_row, summaries)], right=(4, 5, 6)))


def _list_row(summary: Summary) -> tuple[str, ...]:
    tasks, solved = summary.tasks, summary.solved
    count = f"{words.whole(solved.solved)} of {solved.tasks}" if solved else "-"
    tokens = words.number(summary.costs.counts["computed"].total)
    done = f"{tasks.done} of {tasks.selected}"
    return summary.name, summary.suite, summary.method, one_line(summary.model, 40), done, count, tokens


def show_text(summary: Summary) -> str:
    """One run, figure by figure."""
    parts = [_head(summary), _figures(summary), _cost_table(summary.costs), *summary.notes]
    return visible("\n\n".join(filter(None, parts)))


def _head(summary: Summary) -> str:
    return pairs(
        {
            summary.name: summary.suite,
            "method": summary.method,
            "model": summary.model,
            "tasks": words.scope(summary),
            "scored on": summary.scored_on,
            "selected": summary.selection,
        }
    )


def _figures(summary: Summary) -> str:
    guided = f"{summary.guided_tokens:,} tokens, {summary.changed_tokens:,} of them changed"
    failures = ", ".join(f"{kind} {count}" for kind, count in summary.failures.items())
    return pairs(
        {
            "solved (pass@1)": words.rate(summary.solved, "unknown: no task has a verdict"),
            **{f"pass@{k}": words.rate(value) for k, value in summary.pass_at_k.items()},
            "any attempt (oracle)": words.rate(summary.oracle),
            "accepted but wrong": words.rate(summary.accepted_but_wrong, summary.accepted_note),
            "solved by": words.attribution(summary),
            "failed by": failures,
            "guided": guided if summary.guided_tokens else "",
            "unchecked": _unchecked(summary),
            "not counted": words.left_out(summary),
            "judged in-process": _in_process(summary),
            "budget": budget_text(summary.budgets) if summary.budgets else "",
        }
    )


def _unchecked(summary: Summary) -> str:
    return f"{words.counted(summary.unguided, 'task')}, of which nothing could be run" if summary.unguided else ""


def _in_process(summary: Summary) -> str:
    known = f"{summary.in_process} of {words.counted(summary.samples.scored, 'verdict')}"
    return f"{known}, within the program's process" if summary.in_process else ""


def budget_text(budgets: Budgets) -> str:
    """What was spent beside what was allowed."""
    unit = "tokens computed" if budgets.by == "computed" else "seconds"
    spent = f"{words.number(budgets.spent)} of {words.number(budgets.allowed)} {unit} spent"
    over = "" if budgets.over is None else f", {words.counted(budgets.over, 'sample')} over it"
    return f"{spent}, that of {budgets.run} sample by sample{over}"


def _cost_table(costs: Costs) -> str:
    if not costs.samples:
        return ""
    rows = [(words.COUNT_NAMES[name], *_spent(spent)) for name, spent in costs.counts.items()]
    rows += [(f"seconds, {part}", *_spent(spent)) for part, spent in costs.seconds.items()]
    head = (f"cost of {words.counted(costs.samples, 'sample')}", "all", "mean", "median")
    return table([head, *rows], right=(1, 2, 3))


def _spent(spent: Spent) -> tuple[str, str, str]:
    return words.number(spent.total), words.number(spent.mean), words.number(spent.median)


def task_lines(run: Run) -> str:
    """A row for each sample."""
    head = ("task", "seed", "verdict", "visible tests", "by", "tokens computed", "seconds", "")
    rows = [_task_row(sample, run.grades.get(key)) for key, sample in run.samples.items()]
    return visible(table([head, *rows], right=(1, 5, 6)))


def _task_row(sample: Sample, grade: GradeRecord | None) -> tuple[str, ...]:
    visible = {True: "passed", False: "failed", None: "none"}[sample.passed_visible]
    why = one_line(grade.error or "", 60) if grade and not grade.passed else ""
    cost = words.number(sample.cost.computed), words.number(sample.cost.seconds.get("total"))
    return sample.task_id, str(sample.seed), _verdict(grade), visible, str(sample.origin), *cost, why


def _verdict(grade: GradeRecord | None) -> str:
    if grade is None:
        return "not graded"
    if grade.passed is None:
        return "infrastructure error"
    return "solved" if grade.passed else f"failed: {grade.failure or 'unknown'}"


def comparison_text(one: Comparison) -> str:
    """The second run against the first, and what differs besides the method."""
    return visible("\n\n".join(filter(None, [_scope(one), _agreement(one), _verdicts(one), _settings(one)])))


def _scope(one: Comparison) -> str:
    tasks = f"{words.counted(one.tasks, 'task')} of {one.suite} with a verdict in both"
    apart = f" ({words.apart(one)})" if any(one.apart) else ""
    return f"{one.second} against {one.first}: {tasks}{apart}, scored on {one.scored_on}"


def _agreement(one: Comparison) -> str:
    names = (
        ("as often, not 0", f"more often by {one.first}", f"more often by {one.second}", "never")
        if one.seeds
        else ("both", f"only {one.first}", f"only {one.second}", "neither")
    )
    found = one.agreement
    rows = [
        (names[0], str(found.both), ""),
        (names[1], str(len(found.only_first)), ", ".join(found.only_first)),
        (names[2], str(len(found.only_second)), ", ".join(found.only_second)),
        (names[3], str(found.neither), ""),
    ]
    return table([("solved by", "tasks", ""), *rows], right=(1,))


def _verdicts(one: Comparison) -> str:
    difference, between, p, relative = words.compared(one)
    test = "sign test" if one.seeds else "McNemar"
    return pairs(
        {
            f"solve rate of {one.first}": words.rate(one.rates[0]),
            f"solve rate of {one.second}": words.rate(one.rates[1]),
            "difference": difference if one.selected else f"{difference} ({between})",
            f"p ({test}, exact)": p,
            "RSR": relative,
            "tokens computed": _ratio(one.costs["computed"]),
            "seconds": _ratio(one.costs["seconds"]),
        }
    )


def _ratio(ratio: Ratio) -> str:
    return f"{words.ratio(ratio.overall)} in all, {words.ratio(ratio.per_task)} per task (median)"


def _settings(one: Comparison) -> str:
    parts = []
    if one.method:
        parts.append(f"what is compared:\n{_differing(one, one.method)}")
    if one.conditions:
        warning = "warning: these differ as well, and may be why the runs do:"
        parts.append(f"{warning}\n{_differing(one, one.conditions)}")
    return "\n\n".join(parts) or "no setting differs"


def _differing(one: Comparison, found: Sequence[Differing]) -> str:
    return table([("setting", one.first, one.second), *((row.key, row.first, row.second) for row in found)])
