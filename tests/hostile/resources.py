"""Programs that take more than they may."""

from attack import CAUGHT, Attack

from linewise.schema import Failure

ATTACKS = [
    Attack(
        "fork-bomb",
        "no more processes than the limit, as root and as anybody",
        """
        import time
        children = 0
        try:
            while True:
                if os.fork() == 0:
                    time.sleep(60)
                children += 1
        except OSError:
            return 1 if children <= 20 else children
        """,
        limits={"processes": 12},
    ),
    Attack(
        "exponential-fork-bomb",
        "children that fork on and on are ended with the run",
        """
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """,
        end=CAUGHT,
        limits={"wall_seconds": 1.0},
    ),
    Attack(
        "thread-bomb",
        "threads count as processes",
        """
        import threading, time
        started = 0
        try:
            while True:
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                started += 1
        except RuntimeError:
            return 1 if started <= 20 else started
        """,
        limits={"processes": 12},
    ),
    Attack(
        "memory-in-steps", "memory is bounded", "x = []\nwhile True: x.append(bytearray(1 << 20))", end=Failure.MEMORY
    ),
    Attack("memory-at-once", "memory is bounded", "return len([0] * (1 << 40))", end=Failure.MEMORY),
    Attack("memory-of-text", "memory is bounded", "return 'x' * (1 << 34)", end=Failure.MEMORY),
    Attack(
        "memory-of-children",
        "the processes of one program share one bound of memory",
        """
        import time
        for _ in range(10):
            if os.fork() == 0:
                held = bytearray(b"x") * (150 << 20)
                time.sleep(60)
        time.sleep(60)
        """,
        end=Failure.MEMORY,
    ),
    Attack(
        "memory-of-processes-without-a-first-thread",
        "also where the thread that a process is known by has ended",
        """
        import ctypes, threading, time
        def hold():
            time.sleep(0.3)
            held = bytearray(b"x") * (150 << 20)
            time.sleep(60)
        for _ in range(3):
            if os.fork() == 0:
                threading.Thread(target=hold).start()
                ctypes.CDLL(None).syscall(60, 0)
        time.sleep(60)
        """,
        end=Failure.MEMORY,
    ),
    Attack(
        "memory-that-children-share",
        "and what forks have in common counts once",
        """
        import time
        held = bytearray(b"x") * (150 << 20)
        for _ in range(3):
            if os.fork() == 0:
                time.sleep(0.4)
                os._exit(0)
        for _ in range(3):
            os.wait()
        return 1
        """,
    ),
    Attack(
        "memory-behind-a-trickle",
        "nor does a program escape that bound by keeping the zygote busy with bits of a report",
        """
        import struct, time
        link = sys._getframe(1)
        while not hasattr(link.f_locals.get("self"), "_link"):
            link = link.f_back
        ways = [int(number) for number in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{number}")
                and os.readlink(f"/proc/self/fd/{number}").startswith("socket:")]
        ways.remove(link.f_locals["self"]._link)
        for _ in range(6):
            if os.fork() == 0:
                held = bytearray(b"x") * (100 << 20)
                time.sleep(60)
        for way in ways:
            os.write(way, struct.pack(">I", 1 << 20))
        until = time.monotonic() + 3
        while time.monotonic() < until:
            for way in ways:
                os.write(way, b"x")
            time.sleep(0.01)
        os.kill(os.getpid(), 9)
        """,
        end=Failure.MEMORY,
    ),
    Attack(
        "memory-in-no-address-space",
        "memory that stays while no process has it mapped cannot be had",
        """
        import mmap
        for way in (lambda: mmap.mmap(-1, 1 << 26), lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 1 << 26)):
            try:
                way()
            except OSError:
                continue
            return "shared memory without a file"
        mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).write(b"x")
        with open("file", "wb+") as file:
            file.write(bytes(1 << 20))
            mmap.mmap(file.fileno(), 0).write(b"x")
        return 1
        """,
    ),
    Attack(
        "disk-flood",
        "the temporary folder has a bound",
        """
        written = 0
        try:
            for number in range(1000):
                with open(f"{number}", "wb") as file:
                    written += file.write(bytes(1 << 20))
        except OSError:
            return 1 if written <= 64 << 20 else written
        """,
    ),
    Attack(
        "files-without-number",
        "the temporary folder has a bound of files",
        """
        try:
            for number in range(100_000):
                open(f"{number}", "w").close()
        except OSError:
            return 1
        """,
        limits={"cpu_seconds": 3.0},
    ),
    Attack(
        "memory-of-pipes",
        "what waits in pipes has a bound",
        """
        held = 0
        try:
            while True:
                reader, writer = os.pipe()
                os.set_blocking(writer, False)
                held += os.write(writer, bytes(1 << 20))
        except OSError:
            return 1 if held < 64 << 20 else held
        """,
    ),
    Attack(
        "one-large-file",
        "a file has a bound",
        """
        try:
            open("large", "wb").write(bytes(20 << 20))
        except OSError:
            return 1
        """,
    ),
    Attack(
        "sparse-file",
        "a file has a bound, holes included",
        """
        try:
            os.truncate(os.open("sparse", os.O_CREAT | os.O_RDWR), 1 << 40)
        except OSError:
            return 1
        """,
    ),
    Attack(
        "memory-files",
        "there are no files in memory beside the temporary folder's",
        """
        try:
            os.memfd_create("x")
        except OSError:
            return 1
        """,
    ),
    Attack(
        "descriptors",
        "open files have a bound",
        """
        held = []
        try:
            while True:
                held.append(open("/dev/null"))
        except OSError:
            return 1 if len(held) <= 64 else len(held)
        """,
    ),
    Attack("output-flood", "output has a bound", "while True: print('x' * 1000)", end=Failure.OUTPUT),
    Attack("raw-output-flood", "output has a bound", "while True: os.write(1, b'x' * 1000)", end=CAUGHT),
    Attack("one-line-of-10-mb", "output has a bound", "print('x' * 10_000_000)\nreturn 1", end=Failure.OUTPUT),
    Attack(
        "error-output-flood",
        "nobody keeps standard error",
        "for _ in range(100): os.write(2, bytes(1 << 20))\nreturn 1",
    ),
    Attack("surrogates-in-output", "any text can be printed", "print(chr(0xd800), end='')\nreturn 1", end=CAUGHT),
    Attack("zero-bytes-in-output", "any byte can be printed", "os.write(1, bytes(range(256)))\nreturn 1"),
    Attack("endless-loop", "processor time has a bound", "while True: pass", end=Failure.TIMEOUT),
    Attack("endless-power", "also within one operation", "return len(str(9 ** 9 ** 9))", end=Failure.TIMEOUT),
    Attack(
        "catastrophic-pattern",
        "also within one match",
        "import re\nreturn re.match('(a+)+$', 'a' * 40 + 'b')",
        end=Failure.TIMEOUT,
    ),
    Attack(
        "hostile-sort-key",
        "also where C calls back without end",
        """
        class Key:
            def __lt__(self, other):
                while True: pass
        return sorted([Key(), Key()])
        """,
        end=Failure.TIMEOUT,
    ),
    Attack(
        "asleep",
        "wall time has a bound",
        "import time\ntime.sleep(600)",
        end=Failure.TIMEOUT,
        limits={"wall_seconds": 0.5},
    ),
    Attack(
        "deaf",
        "ignoring every signal does not help",
        """
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True: pass
        """,
        end=Failure.TIMEOUT,
    ),
    Attack(
        "asleep-and-deaf",
        "nor does blocking them",
        """
        import signal, time
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        time.sleep(600)
        """,
        end=Failure.TIMEOUT,
        limits={"wall_seconds": 0.5},
    ),
    Attack(
        "catches-everything",
        "an exception is not what ends a program",
        """
        while True:
            try:
                while True: pass
            except BaseException:
                pass
        """,
        end=Failure.TIMEOUT,
    ),
    Attack(
        "raises-its-limits",
        "limits are hard",
        """
        import resource
        for name in ("CPU", "AS", "FSIZE", "NOFILE", "NPROC"):
            kind = getattr(resource, f"RLIMIT_{name}")
            try:
                resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            except (ValueError, OSError):
                continue
            return name
        return 1
        """,
    ),
    Attack("deep-recursion", "it is an exception", "return f()", end=Failure.EXCEPTION),
    Attack(
        "bottomless-recursion",
        "a crash of the interpreter is a failed test",
        """
        sys.setrecursionlimit(10 ** 9)
        x = []
        for _ in range(10 ** 6): x = [x]
        return repr(x) + str(f())
        """,
        end=CAUGHT,
        limits={"memory_bytes": 1 << 30},
    ),
    Attack("crash", "a crash of the interpreter is a failed test", "import ctypes\nctypes.string_at(0)", end=CAUGHT),
    Attack(
        "slow-representation",
        "values that cannot be shown do not hold up a run",
        source="""
        class Slow:
            def __repr__(self):
                while True: pass

        def f():
            slow = Slow()
            return 1
        """,
        trace="full",
    ),
    Attack(
        "gigantic-representation",
        "nor do those that show too much, lie about their length, or raise",
        source="""
        class Gigantic:
            def __repr__(self):
                return "x" * (50 << 20)

        class Liar(list):
            def __len__(self):
                return 1 << 60
            def __iter__(self):
                raise KeyboardInterrupt

        class Raises:
            def __repr__(self):
                raise SystemExit

        def f():
            one, two, three = Gigantic(), Liar([1]), Raises()
            return 1
        """,
        trace="full",
    ),
    Attack(
        "hostile-exception",
        "an exception that cannot be told is still an exception",
        source="""
        class Meta(type):
            def __getattribute__(cls, name):
                raise SystemExit

        class Hostile(Exception, metaclass=Meta):
            def __str__(self):
                raise KeyboardInterrupt

        def f():
            raise Hostile
        """,
        end=CAUGHT,
    ),
]
