"""From the prompt of a DS-1000 problem to what a task shows and what guidance may run: nothing here sees its tests.

A prompt has one of three forms. It asks for statements after a code block, with a line that names the variable for
the result; for the body of a function, whose ``def`` line ends the code; or a script is to go on (Matplotlib).
"""

import ast
import re
from dataclasses import dataclass

from linewise.guidance.program import module_of

_SCRIPT_END = re.compile(r"^# SOLUTION START\s*\Z", re.MULTILINE)
_FUNCTION_END = re.compile(r"^ *### BEGIN SOLUTION\s*\Z", re.MULTILINE)
_STATEMENTS_END = re.compile(r"^BEGIN SOLUTION\s*\n<code>\s*\Z", re.MULTILINE)
_LAST_DEF = re.compile(r"^def +(\w+)\b(?!.*^def\b)", re.MULTILINE | re.DOTALL)
_RESULT = re.compile(r"^([\w, ]+?) *= *\.\.\. *# *put solution", re.MULTILINE)
_CALL = re.compile(r"^ *# *(?:[\w, ]+ = )?(\w+\(.*\)) *$", re.MULTILINE)
_MARKS = re.compile(r"\A\s*Problem:\s*\n|^A:[ \t]*$", re.MULTILINE)
_NAMED = re.compile(r"`([A-Za-z_]\w*)`")

SCRIPT = "Go on with the program: do what its last comments ask for."
DRAWN = "plt.gcf().canvas.draw()"
"""What makes a plot whole: much of what is wrong with one shows when it is drawn."""


@dataclass(frozen=True, slots=True)
class Parts:
    """``text``: the problem in words; ``code``: what stands before the insertion; ``entry_point``: the function that is
    asked for, empty where statements are. ``probe``: what to run after an answer; ``stub``: an answer that does
    nothing, with which the probe runs where it can run at all.
    """

    text: str
    code: str
    entry_point: str
    probe: str
    stub: str


def split(prompt: str) -> Parts:
    """The parts of ``prompt``."""
    if end := _SCRIPT_END.search(prompt):
        return Parts(SCRIPT, prompt[: end.start()], "", DRAWN, "")
    if end := _FUNCTION_END.search(prompt):
        return _function(prompt[: end.start()])
    end = _STATEMENTS_END.search(prompt)
    return _statements(prompt[: end.start()] if end else prompt)


def _statements(prompt: str) -> Parts:
    words, _, rest = prompt.rpartition("<code>")
    code, _, hint = rest.partition("</code>")
    variables = _variables(hint)
    stub = "".join(f"{name} = None\n" for name in variables)
    return Parts(_joined(words, hint), _code(code), "", ", ".join(variables) or "pass", stub)


def _variables(hint: str) -> list[str]:
    """The names that the answer has to give a value, as far as ``hint`` says so."""
    found = _RESULT.search(hint)
    if found:
        return [name.strip() for name in found[1].split(",") if name.strip()]
    return list(_NAMED.findall(hint.partition(" put ")[2]))


def _function(prompt: str) -> Parts:
    words, _, code = prompt.rpartition("<code>")
    head = _LAST_DEF.search(code)
    if head is None:
        return Parts(_joined(words, code), "", "", "pass", "")
    asked, name = code[head.start() :].strip("\n"), head[1]
    text = _joined(words, f"The function begins like this:\n```python\n{asked}\n```")
    stub = f"def {name}(*args, **kwargs):\n    pass\n"
    return Parts(text, _code(code[: head.start()]), name, _call(asked, name), stub)


def _call(asked: str, name: str) -> str:
    """A call of the function: without arguments where it has defaults for all, else as the prompt's comment has it."""
    module = module_of(f"{asked}\n    pass\n")
    function = module.body[-1] if module else None
    if isinstance(function, ast.FunctionDef) and len(function.args.args) == len(function.args.defaults):
        return f"{name}()"
    stated = _CALL.search(asked)
    return stated[1] if stated else "pass"


def _joined(words: str, hint: str) -> str:
    """The problem in words, without the marks of question and answer, and what stood between code and insertion."""
    return f"{_MARKS.sub('', words).strip()}\n\n{hint.strip()}".strip() + "\n"


def _code(block: str) -> str:
    return block.strip("\n").rstrip() + "\n"
