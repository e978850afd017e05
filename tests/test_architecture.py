"""Rules that no single module can show: what imports what, how long things are, how they are named."""

import ast
import re
import statistics
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "linewise"
MODULES = {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_bytes()) for path in SOURCE.rglob("*.py")}
FUNCTIONS = [
    (node.end_lineno - node.lineno + 1, f"{name}: {node.name}")
    for name, module in MODULES.items()
    for node in ast.walk(module)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
]
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(home|root|work|Users|mnt|srv)/\w")


def test_imports_keep_the_contracts_of_pyproject(capsys: pytest.CaptureFixture[str]) -> None:
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_functions_are_short() -> None:
    assert len(FUNCTIONS) > 100
    lengths = sorted(length for length, _ in FUNCTIONS)
    assert statistics.median(lengths) <= 10
    assert lengths[int(0.9 * len(lengths))] <= 30
    assert [where for length, where in FUNCTIONS if length > 60] == []


def test_modules_are_short() -> None:
    files = {str(path.relative_to(SOURCE)): path for path in SOURCE.rglob("*.py")}
    lengths = {name: len(path.read_text().splitlines()) for name, path in files.items()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_modules_are_documented() -> None:
    assert [name for name, module in MODULES.items() if ast.get_docstring(module) is None] == []


def test_the_public_surface_is_typed_and_documented() -> None:
    package = import_module("linewise")
    assert (SOURCE / "py.typed").exists()
    for name in package.__all__:
        assert getattr(package, name).__doc__
    assert [where for where, node in public_functions() if not documented_and_typed(node)] == []


def public_functions() -> list[tuple[str, ast.FunctionDef]]:
    """Functions and methods whose names have no underscore in front, nor have their classes and packages."""
    found = []
    for name, module in MODULES.items():
        if name.startswith("execution/_tracee/"):
            continue
        classes = [node for node in module.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        for owner in [module, *classes]:
            functions = [node for node in owner.body if isinstance(node, ast.FunctionDef)]
            found += [(f"{name}: {node.name}", node) for node in functions if not node.name.startswith("_")]
    return found


def documented_and_typed(node: ast.FunctionDef) -> bool:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    typed = [one.annotation is not None for one in given if one.arg not in ("self", "cls")]
    return ast.get_docstring(node) is not None and node.returns is not None and all(typed)


def test_no_module_is_named_like_one_of_the_standard_library_or_a_dependency() -> None:
    requirements = metadata.requires("linewise") or []
    dependencies = {re.split(r"[^\w.-]", text)[0].replace("-", "_").lower() for text in requirements} | {"llama_cpp"}
    assert {"numpy", "typer", "pydantic_settings", "hypothesis"} <= dependencies
    taken = {name.lower() for name in sys.stdlib_module_names - {"__main__"}} | dependencies
    names = {part for module in MODULES for part in Path(module).with_suffix("").parts}
    assert names & taken == set()


def test_what_runs_inside_the_sandbox_imports_the_standard_library_and_itself_alone() -> None:
    inside = {name: module for name, module in MODULES.items() if name.startswith("execution/_tracee/")}
    assert len(inside) > 3
    own = {Path(name).stem for name in inside}
    for name, module in inside.items():
        strangers = imported_roots(module) - sys.stdlib_module_names - own
        assert strangers == set(), name


def imported_roots(module: ast.Module) -> set[str]:
    """First parts of what is imported; of a relative import, the part after the dots, and the dots beyond the first."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {"." * max(node.level - 1, 0) + root.split(".")[0] for root in roots}
    return found


def test_importing_linewise_loads_no_dependency() -> None:
    program = "import sys; before = set(sys.modules); import linewise; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    roots = {name.split(".")[0] for name in loaded}
    assert roots - sys.stdlib_module_names == {"linewise"}


@pytest.mark.parametrize("folder", ["src", "perf", "scripts", ".ci", "docs", "examples"])
def test_no_file_names_a_path_of_one_machine(folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert files
    found = [str(path) for path in files if MACHINE_PATH.search(path.read_text(encoding="utf-8"))]
    assert found == []
