"""The dynamic signal: from outcomes and traces to the text that the guided context holds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from linewise.guidance.options import SignalOptions
from linewise.guidance.templates import render_template
from linewise.guidance.trace_text import shorten, trace_lines
from linewise.schema import AssertTest, Failure, Outcome, ProbeTest, Status, StdioTest, VisibleTest

_LEAST_LINES = 4
"""A trace is not cut below so many lines; after that whole entries are left out. A last one without a source is."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A program that was run on all visible tests, one outcome each; ``candidate`` tells it from the code so far."""

    program: str
    outcomes: tuple[Outcome, ...]
    candidate: bool = True


@dataclass(frozen=True, slots=True)
class Signal:
    """The text of a signal. ``cut_traces``: how many traces were shortened or left out to fit the budget."""

    text: str
    tokens: int
    cut_traces: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one (program, test) run contributes."""

    program: int
    heading: str
    lines: tuple[str, ...]


def build_signal(
    evidence: Sequence[Evidence],
    tests: Sequence[VisibleTest],
    options: SignalOptions,
    *,
    count_tokens: Callable[[str], int],
    room: int,
) -> Signal | None:
    """The signal of these programs, in at most ``options.max_tokens`` and at most ``room`` tokens.

    Over the budget the longest traces are halved, again and again, then entries are left out from the end. Where not
    one fits, all begins anew with long tests and calls cut in the middle, and where that does not do either, also
    without the programs' sources: what a run showed still guides.
    An empty one where nothing fits; ``None`` where there is nothing to show.
    """
    evidence = _most_passing(evidence, options.max_programs)
    budget = min(room, options.max_tokens or room)
    entries: list[_Entry] = []
    for sources, test_chars in ((True, None), (True, 2 * options.value_chars), (False, 2 * options.value_chars)):
        entries = [
            entry
            for number, item in enumerate(evidence)
            for entry in _entries(number, item, tests, options, test_chars)
        ]
        signal = _fitting(evidence, entries, count_tokens, budget, sources=sources)
        if signal is not None:
            return signal
    return Signal("", 0, len(entries)) if entries else None


def _fitting(
    evidence: Sequence[Evidence],
    whole: list[_Entry],
    count_tokens: Callable[[str], int],
    budget: int,
    *,
    sources: bool,
) -> Signal | None:
    entries = whole
    hopeful = math.inf  # characters that may fit, by the last count: counting a long text takes long
    while entries:
        text = _render(evidence, entries, sources=sources)
        if len(text) <= hopeful:
            tokens = count_tokens(text)
            if tokens <= budget:
                return Signal(text, tokens, _count_cut(whole, entries))
            hopeful = 1.25 * len(text) * budget / tokens
        entries = _shortened(entries, 0 if len(entries) == 1 and not sources else _LEAST_LINES)
    return None


def as_comments(text: str, head: str) -> str:
    """``text`` as comments that stand behind code whose last line so far is ``head``, which is begun anew after them.

    An indent goes on as it is; on a line that already holds code the comments begin below it.
    """
    indent = head[: len(head) - len(head.lstrip())]
    lines = [f"# {line}".rstrip() for line in text.split("\n")]
    return ("" if head == indent else f"\n{indent}") + f"\n{indent}".join(lines) + f"\n{head}"


def _most_passing(evidence: Sequence[Evidence], limit: int | None) -> Sequence[Evidence]:
    """The ``limit`` programs that pass most tests, in their order."""
    if limit is None or len(evidence) <= limit:
        return evidence
    ranked = sorted(range(len(evidence)), key=lambda index: -sum(run.passed for run in evidence[index].outcomes))
    return [evidence[index] for index in sorted(ranked[:limit])]


def _entries(
    number: int, item: Evidence, tests: Sequence[VisibleTest], options: SignalOptions, test_chars: int | None
) -> list[_Entry]:
    pairs = [
        (test, outcome)
        for test, outcome in zip(tests, item.outcomes, strict=True)
        if outcome.status is not Status.INFRASTRUCTURE
    ]
    if options.failing_only:
        pairs = [pair for pair in pairs if not pair[1].passed][:1] or pairs[:1]
    source = item.program.split("\n")
    return [
        _Entry(number, _heading(test, outcome, options, test_chars), tuple(trace_lines(outcome.trace, source, options)))
        for test, outcome in pairs
    ]


def _heading(test: VisibleTest, outcome: Outcome, options: SignalOptions, test_chars: int | None) -> str:
    if isinstance(test, StdioTest):
        given, expected = (shorten(repr(text), options.value_chars) for text in (test.stdin, test.stdout))
        shown = f"Input {given}, expected output {expected}"
    else:
        call = outcome.invocation or _without_expected(test)
        source = test.source if options.verdicts else call
        shown = f"`{source if test_chars is None else shorten(source, test_chars)}`"
    return f"{shown}: {_verdict(test, outcome, options)}" if options.verdicts else shown


def _without_expected(test: AssertTest | ProbeTest) -> str:
    return "the test" if isinstance(test, AssertTest) else test.source


def _verdict(test: VisibleTest, outcome: Outcome, options: SignalOptions) -> str:
    if isinstance(test, ProbeTest) and outcome.passed:
        return "ran to its end"
    if outcome.passed:
        return "passes"
    if outcome.failure is Failure.WRONG:
        return _wrong(test, outcome, options)
    if outcome.failure is Failure.TIMEOUT:
        return "FAILS, it does not end"
    where = f" in line {outcome.error_line}" if outcome.error_line else ""
    return f"FAILS with {shorten(outcome.error or outcome.failure or 'an error', 2 * options.value_chars)}{where}"


def _wrong(test: VisibleTest, outcome: Outcome, options: SignalOptions) -> str:
    if isinstance(test, StdioTest):
        return f"FAILS, it prints {shorten(repr(outcome.stdout), options.value_chars)}"
    if outcome.value is None:
        return "FAILS"
    value = shorten(outcome.value, options.value_chars)
    if not test.source.strip().startswith(f"assert {outcome.invocation} =="):
        return f"FAILS, {outcome.invocation or 'the call'} gave {value}"  # it compares something made of the value
    expected = outcome.expected
    return (
        f"FAILS, got {value}, expected {shorten(expected, options.value_chars)}" if expected else f"FAILS, got {value}"
    )


def _shortened(entries: list[_Entry], least: int) -> list[_Entry]:
    """The longest trace halved around its middle; where none is longer than ``least``, the last entry left out."""
    longest = max(range(len(entries)), key=lambda index: len(entries[index].lines))
    lines = entries[longest].lines
    if len(lines) <= least:
        return entries[:-1]
    kept = len(lines) // 4
    shorter = (*lines[:kept], "...", *lines[len(lines) - kept :]) if len(lines) > 1 else ()
    halved = replace(entries[longest], lines=shorter)
    return [*entries[:longest], halved, *entries[longest + 1 :]]


def _count_cut(whole: list[_Entry], entries: list[_Entry]) -> int:
    changed = sum(before.lines != after.lines for before, after in zip(whole, entries, strict=False))
    return len(whole) - len(entries) + changed


def _render(evidence: Sequence[Evidence], entries: Sequence[_Entry], *, sources: bool) -> str:
    programs = [
        {
            "source": item.program if sources else None,
            "candidate": item.candidate and 1 + sum(before.candidate for before in evidence[:number]),
            "entries": [entry for entry in entries if entry.program == number],
        }
        for number, item in enumerate(evidence)
    ]
    return render_template("signal.jinja", programs=[program for program in programs if program["entries"]])
