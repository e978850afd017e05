"""What an examination finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Part = Literal["settings", "engine", "model", "sandbox", "isolation"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at and whether it is well.

    ``needed``: without it ``solve`` does not work. ``fix``: the command that mends it, where there is one.
    """

    part: Part
    name: str
    ok: bool
    detail: str
    needed: bool = True
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """``versions``: ``None`` for what is not there."""

    versions: Mapping[str, str | None]
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What keeps ``solve`` from working."""
        return tuple(finding for finding in self.findings if finding.needed and not finding.ok)

    @property
    def ok(self) -> bool:
        """Whether ``solve`` has all that it needs."""
        return not self.problems

    @property
    def fix(self) -> str | None:
        """The one command that mends every problem for which a command is known."""
        commands = [finding.fix for finding in self.problems if finding.fix]
        return " && ".join(dict.fromkeys(commands)) or None
