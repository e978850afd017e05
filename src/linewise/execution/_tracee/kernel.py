"""System calls that Python has no function for, on ctypes. Each raises ``OSError`` with its name where it fails."""

import ctypes
import errno
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18

PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

CAPABILITY_VERSION = 0x20080522
LAST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)
_OWN_CAPABILITIES = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
_NONE = (ctypes.c_uint32 * 6)()


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def machine() -> str:
    """The processor's architecture as the kernel names it: ``x86_64``, ``aarch64``."""
    return os.uname().machine


def unshare(flags: int) -> None:
    """Leave namespaces; for ``CLONE_NEWPID``, the next child is the first process of a new one."""
    _checked(_libc.unshare(flags), "unshare")


def enter_namespace(descriptor: int, kind: int) -> None:
    """Join a namespace; for ``CLONE_NEWPID``, the next child does."""
    _checked(_libc.setns(descriptor, kind), "setns")


def mount(kind: str, target: str, flags: int, options: str = "") -> None:
    """Mount a new file system of this kind, or the folder ``kind`` once more (``MS_BIND``), or change the propagation
    of the one that is there (``kind`` empty).
    """
    source = kind.encode() or None
    name = f"mount {kind or 'flags'} on {target}"
    _checked(_libc.mount(source, target.encode(), source, ctypes.c_ulong(flags), options.encode() or None), name)


def prctl(option: int, value: int, more: int = 0) -> None:
    """``prctl`` with one or two arguments."""
    zero = ctypes.c_ulong(0)
    _checked(_libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(more), zero, zero), f"prctl {option}")


def drop_bounding_set() -> None:
    """Keep every program that is started from now on from having capabilities."""
    for capability in range(LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return  # beyond the last that this kernel knows


def drop_capabilities() -> None:
    """Give up every capability that this process has."""
    _checked(_libc.capset(_OWN_CAPABILITIES, _NONE), "capset")


def call(number: int, *arguments: object) -> int:
    """A system call by its number."""
    return _checked(_libc.syscall(ctypes.c_long(number), *arguments), f"system call {number}")
