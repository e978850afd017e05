"""Which names a program binds, uses and calls."""

import ast

import pytest

from linewise.names import calls_itself

SOLVE = "def solve():\n    print(1)\n"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (SOLVE, False),
        ("import sys\nsys.setrecursionlimit(9999)\n" + SOLVE, False),
        ("def main():\n    solve()\n" + SOLVE, False),
        (SOLVE + "solve()\n", True),
        (SOLVE + "x = solve()\n", True),
        (SOLVE + "if __name__ == '__main__':\n    solve()\n", True),
        (SOLVE + "for _ in range(int(input())):\n    solve()\n", True),
        ("def main():\n    run()\n\ndef run():\n    solve()\n" + SOLVE + "main()\n", True),
        ("class Main:\n    def run(self):\n        solve()\n" + SOLVE + "Main().run()\n", True),
        ("class Main:\n    def run(self):\n        solve()\n" + SOLVE, False),
        ("def main(solve):\n    solve()\n" + SOLVE + "main(print)\n", False),
    ],
)
def test_whether_a_program_calls_its_entry_point_itself(code: str, found: bool) -> None:
    assert calls_itself(ast.parse(code), "solve") is found
