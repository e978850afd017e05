"""All suites by name."""

from collections.abc import Callable, Mapping
from pathlib import Path

from linewise.benchmarks import evalplus, humaneval, mbpp, mbpp_et
from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.errors import InputError

LOADERS: Mapping[str, Callable[[Path, SuiteOptions], Suite]] = {
    "mbpp": mbpp.load,
    "mbpp-et": mbpp_et.load,
    "mbpp+": evalplus.load_mbpp,
    "humaneval": humaneval.load,
    "humaneval-et": humaneval.load_et,
    "humaneval+": evalplus.load_humaneval,
}
"""What loads each suite from a folder of data."""


def load_suite(name: str, folder: Path, options: SuiteOptions) -> Suite:
    """The suite called ``name`` from the data in ``folder``. Raises ``InputError``."""
    loader = LOADERS.get(name)
    if loader is None:
        raise InputError(f"{name}: no such suite; there are {', '.join(LOADERS)}")
    return loader(folder, options)
