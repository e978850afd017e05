"""What a control has in common with the run that it is made for: tests, data, model, and costs that mean something."""

from collections.abc import Sequence
from dataclasses import replace

from linewise.errors import InputError
from linewise.runs.figures.comparison import refuse_unlike
from linewise.runs.figures.costs import By, cost_by
from linewise.runs.reading import Key, Run
from linewise.runs.records import RunInfo, SuiteRecord
from linewise.strategies import KEEPS_ALLOWANCE


def refuse_other_tests(run: Run, suite: SuiteRecord, flag: str) -> None:
    """Raise ``InputError`` where ``run``, which ``flag`` names, was not scored by the tests of ``suite``."""
    ours = replace(run, info=run.info.model_copy(update={"suite": suite}))
    refuse_unlike(run, ours, (f"{flag} {run.folder}", "this run"))


def refuse_other_model(run: Run, info: RunInfo, flag: str) -> None:
    """Raise ``InputError`` where ``run``, which ``flag`` names, is of another model than ``info`` says.

    A file is known by its checksum; a model that is no single file by its name.
    """
    theirs, ours = run.info, info
    known = theirs.model_checksum is not None and ours.model_checksum is not None
    if (theirs.model_checksum != ours.model_checksum) if known else (theirs.model != ours.model):
        raise InputError(
            f"{flag} {run.folder}: a run of another model, {_model(theirs)}, not {_model(ours)}; "
            "a control needs the same one"
        )


def _model(info: RunInfo) -> str:
    return f"{info.model} (SHA-256 {info.model_checksum[:8]}...)" if info.model_checksum else info.model


def matched_budgets(run: Run, info: RunInfo, by: By, keys: Sequence[Key]) -> dict[Key, float]:
    """What each sample of ``keys`` may cost in the run of ``info``, so that it costs what it did in ``run``.

    Raises ``InputError`` where one of the two cannot be matched, or a cost is missing.
    """
    place = f"--match-cost {run.folder}"
    _refuse_unmatchable(info, place)
    if run.info.workers > 1:
        raise InputError(
            f"{place}: made with {run.info.workers} workers, whose tasks share what the engine keeps, so that "
            "none has a cost of its own; make that run with --workers 1"
        )
    refuse_other_tests(run, info.suite, "--match-cost")
    refuse_other_model(run, info, "--match-cost")
    return {key: _cost(run, key, by) for key in keys}


def _refuse_unmatchable(info: RunInfo, place: str) -> None:
    strategy = info.settings["strategy"]
    if strategy not in KEEPS_ALLOWANCE:
        known = " or ".join(KEEPS_ALLOWANCE)
        raise InputError(f"{place}: {strategy} costs what it costs, whatever the budget; match --strategy {known}")
    if info.workers > 1:
        raise InputError(
            f"{place}: with {info.workers} workers tasks share what the engine keeps, so that none has a cost of its "
            "own; match with --workers 1"
        )


def _cost(run: Run, key: Key, by: By) -> float:
    place = f"--match-cost {run.folder}"
    sample = run.samples.get(key)
    if sample is None:
        raise InputError(f"{place}: holds no sample of {key[0]} with seed {key[1]}; run it there first")
    spent = cost_by(sample.cost, by)
    if spent is None:
        raise InputError(f"{place}: the cost of {key[0]} is unknown there; match --by the other one")
    return spent
