"""Where an answer ends, and what of it is the code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_programs import PROGRAMS

from linewise.guidance.answer import code_of, end_of_answer, form_of, standalone
from linewise.guidance.program import parses
from linewise.schema import Task

F = "def f(x):\n    return x\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (F, "```"),
        (F, "```\nSome words."),
        ("x = 1\n", "```"),
        ("", "```"),
        (F + "\n\n", "print(f(1))\n"),
        (F, "assert f(1) == 1\n"),
        (F, "assert f, 'x = y'\n"),
        (F, "if __name__ == '__main__':\n    f(1)\n"),
        (F, "if x: y = 1\n"),
        (F, "for x in y: z = 1\n"),
        (F, "This function returns its argument.\n"),
        (F, "f(x=1)\n"),
        (F, "f(x) == 1\n"),
        (F, "lambda x: x\n"),
        (F, '"""A string."""\n'),
        ("class A:\n    pass\n", "A()\n"),
        ("async def f():\n    pass\n", "await f()\n"),
    ],
)
def test_where_an_answer_ends(before: str, after: str) -> None:
    assert end_of_answer(before + after) == len(before)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "def f(x):",
        F,
        F + "print(f(1))",  # the line may become an assignment yet
        F + "``",
        F + "\n\n# and now\ndef g(x):\n    pass\n",
        F + "import os\nfrom os import path\n@cache\nclass A:\n    pass\n",
        F + "LIMIT = 3\nLIMITS: list[int] = [1]\na.b = 1\na[0] += 1\na, b = 1, 2\ntable['k'] = f\nx //= 2\nx **= 2\n",
        F + "TABLE = {\n'a': 1,\nprint: 2,\n}\n",
        F + "TEXT = '''\nprint(1)\nwords\n'''\n",
        "print('before anything is defined')\nif True:\n    x = 1\n",
        "def f(x):\n    return '```'\n",
        "def f(x):\n    ```\n",
    ],
)
def test_an_answer_that_may_go_on(text: str) -> None:
    assert end_of_answer(text) is None


@pytest.mark.parametrize("name", PROGRAMS)
def test_whole_programs_are_no_end(name: str) -> None:
    text = PROGRAMS[name]
    assert [end_of_answer(text[:offset]) for offset in range(len(text) + 1)] == [None] * (len(text) + 1)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_and_talk_after_it_give_the_program(name: str) -> None:
    expected = code_of(PROGRAMS[name])
    assert parses(expected)
    for talk in ("```\nThat is all.", "\n\nprint('so')\n", "\n# Example\nprint('so')\n# more\n", "\n\n\n"):
        assert code_of(PROGRAMS[name] + talk) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ""),
        ("\n\n", ""),
        ("# only a comment\n", ""),
        ("```", ""),
        ("\n\ndef f():\n    pass\n\n\n", "def f():\n    pass\n"),
        (F + "# Test it\nprint(f(1))\n```", F),
        (F + "    # an indented comment stays\n", F + "    # an indented comment stays\n"),
        (F + "print(f(1))", F),
        ("def f(x):\n    return (x", "def f(x):\n    return (x\n"),
    ],
)
def test_code_of(text: str, code: str) -> None:
    assert code_of(text) == code


@given(
    st.lists(st.sampled_from(["def f(x):", "    return x", "x = 1", "print(x)", "```", "# c", "", "    # d", '"""']))
)
def test_taking_the_code_twice_changes_nothing(lines: list[str]) -> None:
    once = code_of("\n".join(lines))
    assert code_of(once) == once
    assert once == "" or (once.endswith("\n") and not once.endswith("\n\n"))


@given(st.lists(st.sampled_from(["def f(x):", "    return x", "x = 1", "print(x)", "```", "# c", "", '"""', "x = ("])))
def test_an_answer_ends_at_the_first_place_where_it_could(lines: list[str]) -> None:
    """An engine asks after every token, decoding asks later: both have to see the same end."""
    text = "\n".join(lines)
    ends = [end_of_answer(text[:cut]) for cut in range(len(text) + 1)]
    found = [end for end in ends if end is not None]
    assert not found or set(found) == {found[0]}


STATEMENTS = "x = f(1)\nprint(x)\nfor y in x:\n    plt.plot(y)\n"


@pytest.mark.parametrize(
    "after", ["```", "  ```\nwords", "</code>", "END SOLUTION\n", "# SOLUTION END\nmore = 1\n", "    END SOLUTION"]
)
def test_where_statements_end(after: str) -> None:
    assert end_of_answer(STATEMENTS + after, "statements") == len(STATEMENTS)
    assert code_of(STATEMENTS + after, "statements") == STATEMENTS


@pytest.mark.parametrize(
    "text", ["", STATEMENTS, "def f(x):\n    return x\nf(2)\n", "x = '```'\n", "### END SOLUTION\nx = 1\n", "x <code\n"]
)
def test_statements_that_may_go_on(text: str) -> None:
    assert end_of_answer(text, "statements") is None


def test_the_end_of_a_line_may_end_statements() -> None:
    assert end_of_answer("x = 1</code>", "statements") == len("x = 1")


def test_what_answers_are_made_of() -> None:
    forms = {name: form_of(Task("", name, kind="insertion")) for name in ("", "f")}
    assert forms == {"": "statements", "f": "definitions"}
    assert {kind: form_of(Task("", "f", kind=kind)) for kind in ("function", "program")} == {
        "function": "definitions",
        "program": "program",
    }


SOLVE = "def solve():\n    print(1)\n"


@pytest.mark.parametrize(
    "whole",
    [
        SOLVE,
        SOLVE + "solve()\n",
        "def main():\n    print(1)\n\nif __name__ == '__main__':\n    main()\n",
        "def gcd(a, b):\n    return a\n\nn = int(input())\nfor _ in range(n):\n    print(gcd(n, 1))\n",
    ],
)
def test_a_program_is_kept_whole(whole: str) -> None:
    assert end_of_answer(whole + "That is all.\n", "program") is None
    assert end_of_answer(whole + "```\nThat is all.", "program") == len(whole)
    assert code_of(whole + "```\nThat is all.", "program") == whole


@pytest.mark.parametrize(
    ("code", "called"),
    [
        (SOLVE, False),
        (SOLVE + "solve()\n", True),
        ("print(input())\n", True),
        ("class A:\n    def solve(self):\n        pass\n", True),
        ("def solve(:\n", True),
    ],
)
def test_a_program_that_does_not_call_its_entry_point_gets_the_call(code: str, called: bool) -> None:
    call = '\n\nif __name__ == "__main__":\n    solve()\n'
    assert standalone(Task("", "solve", kind="program"), code) == code + ("" if called else call)
    assert standalone(Task("", "solve"), code) == code
