"""Task files and flags: what is understood, and the one line that says what is wrong."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linewise.errors import InputError
from linewise.inputs import load_task_file, task_from_flags
from linewise.inputs.files import MAX_BYTES
from linewise.schema import AssertTest, StdioTest, Task

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "task.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def complaint(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_task_file(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert len(text.splitlines()) == 1
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_is_a_task_whose_entry_point_can_be_inferred(path: Path, tmp_path: Path) -> None:
    task = load_task_file(path)
    assert task.name == path.stem
    assert task.kind == "function"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    nameless = written(tmp_path, "".join(line for line in lines if not line.startswith("entry_point")))
    assert load_task_file(nameless).entry_point == task.entry_point


def test_all_keys_of_a_function_task(tmp_path: Path) -> None:
    text = (
        'prompt = "Add."\nentry_point = "add"\nprelude = "import math"\nsetup = "x = 1"\ntests = ["assert add(x, 1)"]'
    )
    expected = Task("Add.", "add", (AssertTest("assert add(x, 1)"),), "function", "import math", "x = 1", "task")
    assert load_task_file(written(tmp_path, text)) == expected


def test_stdin_tests_make_a_program_whose_entry_point_is_solve(tmp_path: Path) -> None:
    text = 'prompt = "Echo."\n[[tests]]\nstdin = "a"\nstdout = "a"\n[[tests]]\nstdin = ""\nstdout = ""\n'
    task = load_task_file(written(tmp_path, text))
    assert (task.kind, task.entry_point) == ("program", "solve")
    assert task.tests == (StdioTest("a", "a"), StdioTest("", ""))


def test_how_output_is_compared_is_the_tests_to_say(tmp_path: Path) -> None:
    text = HEAD + '[[tests]]\nstdin = ""\nstdout = "1"\ncompare = "numbers"\ntolerance = 0'
    assert load_task_file(written(tmp_path, text)).tests == (StdioTest("", "1", compare="numbers", tolerance=0.0),)


def test_no_tests_need_an_entry_point(tmp_path: Path) -> None:
    assert load_task_file(written(tmp_path, 'prompt = "p"\nentry_point = "f"')).tests == ()
    assert complaint(written(tmp_path, 'prompt = "p"')) == (
        "entry_point: is missing, and there are no tests that could tell the function's name; name it"
    )


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    assert load_task_file(written(tmp_path, b'\xef\xbb\xbfprompt = "p"\nentry_point = "f"')).prompt == "p"


HEAD = 'prompt = "p"\n'
WRONG = {
    "": "the file is empty; write the task into it",
    " \n\n": "the file is empty; write the task into it",
    b'prompt = "a"\n\n# \xff': "not UTF-8, first at line 3; save the file as UTF-8",
    'tests = ["assert f(1)"]': "prompt: is missing; say what the function is to do",
    'prompt = " "': "prompt: is missing; say what the function is to do",
    "prompt = 3": 'prompt: must be text, not a number; write prompt = "..."',
    HEAD + "setup = true": 'setup: must be text, not a truth value; write setup = "..."',
    HEAD + "prelude = 1979-05-27": 'prelude: must be text, not a date or time; write prelude = "..."',
    HEAD + 'test = ["assert f(1)"]': "test: unknown key; did you mean tests?",
    'prompt = "a"\nsetup = "x"\n[[tests]]\nstdin = ""\nstdout = ""': (
        "setup: is code for tests of a function; put it into prelude, or leave it out"
    ),
    HEAD + "zzz = 1": "zzz: unknown key; the known keys are prompt, entry_point, tests, prelude, setup",
    HEAD + 'tests = "assert f(1)"': 'tests: must be a list; write tests = ["assert f(1) == 2"]',
    HEAD + "tests = [1]": 'tests[1]: must be text, not a number; write "assert f(1) == 2"',
    HEAD + 'tests = ["assert f(1)", "  "]': "tests[2]: is empty; write Python such as assert f(1) == 2",
    HEAD + 'tests = ["x = 1\\nassert f(("]': (
        "tests[1]: line 2 'assert f((' does not parse ('(' was never closed); write Python such as assert f(1) == 2"
    ),
    HEAD + 'tests = ["assert f(1)", "assert 1 == 1"]\nentry_point = "f"': (
        "tests[2]: has no call that reaches f; call it in the test or mend the entry point"
    ),
    HEAD + 'tests = ["assert f == 1"]\nentry_point = "f"': (
        "tests[1]: has no call that reaches f; call it in the test or mend the entry point"
    ),
    HEAD + 'tests = ["assert f(g(1)) == 2"]': (
        "entry_point: is missing, and the tests all call f, g; say which of them is to be written"
    ),
    HEAD + 'tests = ["assert f(1)", "assert g(1)"]': (
        "entry_point: is missing, and the tests have no call of one and the same unknown name; "
        "name the function to be written"
    ),
    HEAD + 'entry_point = "a b"': ("entry_point: 'a b' is no Python name; write the name of the function or class"),
    HEAD + 'entry_point = "class"': ("entry_point: 'class' is no Python name; write the name of the function or class"),
    HEAD + 'prelude = "def"\nentry_point = "f"': (
        "prelude: line 1 'def' does not parse (invalid syntax); write Python there"
    ),
    HEAD + '[[tests]]\nstdin = "a"': 'tests[1].stdout: is missing; write stdout = "..."',
    HEAD + '[[tests]]\nstdin = ""\nstdout = ""\ncompare = "words"': (
        "tests[1].compare: is none of lines, tokens, numbers; write one of them"
    ),
    HEAD + '[[tests]]\nstdin = ""\nstdout = ""\ntolerance = -1': (
        "tests[1].tolerance: must be a number, 0 or more; write tolerance = 1e-6"
    ),
    HEAD + '[[tests]]\nstdin = 1\nstdout = ""': 'tests[1].stdin: must be text, not a number; write stdin = "..."',
    HEAD + '[[tests]]\nstdin = ""\nstdot = ""': "tests[1].stdot: unknown key; did you mean stdout?",
    HEAD + 'tests = ["assert f(1)", {stdin = "", stdout = ""}]': (
        "tests[1]: mixes asserts with stdin/stdout tables; write all tests in one of the two forms"
    ),
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_said_in_one_line(text: str | bytes, tmp_path: Path) -> None:
    assert complaint(written(tmp_path, text)) == WRONG[text]


def test_invalid_toml_names_the_line(tmp_path: Path) -> None:
    said = complaint(written(tmp_path, 'prompt = "p"\n\ntests = [\n'))
    assert said.startswith("not valid TOML: ")
    assert said.endswith("; mend that line")
    assert complaint(written(tmp_path, "prompt = p\n")) == (
        "not valid TOML: Invalid value (at line 1, column 10); mend that line"
    )


@pytest.mark.parametrize("source", ["assert f(" + "(" * 5000 + ")" * 5001, "assert f('\\u0000')"])
def test_tests_that_upset_the_parser_are_refused(source: str, tmp_path: Path) -> None:
    said = complaint(written(tmp_path, f'{HEAD}tests = ["{source}"]'))
    assert said.startswith("tests[1]: ")
    assert "does not parse" in said


def test_missing_file_directory_and_pipe(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.toml") == "there is no such file; check the path"
    assert complaint(tmp_path) == "is a directory; name a file in it"
    os.mkfifo(tmp_path / "pipe")
    assert complaint(tmp_path / "pipe") == "is no regular file; name a file"


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    assert complaint(path) == f"is 100000000 bytes, more than the {MAX_BYTES} allowed; name a smaller file"


def test_flags() -> None:
    task = task_from_flags("Double it.", ["assert twice(2) == 4"])
    assert task == Task("Double it.", "twice", (AssertTest("assert twice(2) == 4"),))
    assert task_from_flags("Double it.", [], "twice").tests == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("", ["assert f(1)"]), "--prompt: is missing; say what the function is to do"),
        (
            ("p", ["assert f(1)", "assert ("]),
            "--test 2: line 1 'assert (' does not parse ('(' was never closed); write Python such as assert f(1) == 2",
        ),
        (
            ("p",),
            "--entry-point: is missing, and there are no tests that could tell the function's name; name it",
        ),
        (
            ("p", ["assert g(1)"], "f"),
            "--test 1: has no call that reaches f; call it in the test or mend the entry point",
        ),
    ],
)
def test_wrong_flags_are_named_as_they_are_typed(arguments: tuple[str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        task_from_flags(*arguments)
    assert str(caught.value) == said


KEYS = st.sampled_from(["prompt", "entry_point", "tests", "prelude", "setup", "test", "a.b"])
VALUES = st.sampled_from(
    [
        '"f"',
        '"assert f(1)"',
        '["assert f(1)"]',
        "[1]",
        "[[]]",
        '"\\u0000"',
        "1",
        "{}",
        "[{}]",
        '[{stdin="",stdout=""}]',
        '["check(f)", "assert f(f)"]',
        '"def f(): return f()"',
        '"f = f"',
        '"import f as g"',
        '"from x import *"',
        '"def check(g): g(1)"',
    ]
)


def loaded_or_complaint(path: Path) -> Task | str:
    try:
        return load_task_file(path)
    except InputError as error:
        return str(error)


@given(lines=st.lists(st.tuples(KEYS, VALUES), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_any_file_gives_a_task_or_one_line(lines: list[tuple[str, str]], tmp_path: Path) -> None:
    path = written(tmp_path, "".join(f"{key} = {value}\n" for key, value in lines))
    result = loaded_or_complaint(path)
    if isinstance(result, str):
        assert result.startswith(f"{path}: ")
        assert len(result.splitlines()) == 1
    else:
        assert result.entry_point.isidentifier()
