"""All suites by name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from linewise.benchmarks.base import Suite, SuiteOptions
from linewise.benchmarks.download import suite_folder
from linewise.benchmarks.suites import codecontests, ds1000, evalplus, humaneval, mbpp, mbpp_et
from linewise.errors import InputError


class Loader(NamedTuple):
    """What loads a suite from a folder of data, and which of ``SuiteOptions`` it reads."""

    load: Callable[[Path, SuiteOptions], Suite]
    reads: tuple[str, ...]


_MBPP = ("visible", "split")

LOADERS: Mapping[str, Loader] = {
    "mbpp": Loader(mbpp.load, _MBPP),
    "mbpp-et": Loader(mbpp_et.load, _MBPP),
    "mbpp+": Loader(evalplus.load_mbpp, _MBPP),
    "humaneval": Loader(humaneval.load, ("visible",)),
    "humaneval-et": Loader(humaneval.load_et, ("visible",)),
    "humaneval+": Loader(evalplus.load_humaneval, ("visible",)),
    "codecontests": Loader(codecontests.load, ("visible",)),
    "ds-1000": Loader(ds1000.load, ("libraries",)),
}
"""All suites by name."""


def load_suite(name: str, folder: Path | None, options: SuiteOptions) -> Suite:
    """The suite called ``name`` from the data in ``folder``, else from where ``download.suite_folder`` has it.

    Raises ``InputError``, also where ``options`` has a choice that this suite does not offer.
    """
    loader = loader_of(name)
    unset = SuiteOptions().model_dump()
    ignored = [
        name for name, value in options.model_dump().items() if value != unset[name] and name not in loader.reads
    ]
    if ignored:
        offered = ", ".join(f"--{option}" for option in loader.reads)
        raise InputError(f"--{ignored[0]}: {name} has no such choice, only {offered}; leave it out")
    return loader.load(suite_folder(name, folder), options)


def loader_of(name: str) -> Loader:
    """The loader of the suite called ``name``; raises ``InputError`` where there is none."""
    if name not in LOADERS:
        raise InputError(f"{name}: no such suite; there are {', '.join(LOADERS)}")
    return LOADERS[name]
