"""Data from its public home: pinned, checked before use, and with one clear line where that fails."""

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from linewise.benchmarks.base import SuiteOptions
from linewise.benchmarks.download import Source, downloaded, sources, suite_folder
from linewise.benchmarks.suites.registry import LOADERS, load_suite
from linewise.errors import InputError

CONTENT = b"tasks"


class Home(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200 if self.path == "/tasks" else 404)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def home() -> Iterator[str]:
    Home.asked = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Home) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def source(url: str | None, content: bytes = CONTENT) -> dict[str, Source]:
    return {"a/tasks": Source(home="a shelf", licence="MIT", url=url, sha256=hashlib.sha256(content).hexdigest())}


def test_a_file_is_fetched_once(home: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert downloaded("s", source(f"{home}/tasks"), tmp_path) == tmp_path
    assert (tmp_path / "a/tasks").read_bytes() == CONTENT
    assert Home.asked == 1
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["tasks"]


def test_another_file_than_the_pinned_one_is_not_kept(home: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="and should have"):
        downloaded("s", source(f"{home}/tasks", b"others"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_kept_file_that_has_changed_is_not_used(home: str, tmp_path: Path) -> None:
    downloaded("s", source(f"{home}/tasks"), tmp_path)
    (tmp_path / "a/tasks").write_bytes(b"changed")
    with pytest.raises(InputError, match=r"delete .*a/tasks to have it downloaded again"):
        downloaded("s", source(f"{home}/tasks"), tmp_path)


def test_without_network_the_mend_is_named(home: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be downloaded .*--data or LINEWISE_DATA"):
        downloaded("s", source("http://127.0.0.1:1/tasks"), tmp_path)
    with pytest.raises(InputError, match="cannot be downloaded"):
        downloaded("s", source(f"{home}/nowhere"), tmp_path)


def test_what_has_no_pinned_home_is_the_users_to_get(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="get a/tasks from a shelf and name the folder above it with --data"):
        downloaded("s", source(None), tmp_path)


def test_a_named_folder_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINEWISE_DATA", raising=False)
    assert suite_folder("humaneval", tmp_path) == tmp_path
    monkeypatch.setenv("LINEWISE_DATA", str(tmp_path))
    assert suite_folder("mbpp") == tmp_path


def test_the_manifest_pins_what_it_downloads() -> None:
    for files in sources().values():
        for one in files.values():
            assert one.url is None or (re.search(r"/[0-9a-f]{40}/", one.url) and len(one.sha256) == 64)
    assert {"mbpp", "mbpp-et", "mbpp+", "humaneval", "humaneval-et", "humaneval+"} <= sources().keys() <= LOADERS.keys()


def test_an_unknown_suite_is_named_before_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINEWISE_DATA", raising=False)
    with pytest.raises(InputError, match="no such suite"):
        load_suite("mbbp", None, SuiteOptions())
