"""All suites by name."""

from collections.abc import Callable, Mapping
from pathlib import Path

from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.benchmarks.download import suite_folder
from linewise.benchmarks.suites import codecontests, ds1000, evalplus, humaneval, mbpp, mbpp_et
from linewise.errors import InputError

LOADERS: Mapping[str, Callable[[Path, SuiteOptions], Suite]] = {
    "mbpp": mbpp.load,
    "mbpp-et": mbpp_et.load,
    "mbpp+": evalplus.load_mbpp,
    "humaneval": humaneval.load,
    "humaneval-et": humaneval.load_et,
    "humaneval+": evalplus.load_humaneval,
    "codecontests": codecontests.load,
    "ds-1000": ds1000.load,
}
"""What loads each suite from a folder of data."""


def load_suite(name: str, folder: Path | None, options: SuiteOptions) -> Suite:
    """The suite called ``name`` from the data in ``folder``, else from where ``download.suite_folder`` has it.

    Raises ``InputError``.
    """
    loader = LOADERS.get(name)
    if loader is None:
        raise InputError(f"{name}: no such suite; there are {', '.join(LOADERS)}")
    return loader(suite_folder(name, folder), options)
