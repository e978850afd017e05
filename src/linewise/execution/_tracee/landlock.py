"""Landlock: from here on the process and its children write beneath the given folders and to the null device alone,
open no TCP connection, and signal nobody outside. Reading stays what the mounts allow.
"""

import ctypes
import functools
import os
from collections.abc import Sequence

from . import kernel

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1
PATH_BENEATH = 1
WRITE_FILE, TRUNCATE = 1 << 1, 1 << 14
REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
DEVICES_AND_SOCKETS = 1 << 6 | 1 << 9 | 1 << 11
REFER, IOCTL_DEVICE = 1 << 13, 1 << 15
TCP = 0b11
SCOPES = 0b11
O_PATH = 0o10000000


@functools.cache
def abi() -> int:
    """The version of Landlock that this kernel has; 0 for none."""
    try:
        return kernel.call(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)
    except OSError:
        return 0


def restrict(folders: Sequence[str]) -> None:
    """Restrict this process, which must not be able to gain privileges. Does what the kernel's version knows."""
    version = abi()
    if not version:
        return
    rights = _handled(version)
    attributes = (ctypes.c_uint64 * 3)(rights, TCP if version >= 4 else 0, SCOPES if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = kernel.call(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    try:
        for folder in folders:
            _allow(ruleset, folder, rights & ~DEVICES_AND_SOCKETS)
        _allow(ruleset, os.devnull, rights & (WRITE_FILE | TRUNCATE))
        kernel.call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _handled(version: int) -> int:
    rights = WRITE_FILE | REMOVE_AND_MAKE
    for since, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEVICE)):
        rights |= right if version >= since else 0
    return rights


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _allow(ruleset: int, path: str, rights: int) -> None:
    parent = os.open(path, O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(rights, parent)
        kernel.call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
