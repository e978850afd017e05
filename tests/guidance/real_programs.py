"""Programs of many shapes, for tests that cut them anywhere."""

PROGRAMS = {
    "loop": '''\
def count_above(numbers, limit):
    """Count what is above.

    A second paragraph.
    """
    count = 0
    for number in numbers:
        # compare
        if number > limit:
            count = count + 1
        elif number == limit:
            pass
        else:
            continue
    return count
''',
    "try": """\
def parse(text):
    try:
        value = int(text)
        other = value + 1
    except ValueError as error:
        value = None
        print(error)
    else:
        value = value * 2
    finally:
        print('done')
    return value
""",
    "nested try": """\
def read(names):
    found = []
    for name in names:
        try:
            try:
                found.append(names[name])
            finally:
                name = ''
        except (KeyError, IndexError):
            continue
    return found
""",
    "class": '''\
from dataclasses import dataclass


@dataclass
class Point:
    """A point."""

    x: int
    y: int = 0

    @property
    def norm(self):
        total = self.x ** 2
        total += self.y ** 2
        return total ** 0.5


def distance(a, b):
    return Point(a.x - b.x, a.y - b.y).norm
''',
    "match": """\
def area(shape):
    match shape:
        case {'kind': 'circle', 'r': r}:
            return 3 * r * r
        case [a, b] if a > 0:
            return a * b
        case _:
            return 0
""",
    "async": """\
import asyncio

async def fetch(n):
    async with asyncio.Lock() as lock:
        async for item in n:
            await asyncio.sleep(0)
    return n

def main(n):
    return asyncio.run(fetch(n))
""",
    "decorators": """\
from functools import (
    lru_cache,
    wraps,
)

@lru_cache(
    maxsize=None,
)
@wraps
def fib(n):
    if n < 2: return n
    return fib(n - 1) + fib(n - 2)
""",
    "strings": '''\
def usage():
    text = """
usage: tool
  # not a comment
def not_a_def():
"""
    other = (
        'a'
        'b'
    )
    return text + other
''',
    "brackets": """\
def table():
    rows = [
        {
            'a': 1,
            'b': (
                2,
                3,
            ),
        },
        # a comment inside
        {},
    ]
    total = sum(
        row.get('a', 0)
        for row in rows
        if row
    )
    return total
""",
    "nested functions": """\
def outer(n):
    cache = {}

    def inner(k):
        nonlocal cache
        if k in cache:
            return cache[k]

        def innermost():
            return k * k

        cache[k] = innermost()
        return cache[k]

    return inner(n)
""",
    "tabs": "def f(x):\n\tif x:\n\t\twhile x:\n\t\t\tx -= 1\n\telse:\n\t\tx = 2\n\treturn x\n",
    "two spaces": "def f(x):\n  for a in x:\n    with open(a) as b:\n      yield b\n  else:\n    return\n",
    "crlf": (
        "def f(x):\r\n    if x:\r\n        return 1\r\n\r\n    try:\r\n        x = 2\r\n"
        "    finally:\r\n        x = 3\r\n    return x\r\n"
    ),
    "continued lines": """\
def f(a, b):
    c = a + \\
        b
    assert c > 0, \\
        'no'
    if a and \\
            b:
        return c
    return -c
""",
    "one-liners": """\
import math; PI = math.pi
def f(x): return x + 1
class Empty: pass
def g(x):
    if x: return 1
    else: return 2
""",
    "docstring only": '''\
def f(x):
    """Only said, never done."""


def g(x):
    \'\'\'One
    of
    several lines\'\'\'
    return f(x)
''',
    "f-strings": """\
def f(x):
    name = f'{x!r:>{10}}'
    text = f'''
{name}
'''
    return text
""",
}
