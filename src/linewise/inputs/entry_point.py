"""The entry point: which name the tests call, and whether a test calls it at all."""

import ast
import builtins
from collections.abc import Sequence

from linewise.inputs.files import input_error, parse
from linewise.names import Definitions, bound, called, calls, closure, definitions, free

BUILTINS = frozenset(dir(builtins))


def infer_entry_point(tests: Sequence[str], prelude: str = "", setup: str = "") -> str:
    """The one name that all tests call and that is neither builtin nor bound by ``prelude``, ``setup`` or the test.

    Calls inside helpers of ``setup`` and ``prelude`` count as calls of the test that uses the helper. A test that
    calls nothing of the answer itself but hands one name to a call (``check(f)``, ``map(f, ...)``) counts as
    calling it. The texts must parse. Raises ``InputError`` where no name, or more than one, is left.
    """
    if not tests:
        raise input_error("there are no tests that could tell the function's name; name it")
    helpers = helper_definitions(prelude, setup)
    known = BUILTINS | helpers.keys()
    common = set.intersection(*(_candidates(parse(test), helpers) - known for test in tests))
    if len(common) == 1:
        return common.pop()
    if common:
        names = ", ".join(sorted(common))
        raise input_error(f"the tests all call {names}; say which of them is to be written")
    raise input_error("the tests have no call of one and the same unknown name; name the function to be written")


def helper_definitions(prelude: str, setup: str) -> Definitions:
    """What ``prelude`` and ``setup`` define."""
    return definitions([*parse(prelude).body, *parse(setup).body])


def _candidates(test: ast.Module, helpers: Definitions) -> set[str]:
    direct = _called_through(test, helpers)
    if direct - helpers.keys() - BUILTINS:
        return direct
    return {name for call in calls(test) for name in free(call)} - bound(test)


def _called_through(test: ast.Module, helpers: Definitions) -> set[str]:
    found: set[str] = set()
    waiting: list[ast.AST] = [test]
    while waiting:
        new = called(waiting.pop()) - found
        found |= new
        waiting.extend(statement for name in new for statement in helpers.get(name, ()))
    return found


def reaches(test: ast.Module, entry_point: str, helpers: Definitions) -> bool:
    """Whether a call in ``test`` is one of ``entry_point``, hands it on, or calls a helper that uses it."""
    return any(entry_point in closure(free(call), helpers) for call in calls(test))
