"""Publishing: to a hub on this machine, with a token from the environment and no other way."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from longstride.curation.dataset import curate_dataset
from longstride.curation.publishing import push_to_hub
from longstride.errors import InputError
from longstride.records import Document, Sample

TOKEN = "hf_" + "secret" * 5


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as one commit of small files takes."""

    requests: list[tuple[str, dict[str, Any]]]
    files: dict[str, bytes]
    refuse = False

    def do_GET(self) -> None:
        if self.refuse:
            self._answer({"error": f"no right to read with {TOKEN}"}, 403)
        else:
            self._answer({"id": "me/set", "sha": "0" * 40, "siblings": [], "private": True})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        assert self.headers["Authorization"] == f"Bearer {TOKEN}"
        if self.refuse:
            self._answer({"error": f"no right to write with {TOKEN}"}, 403)
        elif self.path == "/api/repos/create":
            self.requests.append((self.path, json.loads(body)))
            self._answer({"url": "https://huggingface.co/datasets/me/set"})
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            modes = [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False} for each in files]
            self._answer({"files": modes})
        elif "/commit/" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            self._answer({"commitUrl": "https://huggingface.co/datasets/me/set/commit/1", "commitOid": "1"})
        else:
            self._answer({})

    def _answer(self, value: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Hub]]]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    handler = type("OneHub", (Hub,), {"requests": [], "files": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(
    tmp_path: Path,
    world: dict[str, Document],
    look_ups: list[Sample],
    write_data_set: Callable[..., Path],
    family: Any,
) -> Path:
    raw = write_data_set(list(world.values()), look_ups)
    curate_dataset(raw, {"attributes": family}, output=tmp_path / "out")
    (tmp_path / "out" / "private-notes.txt").write_text("not to be published")
    return tmp_path / "out"


def test_the_data_set_is_uploaded_and_nothing_else(
    folder: Path, hub: tuple[str, type[Hub]], monkeypatch: pytest.MonkeyPatch
):
    endpoint, handler = hub
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    address = push_to_hub(folder, "me/set", endpoint=endpoint)
    assert address == f"{endpoint}/datasets/me/set"
    made = handler.requests[0][1]
    assert made["type"] == "dataset" and (made.get("private") is True or made.get("visibility") == "private")
    published = {*folder.glob("samples/*"), *folder.glob("documents/*")}
    published |= {folder / name for name in ("README.md", "manifest.json", "curation.json")}
    assert handler.files == {file.relative_to(folder).as_posix(): file.read_bytes() for file in published}


def test_what_the_hub_refuses_is_one_line_without_the_token(
    folder: Path, hub: tuple[str, type[Hub]], monkeypatch: pytest.MonkeyPatch
):
    endpoint, handler = hub
    handler.refuse = True
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(InputError, match="could not be published as 'me/set'") as caught:
        push_to_hub(folder, "me/set", endpoint=endpoint)
    assert TOKEN not in str(caught.value) and "\n" not in str(caught.value) and "403" in str(caught.value)


def test_without_a_token_nothing_is_tried(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(InputError, match="HF_TOKEN is not set; set HF_TOKEN to a token that may write"):
        push_to_hub(folder, "me/set", endpoint="http://127.0.0.1:1")


def test_a_folder_without_a_card_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    (folder / "README.md").unlink()
    with pytest.raises(InputError, match=r"README\.md: is missing; curate the data set with an output"):
        push_to_hub(folder, "me/set", endpoint="http://127.0.0.1:1")
