"""The examination: settings, engine, models, sandbox, versions."""

from collections.abc import Callable, Iterable
from pathlib import Path

from linewise.config import Settings, load_settings
from linewise.doctor.engine import look_at_engine, look_at_models, look_at_work
from linewise.doctor.report import Finding, Part, Report
from linewise.doctor.sandbox import look_at_sandbox
from linewise.doctor.versions import versions
from linewise.errors import InputError


def examine(config: Path | None = None) -> Report:
    """Look at all that ``solve`` needs with the settings of ``config``, by default of ``linewise.toml``.

    Takes a few seconds. Raises nothing: what breaks is a finding.
    """
    settings, findings = _settings(config)
    findings += _safely("engine", lambda: look_at_engine(settings))
    findings += _safely("model", lambda: look_at_models(settings))
    if all(finding.ok or not finding.needed for finding in findings):
        findings += _safely("model", lambda: look_at_work(settings))
    findings += _safely("sandbox", lambda: look_at_sandbox(settings))
    return Report(versions(), tuple(findings))


def _settings(config: Path | None) -> tuple[Settings, list[Finding]]:
    """The settings, or the built-in ones and what is wrong with the user's."""
    try:
        return load_settings(file=config), []
    except InputError as error:
        return Settings.model_construct(), [Finding("settings", "settings", False, str(error))]


def _safely(part: Part, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What ``look`` finds. That a check itself breaks, in whatever way, is the finding a user of doctor came for."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except Exception as error:
        found.append(Finding(part, "check", False, f"broke: {type(error).__name__}: {error}"))
    return found
