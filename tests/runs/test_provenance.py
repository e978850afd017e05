import subprocess
from pathlib import Path

from linewise.runs.provenance import commit, source


def package(folder: Path) -> Path:
    made = folder / "package"
    (made / "part").mkdir(parents=True)
    (made / "__init__.py").write_text("")
    (made / "part/one.py").write_text("x = 1\n")
    (made / "part/preset.toml").write_text("x = 1\n")
    return made


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def test_the_source_changes_with_any_file_and_name_and_not_with_what_python_compiles(tmp_path: Path) -> None:
    first = package(tmp_path / "first")
    found = source(first)
    assert found == source(package(tmp_path / "second"))
    (first / "part/__pycache__").mkdir()
    (first / "part/__pycache__/one.pyc").write_bytes(b"compiled")
    assert source(first) == found
    (first / "part/preset.toml").write_text("x = 2\n")
    changed = source(first)
    (first / "part/preset.toml").rename(first / "part/other.toml")
    assert len({found, changed, source(first)}) == 3


def test_the_commit_is_that_of_a_checkout_and_says_where_files_differ(tmp_path: Path) -> None:
    here = package(tmp_path)
    assert commit(here) is None
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "empty")
    assert commit(here) is None, "a repository around an installed package says nothing of it"
    git(tmp_path, "add", "package")
    git(tmp_path, "commit", "-m", "package")
    found = commit(here)
    assert found is not None
    assert len(found) == 40
    (tmp_path / "notes.txt").write_text("beside it")
    assert commit(here) == found
    (here / "part/one.py").write_text("x = 2\n")
    assert commit(here) == f"{found}+"
