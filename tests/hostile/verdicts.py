"""Programs that try to pass without being right. What the tests expect is told to none of them."""

from attack import CAUGHT, SECRET, Attack, wrong

from linewise.schema import Failure, StdioTest

EQUAL = """
class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
    def __getattr__(self, name): return Equal()
    def __call__(self, *args): return Equal()
"""

DESCRIPTORS = """
import os, struct
def frames(*contents):
    return b"".join(struct.pack(">I", len(one)) + one for one in contents)
def everywhere(data):
    for number in os.listdir("/proc/self/fd"):
        if int(number) > 2:
            try:
                os.write(int(number), data)
            except OSError:
                pass
"""

REPORT = '{"end": "finished", "invocation": "f()", "value": "1", "expected": "1", "stdout": "", "trace": null}'

NESTED = """
from collections import defaultdict, deque

def f(depth):
    x = deque()
    for _ in range(depth):
        x = {}
    return x
"""

RAISED = b'{"kind": "raised", "error": "x", "whole": true, "lineage": '
FALSE_EXCEPTIONS = [
    (RAISED + b"7}", b"[[], [null]]"),
    (RAISED + b'[7, ["json", ["x"]], ["builtins", "print"]]}', b'[[["tuple"]], [[0]]]'),
    (
        RAISED + b'[["builtins", "UnicodeDecodeError"]]}',
        b'[[["tuple", [1], [2], null], ["tuple"], ["dict", null]], [[0]]]',
    ),
    (RAISED + b'[["sys", "modules"], ["builtins", "object"]]}', b'[[["tuple", 1, 2, 3]], [[0]]]'),
    (RAISED + b'[["x", "\\u0000"], ["builtins", "OSError"], ["builtins", "SyntaxError"]]}', b"[[], [null]]"),
]

ATTACKS = [
    wrong("exit-process", "ending the process is no pass", "os._exit(0)"),
    wrong("exit", "nor is leaving it", "sys.exit(0)"),
    wrong("quit", "nor is the builtin way", "exit()"),
    wrong("exit-while-loading", "nor is ending it early", source="import os\nos._exit(0)"),
    wrong("leave-while-loading", "nor is leaving it early", source="raise SystemExit"),
    wrong("exit-at-exit", "nor is ending it late", "import atexit\natexit.register(os._exit, 0)\nsys.exit()"),
    wrong("killed", "nor is being killed", "import signal\nos.kill(os.getpid(), signal.SIGKILL)\nos.abort()"),
    wrong("replaced", "nor is becoming another program", "os.execv('/bin/true', ['true'])"),
    wrong("closed", "nor is closing every descriptor", "os.closerange(0, 1 << 16)\nreturn 1"),
    wrong("printed-verdict", "what is printed is no verdict", f"print('passed'); print({REPORT!r}); return 1"),
    wrong(
        "forged-report",
        "what is written to any descriptor is no verdict",
        source=DESCRIPTORS + f"def f():\n    everywhere(frames({REPORT!r}.encode()))\n    os._exit(0)\n",
    ),
    wrong(
        "forged-report-with-secret",
        "nor where the program finds the secret of its own report in its own memory",
        source=DESCRIPTORS
        + f"""
import gc, sys
def f():
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if type(value) is bytes:
                everywhere(frames(value + {REPORT!r}.encode()))
        for cell in getattr(frame.f_locals.get("self"), "_send", f).__closure__ or ():
            if type(cell.cell_contents) is bytes:
                everywhere(frames(cell.cell_contents + {REPORT!r}.encode()))
        frame = frame.f_back
    os._exit(0)
""",
    ),
    wrong(
        "its-own-send",
        "nor where it calls what makes its own report",
        """
        frame = sys._getframe()
        while frame:
            session = frame.f_locals.get("self")
            if hasattr(session, "_send"):
                session.end("finished")
            frame = frame.f_back
        """,
    ),
    wrong(
        "endless-answer",
        "an answer without end is ended",
        source=DESCRIPTORS
        + """
def f():
    while True:
        everywhere(b"\\xff" * (1 << 16))
""",
        limits={"wall_seconds": 1.0},
    ),
    wrong(
        "answer-of-odd-length",
        "an answer that claims to be 4 GB long is none",
        source=DESCRIPTORS + "def f():\n    everywhere(b'\\xff' * 4)\n    return 1\n",
    ),
    wrong(
        "answers-in-advance",
        "answers that are not awaited do not count as what was not said",
        source=DESCRIPTORS
        + """
answer = frames(b'{"kind": "returned"}', b'[[], [true, [], {}]]')
everywhere(answer * 9)
def f():
    everywhere(answer)
    return True
""",
    ),
    wrong(
        "deep-answer",
        "an answer that breaks its reader is a failed test",
        source=DESCRIPTORS
        + """
def f():
    everywhere(frames(b'{"kind": "returned"}', b"[" * 1_000_000))
    os._exit(0)
""",
    ),
    wrong(
        "answer-that-is-no-unicode",
        "nor does one whose texts no report can hold break the sandbox",
        source=DESCRIPTORS
        + """
def f():
    told = b'{"kind": "raised", "error": "\\\\ud800", "name": "\\\\ud800", "message": "\\\\ud800"}'
    everywhere(frames(told, b"[[], [null]]"))
    import time
    time.sleep(1)
""",
    ),
    wrong(
        "answer-that-says-why-in-no-unicode",
        "nor one that says so why it cannot be given",
        source=DESCRIPTORS
        + """
def f():
    everywhere(frames(b'{"kind": "unencodable", "error": "\\\\ud800"}', b""))
    import time
    time.sleep(1)
""",
    ),
    wrong(
        "answer-too-deep-to-hash",
        "an answer that would crash the judge is none",
        source=DESCRIPTORS
        + """
import json
def f():
    nodes = [["set", None, [1]], *(["tuple", [number + 2]] for number in range(200_000)), ["tuple"]]
    everywhere(frames(b'{"kind": "returned"}', json.dumps([nodes, [[0]]]).encode()))
    import time
    time.sleep(1)
""",
    ),
    wrong(
        "answer-that-holds-itself",
        "an endless comparison is a failed test",
        "x = []\nx.append(x)\nreturn x",
        test="x = []\nx.append(x)\nassert f() == x",
    ),
    wrong(
        "dropped-answer",
        "half an answer is none",
        source=DESCRIPTORS + "def f():\n    everywhere(b'\\0')\n    os._exit(0)\n",
    ),
    wrong(
        "always-equal",
        "a value that equals everything is not compared outside, and is marked",
        source=EQUAL + "def f():\n    return Equal()\n",
        in_process=True,
    ),
    wrong(
        "equal-text",
        "nor is a text that does",
        source="class Text(str):\n    __eq__ = lambda *_: True\n    __hash__ = None\n\ndef f():\n    return Text()\n",
        in_process=True,
    ),
    wrong(
        "equal-inside",
        "nor inside a list",
        source=EQUAL + "def f():\n    return [Equal()]\n",
        test=f"assert f() == [{SECRET!r}]",
        in_process=True,
    ),
    wrong(
        "false-class",
        "what a value claims to be does not count",
        source=EQUAL + "class Str(Equal):\n    __class__ = str\n\ndef f():\n    return Str()\n",
        in_process=True,
    ),
    wrong(
        "hostile-class",
        "a class whose every attribute raises does not break the judge",
        source="""
        class Meta(type):
            def __getattribute__(cls, name): raise SystemExit(0)
        class Hostile(metaclass=Meta):
            def __eq__(self, other): return True
        def f():
            return Hostile()
        """,
    ),
    wrong(
        "patched-builtins",
        "the test's builtin functions are not the program's",
        """
        import builtins
        for name in ("all", "any", "sorted", "set", "len", "abs", "isinstance", "AssertionError", "list", "str"):
            setattr(builtins, name, lambda *_, **__: True)
        return 1
        """,
        test=f"assert sorted(f()) == {sorted(SECRET)!r} and len(f()) == 10 and isinstance(f(), str)",
    ),
    wrong(
        "shadowed-builtins",
        "nor are those that it defines again",
        source="def sorted(x): return TARGET\nTARGET = True\nabs = len = set = lambda *_: 0\ndef f():\n    return 1\n",
        test="assert abs(f() - 5) < 1e-9",
    ),
    wrong(
        "patched-module",
        "the test's modules are not the program's",
        "import math\nmath.isclose = lambda *_, **__: True\nreturn 1.0",
        test="import math\nassert math.isclose(f(), 2.0)",
    ),
    wrong(
        "shadowed-module",
        "nor are those that it puts in their place",
        source="""
        import sys, types
        for name in ("math", "collections", "re", "codec", "json"):
            sys.modules[name] = types.SimpleNamespace(isclose=lambda *_, **__: True, Counter=lambda *_: 0)
            open(name + ".py", "w").write("def isclose(*_, **__): return True")
        sys.path.insert(0, "/tmp")
        def f():
            return 1.0
        """,
        test="import math, collections\nassert math.isclose(f(), 2.0)",
    ),
    wrong(
        "renamed-import",
        "nor does a name that a test relies on mean what the program calls by it",
        source="from operator import ne as isclose\ndef f():\n    return 1.0\n",
        test="assert isclose(f(), 2.0)",
        in_process=True,
    ),
    wrong(
        "import-hook",
        "nor are its import hooks",
        source="""
        import builtins, sys
        class Hook:
            @staticmethod
            def find_spec(*_): raise SystemExit(0)
        sys.meta_path.insert(0, Hook)
        builtins.__import__ = lambda *_, **__: 1 / 0
        builtins.__build_class__ = None
        def f():
            return 1
        """,
        test=f"import colorsys\nassert f() == {SECRET!r}",
    ),
    wrong(
        "shadowed-checker",
        "a test's own functions are its own",
        source="def check(candidate): pass\ndef f():\n    return 1\n",
        test=f"def check(candidate):\n    assert candidate() == {SECRET!r}\ncheck(f)",
    ),
    wrong(
        "patched-encoder",
        "a patched encoder can say no more than a value",
        """
        for module in list(sys.modules.values()):
            for name in ("Encoder", "Decoder", "write_frame", "write_message", "dumps", "loads"):
                if hasattr(module, name):
                    setattr(module, name, lambda *_, **__: True)
        return 1
        """,
    ),
    Attack(
        "removed-tracer",
        "what becomes of the tracer does not touch the verdict",
        "sys.settrace(None)\nsys.setprofile(lambda *_: None)\nreturn 1",
        test="assert f() == 2",
        end=Failure.WRONG,
        trace="full",
    ),
    Attack(
        "removed-tracer-of-a-right-one",
        "nor that of a right program",
        "sys.settrace(None)\nsys.setprofile(lambda *_: None)\nreturn 1",
        trace="full",
    ),
    wrong(
        "patched-tracer",
        "nor does patching it",
        """
        frame = sys._getframe()
        while frame:
            for value in list(frame.f_locals.values()):
                if hasattr(value, "expected"):
                    value.expected = value.value = "forged"
            frame = frame.f_back
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("tracee"):
                for name in dir(module):
                    if callable(getattr(module, name)) and name[0] != "_" and name not in ("Any",):
                        setattr(module, name, lambda *_, **__: True)
        return 1
        """,
        trace="full",
    ),
    wrong(
        "searches-memory",
        "the expected value is in no object of the program's process",
        """
        import gc
        for thing in gc.get_objects():
            for value in list(thing.values()) if type(thing) is dict else thing if type(thing) in (list, tuple) else ():
                if type(value) is str and len(value) == 10 and set(value) < set("0123456789abcdef"):
                    return value
        """,
    ),
    wrong(
        "reads-its-memory",
        "nor anywhere in its memory",
        """
        import re
        with open("/proc/self/mem", "rb", 0) as memory:
            for line in open("/proc/self/maps"):
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                if "r" in line.split()[1] and "[v" not in line:
                    memory.seek(start)
                    try:
                        found = re.search(rb"assert f\\(\\) == '([0-9a-f]{10})'", memory.read(end - start))
                    except OSError:
                        continue
                    if found:
                        return found[1].decode()
        """,
        limits={"memory_bytes": 1 << 30},
    ),
    wrong(
        "walks-the-stack",
        "the test is in no frame of the program's process",
        """
        import inspect
        for frame in inspect.stack():
            for value in [*frame.frame.f_locals.values(), *frame.frame.f_code.co_consts]:
                if type(value) is str and len(value) == 10:
                    return value
        """,
    ),
    wrong(
        "reads-standard-input",
        "nor in a descriptor",
        """
        found = []
        for number in os.listdir("/proc/self/fd"):
            try:
                if os.path.isfile(f"/proc/self/fd/{number}"):
                    found.append(open(f"/proc/self/fd/{number}", "rb").read())
            except OSError:
                pass
        text = b" ".join(found).decode(errors="replace")
        return text.split("== '")[1][:10] if "== '" in text else text
        """,
    ),
    Attack(
        "two-of-them",
        "a fork does not answer twice",
        "import time\nif os.fork():\n    time.sleep(0.2)\nreturn 1",
        test="assert f() == 2",
        end=Failure.WRONG,
    ),
    wrong(
        "child-answers",
        "a child does not answer when its parent has ended",
        "if os.fork():\n    os._exit(0)\nimport time\ntime.sleep(0.1)\nreturn 1",
    ),
    Attack(
        "thread-left-behind",
        "a thread left behind changes no verdict",
        "import threading\nthreading.Thread(target=lambda: list(iter(int, 1)), daemon=True).start()\nreturn 1",
        test="assert f() == 2",
        end=Failure.WRONG,
    ),
    Attack(
        "thread-left-behind-by-a-right-one",
        "nor that of a right program",
        "import threading\nthreading.Thread(target=lambda: list(iter(int, 1)), daemon=True).start()\nreturn 1",
    ),
    Attack(
        "child-left-behind",
        "a child left behind delays no verdict and is ended",
        "import time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\nreturn 1",
    ),
    Attack(
        "daemon-left-behind",
        "nor does a daemon that ignores signals",
        """
        import signal, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in range(1, 32):
                    if number not in (9, 19): signal.signal(number, signal.SIG_IGN)
                os.closerange(0, 1000)
                time.sleep(600)
            os._exit(0)
        return 1
        """,
    ),
    Attack(
        "changes-its-arguments",
        "no more of a test's values can be changed than what it passes",
        source="def f(x):\n    x.append(1)\n    x[0][:] = [7]\n    return 7\n",
        test="mine, other = [1], [1]\nf([mine])\nassert mine == [7] and other == [1]",
    ),
    wrong(
        "too-much",
        "a value over the bound is not compared",
        "return ['x' * 1000] * 100_000",
        test="assert f()[0] == 'x' * 1000",
        limits={"value_bytes": 1 << 16},
    ),
    Attack(
        "hash-flood",
        "values that are slow to compare are ended",
        "return {i * ((1 << 61) - 1): 0 for i in range(3_000)}",
        test="sum(f() == f() for _ in range(1000))\nassert False",
        end=Failure.TIMEOUT,
        limits={"cpu_seconds": 5.0, "wall_seconds": 20.0},
    ),
    Attack(
        "endless-comparison",
        "a value that keeps the judge where no signal reaches it has failed, and is no matter of the machine's",
        "return 10**18",
        test="assert sum(range(f())) == 5",
        end=Failure.TIMEOUT,
        limits={"wall_seconds": 1.0},
    ),
    Attack(
        "endless-comparison-alone",
        "also where the judge is the test's own",
        "return 10**18",
        test="class End:\n    def __del__(self): pass\nassert sum(range(f())) == 5",
        end=Failure.TIMEOUT,
        limits={"wall_seconds": 1.0},
    ),
    wrong("nan", "not a number equals nothing", "return float('nan')", test="assert f() == f()"),
    wrong("true-is-one", "a test that asks for the type gets it", "return True", test="assert type(f()) is int"),
    wrong(
        "raises-the-tests-error",
        "an assertion of the program's is no verdict of the test's",
        "raise AssertionError",
        test=f"assert f() == {SECRET!r}",
    ),
    wrong(
        "own-exception-class",
        "an exception cannot pose as one that it is not",
        source="class ValueError(Exception):\n    pass\n\ndef f():\n    raise ValueError\n",
        test="try:\n    f()\nexcept ValueError:\n    pass\n",
    ),
    wrong(
        "end-of-iteration",
        "an exception is not taken for the end of what a test goes through",
        source="def f(x):\n    raise StopIteration\n",
        test="assert all(map(f, [1, 2]))",
    ),
    wrong(
        "end-of-iteration-among-handlers",
        "nor where the test expects another one",
        source="def f(x):\n    raise StopIteration\n",
        test="try:\n    assert all(map(f, [1, 2]))\nexcept ValueError:\n    assert False\n",
    ),
    wrong(
        "end-of-iteration-behind-a-handler",
        "nor where the test would handle one",
        source="def f(x):\n    raise StopIteration\n",
        test="""
        try:
            for got, expected in zip(map(f, [1, 2]), [3, 4]):
                assert got == expected
        except Exception as error:
            raise AssertionError from error
        """,
    ),
    wrong(
        "end-of-iteration-behind-a-function",
        "nor where it has come through the test's own code",
        source="def f(x):\n    raise StopIteration\n",
        test="""
        try:
            assert all(map(lambda x: f(x) == x + 1, [1, 2]))
        except Exception as error:
            raise AssertionError from error
        """,
    ),
    wrong(
        "end-of-iteration-raised-again",
        "nor where the test has handled it, and lets it go on",
        source="def f(x):\n    raise StopIteration\n",
        test="""
        def called(x):
            try:
                return f(x)
            except Exception:
                raise
        assert all(map(called, [1, 2]))
        """,
    ),
    wrong(
        "end-of-iteration-in-the-library",
        "nor where the standard library handles it",
        source="def f(x):\n    raise StopIteration\n",
        test="""
        import heapq
        try:
            assert all(heapq.merge(map(f, [1]), map(f, [2])))
        except StopIteration:
            pass
        """,
    ),
    *(
        wrong(
            f"nested-{number}",
            "containers that would crash the judge where they are freed are none",
            source=NESTED.format(container),
            test="f(0)\nf(100_000)\nassert False",
            limits={"cpu_seconds": 10.0, "wall_seconds": 20.0},
        )
        for number, container in enumerate(["deque([x])", "defaultdict(None, {1: x})", "deque([slice(x, None)])"])
    ),
    wrong(
        "false-place-in-a-text",
        "nor is an exception that would crash it where its text is asked for",
        source="""
        import sys
        sys.modules["tracee.exceptions"]._text = lambda error: "x"
        sys.modules["tracee.served"].Served.failure = lambda *_: {"error": "x"}
        def f():
            raise UnicodeDecodeError("utf-8", b"x", -(10**15), 1 - 10**15, "x")
        """,
        test="try:\n    f()\nexcept ValueError as error:\n    assert str(error) == 'x' * 9\n",
    ),
    *(
        wrong(
            f"false-exception-{number}",
            "what is said of an exception in another form than ours does not break the judge",
            source=DESCRIPTORS
            + f"""
def f():
    everywhere(frames({said!r}, {values!r}))
    import time
    time.sleep(1)
""",
            test="try:\n    f()\nexcept (ValueError, KeyError):\n    pass\n",
        )
        for number, (said, values) in enumerate(FALSE_EXCEPTIONS)
    ),
    wrong(
        "script-forges",
        "what a script does not print is not compared",
        source="import os\nos._exit(0)\n",
        test=StdioTest("", "42"),
    ),
    wrong("script-leaves", "nor when it leaves well", source="raise SystemExit(0)\n", test=StdioTest("", "42")),
    wrong(
        "script-looks",
        "the expected output is not in its process",
        source="""
        import gc, os
        found = [text for thing in gc.get_objects() if type(thing) is dict for text in list(thing.values())
                 if type(text) is str and text.startswith("expected ")]
        print(*found)
        """,
        test=StdioTest("", "expected " + SECRET),
    ),
    wrong(
        "script-replaces-output",
        "what arrives at the descriptor counts",
        source="import sys\nclass Out:\n    write = flush = lambda *_: None\nsys.stdout = Out()\nprint(42)\n",
        test=StdioTest("", "42"),
    ),
    wrong(
        "script-forges-report",
        "a forged report is no output",
        source=DESCRIPTORS + f"everywhere(frames({REPORT!r}.encode()))\nos._exit(0)\n",
        test=StdioTest("", "42"),
    ),
    Attack(
        "stops-itself",
        "a stopped program is late",
        "import signal\nos.kill(os.getpid(), signal.SIGSTOP)\nimport time\ntime.sleep(60)",
        end=Failure.TIMEOUT,
        limits={"wall_seconds": 0.5},
    ),
]

assert all(attack.end != CAUGHT or attack.test != "assert f() == 1" for attack in ATTACKS)
