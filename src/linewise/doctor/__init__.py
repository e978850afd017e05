"""Looks at whether everything that ``solve`` needs is here and works. Prints nothing."""

from linewise.doctor.examine import examine
from linewise.doctor.report import Finding, Report

__all__ = ["Finding", "Report", "examine"]
