"""A user namespace with more than one user in it, so that programs can be other kernel users than their zygote."""

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from linewise.errors import SandboxError

WANTED = ((2_000_000_000, 1 << 16), (50_000, 1 << 12))
"""First number and count of users that hardly any machine gives to an account; the second for containers with few."""

HOLD = """
import ctypes, os, sys
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
    sys.exit(os.strerror(ctypes.get_errno()))
print(flush=True)
sys.stdin.read()
"""


def open_user_namespace() -> int:
    """A descriptor of a new user namespace. Raises ``SandboxError`` where this user may not make one.

    Its user 0 is this process's user; users from 1 on are ones without an account. Only root can map these.
    """
    users = _free_users(Path("/proc/self/uid_map").read_text(), [entry.pw_uid for entry in pwd.getpwall()])
    groups = _free_users(Path("/proc/self/gid_map").read_text(), [])
    if os.geteuid() or not (users and groups):
        raise SandboxError("no kernel users to give to programs")
    holder = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        try:
            if not holder.stdout.readline():
                raise SandboxError("no user namespace can be made")
            process = Path(f"/proc/{holder.pid}")
            _write(process / "uid_map", os.geteuid(), users)
            _write(process / "gid_map", os.getegid(), groups)
            return os.open(process / "ns" / "user", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise SandboxError(f"no user namespace can be made ({error.strerror})") from error
        finally:
            holder.kill()


def is_root_of_the_machine() -> bool:
    """Whether this process is the user 0 that no namespace maps to another."""
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split() == ["0", "0", str((1 << 32) - 1)]


def _write(file: Path, own: int, others: range) -> None:
    file.write_text(f"0 {own} 1\n1 {others.start} {len(others)}\n")


def _free_users(mapped: str, taken: Sequence[int]) -> range:
    """Numbers that this process's own namespace has and that no account uses; empty where there are none."""
    ours = [range(first, first + count) for first, _, count in (map(int, line.split()) for line in mapped.splitlines())]
    for first, count in WANTED:
        wanted = range(first, first + count)
        if any(wanted.start in one and wanted[-1] in one for one in ours) and not any(one in wanted for one in taken):
            return wanted
    return range(0)
