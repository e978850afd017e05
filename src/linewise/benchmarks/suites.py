"""All suites by name."""

from collections.abc import Callable, Mapping
from pathlib import Path

from linewise.benchmarks import codecontests, ds1000, mbpp
from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.errors import InputError

LOADERS: Mapping[str, Callable[[Path, SuiteOptions], Suite]] = {
    "mbpp": mbpp.load,
    "codecontests": codecontests.load,
    "ds-1000": ds1000.load,
}
"""What loads each suite from a folder of data."""


def load_suite(name: str, folder: Path, options: SuiteOptions) -> Suite:
    """The suite called ``name`` from the data in ``folder``. Raises ``InputError``."""
    loader = LOADERS.get(name)
    if loader is None:
        raise InputError(f"{name}: no such suite; there are {', '.join(LOADERS)}")
    return loader(folder, options)
