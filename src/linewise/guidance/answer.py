"""Where an answer ends, and what of it is the code."""

import ast
import keyword
import re
from typing import Literal

from linewise.guidance.program import module_of, parses
from linewise.names import calls_itself
from linewise.schema import Task

RESPONSE_PREFIX = "```python\n"
"""What every answer is made to begin with."""

Form = Literal["definitions", "statements", "program"]
"""What an answer is made of: definitions with what belongs to them, statements to insert, or a whole program."""

_FENCE = re.compile(r"^```", re.MULTILINE)
INSERTION_END = re.compile(r"</code>|^[ \t]*(```|END SOLUTION\b|# SOLUTION END\b)", re.MULTILINE)
"""What stands behind an insertion in the texts that such tasks come from, and so in what models write after one."""

_KEPT_KEYWORD = re.compile(r"(async\s+def|def|class|import|from)\b|[@#)\]}]")
_ASSIGNMENT = re.compile(r"[A-Za-z_][\w.,\[\]'\" ]*(:[^=]*)?([-+*/%&|^@]|//|\*\*|<<|>>)?=(?!=)")
_DEFINITION = re.compile(r"^(async\s+def|def|class)\b", re.MULTILINE)


def response_prefix(task: Task) -> str:
    """What an answer to ``task`` begins with: a code block; for an insertion the program so far stands in it."""
    before = task.prelude.strip("\n") if task.kind == "insertion" else ""
    return f"{RESPONSE_PREFIX}{before}\n" if before else RESPONSE_PREFIX


def form_of(task: Task) -> Form:
    """What answers to ``task`` are made of."""
    if task.kind == "program":
        return "program"
    return "statements" if task.kind == "insertion" and not task.entry_point else "definitions"


def end_of_answer(text: str, form: Form = "definitions") -> int | None:
    """The offset at which the answer in ``text`` ends; ``None`` while it may go on.

    It ends at a closing fence, or, once something is defined, at a complete column-0 line that starts no def, class,
    import, decorator, comment or assignment and does not lie inside a bracket or string. A ``program`` ends at a
    fence alone; ``statements`` also at ``</code>`` and at a line that says that the solution ends.
    """
    fence = (INSERTION_END if form == "statements" else _FENCE).search(text)
    if form != "definitions":
        return fence and fence.start()
    statement = _foreign_statement(text if fence is None else text[: fence.start()])
    ends = [offset for offset in (fence and fence.start(), statement) if offset is not None]
    return min(ends, default=None)


def code_of(text: str, form: Form = "definitions") -> str:
    """The code in the text of an answer that may have gone on too far: one newline at its end, none before it."""
    body = text[: end_of_answer(text + "\n", form)].strip("\n").rstrip()
    lines = body.split("\n")
    while lines and (not lines[-1].strip() or lines[-1].startswith("#")):
        lines.pop()  # comments behind the last definition introduce what is no longer there
    return "\n".join(lines).rstrip() + "\n" if lines else ""


def standalone(task: Task, code: str) -> str:
    """``code`` as a user can run it: of a ``program`` task it calls the entry point, where nothing in it does yet."""
    tree = module_of(code)
    name = task.entry_point
    if task.kind != "program" or tree is None or not _defines(tree, name) or calls_itself(tree, name):
        return code
    return f'{code.rstrip()}\n\n\nif __name__ == "__main__":\n    {name}()\n'


def _defines(tree: ast.Module, name: str) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)


def _foreign_statement(text: str) -> int | None:
    offset = 0
    for line in text.split("\n")[:-1]:
        before = text[:offset]
        if line[:1].strip() and not _kept(line) and _DEFINITION.search(before) and parses(before):
            return offset
        offset += len(line) + 1
    return None


def _kept(line: str) -> bool:
    """Whether a column-0 line belongs to the answer; ``if x: y = 1`` assigns too, but is no assignment."""
    if _KEPT_KEYWORD.match(line):
        return True
    return _ASSIGNMENT.match(line) is not None and not keyword.iskeyword(line.split(maxsplit=1)[0])
