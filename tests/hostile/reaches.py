"""Programs that reach for what is not theirs: files, processes, the kernel, other runs, the network."""

from attack import Attack

CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
"""


def refused_call(name: str, number: int, *arguments: object) -> Attack:
    """A system call (of x86_64) that must fail for want of permission."""
    shown = ", ".join(map(repr, arguments))
    return Attack(
        f"call-{name}",
        f"{name} is refused",
        f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall({number}, {shown})
        return 1 if ctypes.get_errno() == 1 else ctypes.get_errno()
        """,
    )


def refused_socket(family: str, kind: str) -> Attack:
    """A socket that must not come to be."""
    return Attack(
        f"socket-{family}-{kind}",
        "there is no network, and no way to other programs",
        f"""
        import socket
        try:
            socket.socket(socket.{family}, socket.{kind})
        except OSError:
            return 1
        """,
    )


ATTACKS = [
    Attack(
        "descriptor-flags",
        "what programs need of descriptors is allowed",
        """
        import fcntl
        fcntl.fcntl(0, fcntl.F_SETFD, fcntl.fcntl(0, fcntl.F_GETFD))
        os.close(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 5))
        return 1
        """,
    ),
    refused_socket("AF_INET", "SOCK_STREAM"),
    refused_socket("AF_INET6", "SOCK_DGRAM"),
    refused_socket("AF_UNIX", "SOCK_STREAM"),
    refused_socket("AF_NETLINK", "SOCK_RAW"),
    refused_socket("AF_PACKET", "SOCK_RAW"),
    refused_call("ptrace", 101, 0, 0, 0, 0),
    refused_call("process_vm_readv", 310, 1, 0, 0, 0, 0, 0),
    refused_call("mount", 165, b"none", b"/tmp", b"tmpfs", 0, 0),
    refused_call("umount2", 166, b"/tmp", 0),
    refused_call("pivot_root", 155, b"/tmp", b"/tmp"),
    refused_call("chroot", 161, b"/tmp"),
    refused_call("unshare", 272, 0x10000000),
    refused_call("clone-new-user", 56, 0x10000000 | 17, 0, 0, 0, 0),
    refused_call("setns", 308, 0, 0),
    refused_call("keyctl", 250, 0, 0, 0, 0, 0),
    refused_call("add_key", 248, b"user", b"x", b"x", 1, -3),
    refused_call("bpf", 321, 0, 0, 0),
    refused_call("userfaultfd", 323, 0),
    refused_call("flock", 73, 0, 2),
    refused_call("fcntl-lock", 72, 0, 6, 0),
    refused_call("fcntl-lock-of-a-description", 72, 0, 38, 0),
    refused_call("fcntl-watch", 72, 0, 1026, 0),
    refused_call("inotify_init", 253),
    refused_call("inotify_init1", 294, 0),
    refused_call("io_setup", 206, 1, 0),
    refused_call("io_uring_setup", 425, 1, 0),
    refused_call("perf_event_open", 298, 0, 0, -1, -1, 0),
    refused_call("shmget", 29, 4711, 4096, 0o1666),
    refused_call("mq_open", 240, b"queue", 0o102, 0o666, 0),
    refused_call("sethostname", 170, b"x", 1),
    Attack(
        "environment",
        "no variable of the user's is there",
        """
        seen = [*os.environ, *open("/proc/self/environ").read().split("\\0")]
        return 1 if not [one for one in seen if "SECRET" in one or "HOME" in one or "PATH" in one] else seen
        """,
    ),
    Attack(
        "home",
        "the home folders are not there, but for the interpreter where it lives in one",
        """
        found = [one for top in ("/home", "/root") if os.path.isdir(top) for one in os.listdir(top)]
        return 1 if all(sys.base_prefix.startswith(f"{top}/{one}") for top in ("/home", "/root") for one in found
                        if os.path.exists(f"{top}/{one}")) else found
        """,
    ),
    Attack(
        "accounts",
        "the machine's accounts and secrets are not there",
        """
        names = ("/etc/passwd", "/etc/shadow", "/etc/ssh", "/var/log", "/var/lib", "/boot", "/sys/kernel")
        found = [name for name in names if os.path.exists(name)]
        return found or 1
        """,
    ),
    Attack(
        "process-table",
        "a program sees its own processes alone",
        """
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return 1 if numbers == [os.getpid()] else numbers
        """,
    ),
    Attack(
        "kills-everybody",
        "there is nobody but itself to signal",
        """
        import signal
        for number in range(2, 1000):
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
            return number
        return 1
        """,
    ),
    Attack(
        "writes-everywhere",
        "nothing can be written but the temporary folder",
        """
        written = []
        for folder, _, _ in os.walk("/"):
            if folder.count("/") > 4 or folder.startswith(("/tmp", "/dev/shm", "/proc/")):
                continue
            try:
                open(os.path.join(folder, "written"), "w").close()
            except OSError:
                continue
            written.append(folder)
        return written or 1
        """,
        limits={"cpu_seconds": 3.0},
    ),
    Attack(
        "writes-to-proc",
        "kernel settings cannot be written, nor its own limits and names",
        """
        names = ("sys/kernel/core_pattern", "sysrq-trigger", "self/oom_score_adj", "self/comm", "self/uid_map")
        written = []
        for name in names:
            try:
                os.write(os.open("/proc/" + name, os.O_WRONLY), b"1")
            except OSError:
                continue
            written.append(name)
        return 1 if written in ([], ["self/oom_score_adj"]) else written
        """,
    ),
    Attack(
        "shared-memory-folder",
        "there is no folder that runs share",
        """
        if os.listdir("/dev/shm"):
            return os.listdir("/dev/shm")
        open("/dev/shm/x", "w").close()
        for name in ("/var/tmp/x", "/run/x", "/dev/mqueue/x", "/dev/x"):
            try:
                open(name, "w")
            except OSError:
                continue
            return name
        return 1
        """,
    ),
    Attack(
        "devices",
        "there are no devices but harmless ones",
        """
        harmless = {"null", "zero", "full", "random", "urandom", "tty", "pts", "ptmx", "shm", "fd", "core",
                    "stdin", "stdout", "stderr", "console"}
        found = set(os.listdir("/dev")) - harmless
        return 1 if not found else sorted(found)
        """,
    ),
    Attack(
        "makes-a-device",
        "and none can be made",
        """
        import stat
        try:
            os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(8, 0))
        except OSError:
            return 1
        """,
    ),
    Attack(
        "terminal",
        "no terminal is within reach",
        """
        try:
            os.open("/dev/tty", os.O_RDWR)
        except OSError:
            return 1
        """,
    ),
    Attack(
        "privileges",
        "it has no capability and cannot gain any",
        """
        status = dict(line.split(":\\t", 1) for line in open("/proc/self/status"))
        held = {name: status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
        gains = status["NoNewPrivs"].strip() != "1"
        filtered = status["Seccomp"].strip() == "2"
        if any(int(bits, 16) for bits in held.values()) or gains or not filtered:
            return [held, gains, filtered]
        return 1
        """,
    ),
    Attack(
        "another-user",
        "it stays the user that it is",
        """
        for user in range(100_000):
            try:
                os.setresuid(user, user, user)
            except OSError:
                continue
            return 1 if user == os.getuid() else user
        return 1
        """,
    ),
    Attack(
        "inherited-descriptors",
        "no descriptor leads to a file of the host",
        """
        opened = {number: os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")
                  if os.path.lexists(f"/proc/self/fd/{number}")}
        known = ("/memfd:", "socket:", "/dev/null", "/proc/")
        foreign = [name for name in opened.values() if not name.startswith(known)]
        return foreign or 1
        """,
    ),
    Attack(
        "out-through-proc",
        "links of /proc lead back inside",
        """
        inside = os.listdir("/")
        ways = ("/proc/self/root", "/proc/self/cwd/../../../..", "/proc/1/root", "/proc/self/task/1/root")
        return 1 if all(os.listdir(way) == inside for way in ways) else ways
        """,
    ),
    Attack("machine-name", "the machine's name is not told", "return 1 if os.uname().nodename == 'sandbox' else 0"),
    Attack(
        "terminal-of-others",
        "nothing is typed into a terminal",
        """
        import fcntl
        for number in (0, 1, 2):
            try:
                fcntl.ioctl(number, 0x5412, b"x")
            except OSError:
                continue
            return number
        return 1
        """,
    ),
    Attack(
        "another-architecture",
        "the filter cannot be passed by in another system call convention",
        """
        import ctypes
        libc = ctypes.CDLL(None)
        if os.fork() == 0:
            libc.syscall(0x40000000 + 41, 2, 1, 0)
            os._exit(0)
        return 1 if os.waitstatus_to_exitcode(os.wait()[1]) < 0 else 0
        """,
    ),
    Attack(
        "files-of-the-run-before",
        "a run finds an empty folder",
        "seen = os.listdir('/tmp')\nopen('/tmp/left', 'w').close()\nos.makedirs('/tmp/deep/er')\nreturn seen or 1",
    ),
    Attack(
        "memory-of-the-run-before",
        "a run finds a fresh interpreter",
        "import math\nseen = hasattr(math, 'left')\nmath.left = 1\nsys.path.append('left')\nreturn 0 if seen else 1",
    ),
]
