"""A system call filter against what no program under test needs. A refused call fails with ``EPERM``.

Refused: looking into and steering other processes, mounting, new namespaces, keys, BPF, io_uring, performance
counters, kernel settings, asynchronous input, of which the machine has a fixed amount, sockets of every family
(``socketpair`` stays, which event loops need), System V objects, which would outlive a run, files in memory and shared
memory without a file, which stay uncounted where nobody has them mapped, large pages, and locks and watches on files,
by which programs that run at the same time could tell each other something. A call in another system call convention
(32 bit, x32) ends the process.
"""

import ctypes
import functools
import struct
from collections.abc import Iterator
from typing import NamedTuple

from . import kernel

LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT, FOURTH_ARGUMENT = 0, 4, 16, 24, 40
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x00050000 | 1, 0x00050000 | 38
SECCOMP_MODE_FILTER = 2
NEW_NAMESPACES = 0x7E020000
X32 = 0x40000000
MAP_SHARED, MAP_ANONYMOUS, MAP_HUGETLB = 0x1, 0x20, 0x40000
FCNTL_REFUSED = (5, 6, 7, 36, 37, 38, 1024, 1026)
"""Commands for locks of both kinds, leases, and watches on folders."""


class Convention(NamedTuple):
    """What a filter has to know about an architecture."""

    audit: int
    refused: tuple[int, ...]
    clone: int
    fcntl: int
    mmap: int


REFUSED: tuple[tuple[str, int, int | None], ...] = (
    ("ptrace", 101, 117), ("process_vm_readv", 310, 270), ("process_vm_writev", 311, 271), ("kcmp", 312, 272),
    ("pidfd_getfd", 438, 438), ("process_madvise", 440, 440), ("perf_event_open", 298, 241), ("mount", 165, 40),
    ("umount2", 166, 39), ("pivot_root", 155, 41), ("chroot", 161, 51), ("open_tree", 428, 428),
    ("move_mount", 429, 429), ("fsopen", 430, 430), ("fsconfig", 431, 431), ("fsmount", 432, 432),
    ("fspick", 433, 433), ("mount_setattr", 442, 442), ("unshare", 272, 97), ("setns", 308, 268),
    ("name_to_handle_at", 303, 264), ("open_by_handle_at", 304, 265), ("quotactl", 179, 60),
    ("quotactl_fd", 443, 443), ("add_key", 248, 217), ("request_key", 249, 218), ("keyctl", 250, 219),
    ("bpf", 321, 280), ("userfaultfd", 323, 282), ("io_uring_setup", 425, 425), ("io_uring_enter", 426, 426),
    ("io_uring_register", 427, 427), ("io_setup", 206, 0),
    ("fanotify_init", 300, 262), ("acct", 163, 89), ("syslog", 103, 116),
    ("personality", 135, 92), ("vhangup", 153, 58), ("lookup_dcookie", 212, 18), ("swapon", 167, 224),
    ("swapoff", 168, 225), ("reboot", 169, 142), ("sethostname", 170, 161), ("setdomainname", 171, 162),
    ("init_module", 175, 105), ("finit_module", 313, 273), ("delete_module", 176, 106), ("kexec_load", 246, 104),
    ("kexec_file_load", 320, 294), ("settimeofday", 164, 170), ("clock_settime", 227, 112), ("adjtimex", 159, 171),
    ("clock_adjtime", 305, 266), ("socket", 41, 198), ("shmget", 29, 194), ("semget", 64, 190), ("msgget", 68, 186),
    ("mq_open", 240, 180),
    ("memfd_create", 319, 279), ("memfd_secret", 447, 447), ("flock", 73, 32), ("inotify_init1", 294, 26),
    ("inotify_init", 253, None),
    ("iopl", 172, None), ("ioperm", 173, None), ("modify_ldt", 154, None),
)  # fmt: skip
"""System calls with their numbers on x86_64 and on aarch64, which lacks some."""

CLONE3 = 435
CONVENTIONS = {
    "x86_64": Convention(0xC000003E, tuple(number for _, number, _ in REFUSED), 56, 72, 9),
    "aarch64": Convention(0xC00000B7, tuple(number for _, _, number in REFUSED if number is not None), 220, 25, 222),
}


@functools.cache
def prepared() -> bytes | None:
    """The filter for this machine as the kernel reads it; ``None`` on an architecture that none is known for."""
    convention = CONVENTIONS.get(kernel.machine())
    if convention is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    return assemble(convention)


def restrict() -> None:
    """Filter this process, which cannot gain privileges any more, and its children, for good."""
    if (code := prepared()) is not None:
        load(code)


def load(code: bytes) -> None:
    """Put a filter into force."""
    buffer = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(code) // 8, ctypes.addressof(buffer)))
    kernel.prctl(kernel.PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(head))


def assemble(convention: Convention) -> bytes:
    """The filter for an architecture as the kernel reads it."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program(convention))


def program(convention: Convention) -> Iterator[tuple[int, int, int, int]]:
    """The filter's instructions: operation, jump if true, jump if false, operand. Short, for every child loads it."""
    refused, commands = convention.refused, FCNTL_REFUSED
    yield (LOAD, 0, 0, ARCHITECTURE)
    yield (JUMP_EQUAL, 1, 0, convention.audit)
    yield (RETURN, 0, 0, KILL_PROCESS)
    yield (LOAD, 0, 0, NUMBER)
    yield (JUMP_GREATER_EQUAL, 0, 1, X32)
    yield (RETURN, 0, 0, KILL_PROCESS)
    for position, number in enumerate(refused):
        yield (JUMP_EQUAL, len(refused) - position + len(commands) + 12, 0, number)  # to the last instruction
    yield (JUMP_EQUAL, 0, 1, CLONE3)
    yield (RETURN, 0, 0, ENOSYS)  # its flags are in memory, out of a filter's sight; libraries then use clone
    yield (JUMP_EQUAL, 0, len(commands) + 1, convention.fcntl)
    yield (LOAD, 0, 0, SECOND_ARGUMENT)
    for position, command in enumerate(commands, 1):
        allowed = 8 if position == len(commands) else 0  # past what is asked of clone
        yield (JUMP_EQUAL, len(commands) - position + 9, allowed, command)
    yield (JUMP_EQUAL, 0, 2, convention.clone)
    yield (LOAD, 0, 0, FIRST_ARGUMENT)
    yield (JUMP_ANY_BIT, 6, 5, NEW_NAMESPACES)
    yield (JUMP_EQUAL, 0, 4, convention.mmap)
    yield (LOAD, 0, 0, FOURTH_ARGUMENT)
    yield (JUMP_ANY_BIT, 3, 0, MAP_HUGETLB)
    yield (JUMP_ANY_BIT, 0, 1, MAP_ANONYMOUS)
    yield (JUMP_ANY_BIT, 1, 0, MAP_SHARED)
    yield (RETURN, 0, 0, ALLOW)
    yield (RETURN, 0, 0, EPERM)
