"""What separates a child from its zygote and from every other child, before any code of a program runs in it.

A zygote inside bubblewrap is the first process of its process space and holds the capabilities that this takes. Each
child becomes the first process of a process space of its own, so that it sees and signals nobody else and ends
together with all that it has started; has mounts of its own, with an empty ``/tmp``, which is its ``/dev/shm`` as
well, and a ``/proc`` that shows nothing but itself; is another kernel user, where the user namespace has more than
one; and gives up all capabilities before Landlock and the system call filter close the rest.

A zygote that is started without isolation (``--sandbox process``) gives its children none of this.
"""

import os
import random
from collections.abc import Collection, Sequence
from pathlib import Path

from . import kernel, landlock, seccomp

SECURE = kernel.MS_NOSUID | kernel.MS_NODEV
USERS = 16
"""How many kernel users the children of one zygote take in turn; more than there are of them at a time."""
SAME_USER = 8
"""Without other kernel users the zygote and all its children count as one user's, at most this many of them."""


class Isolation:
    """Made by a zygote before its first child."""

    def __init__(self, temporary_bytes: int) -> None:
        self._own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._options = f"size={temporary_bytes},nr_inodes=16384,mode=0700"
        self._users = _other_users(Path("/proc/self/uid_map").read_text(), os.getuid())
        self._turn = 0
        self.processes_beside = 0 if self._users else SAME_USER
        kernel.mount("", "/", kernel.MS_REC | kernel.MS_PRIVATE)
        seccomp.prepared()
        landlock.abi()
        kernel.drop_bounding_set()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)

    def next_user(self, taken: Collection[int | None]) -> int:
        """Choose the user of the next child: the next in turn that is not ``taken``, where there is one."""
        for _ in range(max(1, len(self._users))):
            self._turn += 1
            if self._user() not in taken:
                break
        return self._user()

    def fork(self) -> int:
        """``os.fork``, the child as the first process of its own process space."""
        kernel.unshare(kernel.CLONE_NEWPID)
        child = os.fork()
        if child:
            kernel.enter_namespace(self._own_processes, kernel.CLONE_NEWPID)
        return child

    def enter(self) -> None:
        """Called in the child: close every layer around it."""
        user = self._user()
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.mount("tmpfs", "/tmp", SECURE, f"{self._options},uid={user},gid={user}")
        kernel.mount("/tmp", "/dev/shm", kernel.MS_BIND)  # where semaphores live, which ``multiprocessing`` needs
        kernel.mount("proc", "/proc", SECURE | kernel.MS_NOEXEC)
        if self._users:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        os.chdir("/tmp")
        kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # its own /proc/self is its to read
        landlock.restrict(["/tmp"])
        seccomp.restrict()

    def _user(self) -> int:
        return self._users[self._turn % len(self._users)] if self._users else os.getuid()


def _other_users(uid_map: str, own: int) -> Sequence[int]:
    """Users of this namespace other than the zygote's; none where the kernel lets us have but one."""
    ranges = [[int(number) for number in line.split()] for line in uid_map.splitlines()]
    first, _, count = max(ranges, key=lambda one: one[2])
    if count < 4 * USERS:
        return ()
    base = first + random.SystemRandom().randrange(count // 2, count - USERS)  # low numbers may be accounts
    return [user for user in range(base, base + USERS + 1) if user != own][:USERS]
