"""The door before the routes: keys, sizes, forms, ids, and a log without a word of what was asked."""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest

if TYPE_CHECKING:
    from tests.memory.conftest import Reply, Upstream
    from tests.memory.server.conftest import Serve, Served

HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello, Rumpelstiltskin"}]}
JSON = {"Content-Type": "application/json"}


def post(served: Served, content: bytes, headers: dict[str, str] | None = None) -> httpx2.Response:
    return httpx2.post(f"{served.base_url}/chat/completions", content=content, headers=headers or JSON, timeout=600)


def code(response: httpx2.Response) -> tuple[int, str | None]:
    return response.status_code, response.json()["error"]["code"]


def test_the_model_is_listed_and_found(serve: Serve):
    served = serve()
    with served.client() as client:
        assert [model.id for model in client.models.list()] == ["m"]
        assert client.models.retrieve("m").owned_by == "longstride"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("x")
    assert httpx2.get(f"http://127.0.0.1:{served.port}/health").json() == {"status": "ok"}


def test_a_key_is_required_where_one_is_set(serve: Serve, upstream: Upstream):
    served = serve(client_key="sk-of-our-clients")
    with served.client("sk-of-our-clients") as client:
        assert client.models.list().data
        messages: Any = HELLO["messages"]
        assert client.chat.completions.create(model="m", messages=messages).choices
    for key in ("sk-of-our-client", "sk-of-our-clients-", "x", "Bearer"):
        response = post(served, json.dumps(HELLO).encode(), JSON | {"Authorization": f"Bearer {key}"})
        assert code(response) == (401, "invalid_api_key")
    assert code(post(served, b"{}")) == (401, "invalid_api_key")
    assert httpx2.get(f"http://127.0.0.1:{served.port}/health").status_code == 200
    with served.client("wrong") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()
    assert len(upstream.asked) == 1
    assert "sk-of" not in str(upstream.asked[0].headers)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", "invalid_json"),
        (b"\xff", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b"[]", "invalid_json"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "\\ud800"}]}', "invalid_json"),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "invalid_type"),
        (b'{"model": "m", "messages": []}', "invalid_type"),
        (b'{"model": "m", "messages": ["x"]}', "invalid_type"),
        (b'{"model": "m", "messages": [{"role": "user", "content": 3}]}', "invalid_type"),
    ],
)
def test_a_body_that_is_no_chat_is_refused(body: bytes, expected: str, serve: Serve, upstream: Upstream):
    assert code(post(serve(), body)) == (400, expected)
    assert upstream.asked == []


def test_a_body_that_is_too_large_is_refused_before_it_has_come(serve: Serve, upstream: Upstream):
    served = serve(max_bytes=1_000)
    assert code(post(served, b"x" * 1_001)) == (413, "body_too_large")
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        connection.sendall(b"Content-Length: 99999999999\r\n\r\n")
        assert b"413" in connection.recv(1_000)
    with socket.create_connection(("127.0.0.1", served.port)) as connection:  # its length is not told
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        connection.sendall(b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1_024 + b"\r\n")
        assert b"413" in connection.recv(1_000)
    assert upstream.asked == []


def test_what_a_browser_sends_from_anothers_page_is_refused(serve: Serve):
    response = post(serve(), json.dumps(HELLO).encode(), {"Content-Type": "text/plain"})
    assert code(response) == (415, "unsupported_media_type")


def test_a_path_or_a_method_that_is_not_there_has_openais_form(serve: Serve):
    served = serve()
    for response in (httpx2.get(f"{served.base_url}/chat/completions"), httpx2.post(f"{served.base_url}/models")):
        assert response.status_code == 405
        assert response.json()["error"]["type"] == "invalid_request_error"
    for path in ("embeddings", "models/"):
        assert httpx2.get(f"{served.base_url}/{path}").status_code == 404


def test_the_log_has_each_requests_id_and_no_word_of_it(
    serve: Serve, upstream: Upstream, reply: type[Reply], caplog: pytest.LogCaptureFixture
):
    upstream.script = [reply("Bless you"), reply(status=500, error="Rumpelstiltskin overflowed")]
    served = serve(client_key="k")
    with caplog.at_level(logging.DEBUG, logger="longstride"):
        ids = [
            post(served, json.dumps(HELLO).encode(), JSON | {"Authorization": "Bearer k"}).headers["x-request-id"]
            for _ in range(2)
        ]
        httpx2.get(f"{served.base_url}/Rumpelstiltskin?x=Rumpelstiltskin")
    lines = [record.getMessage() for record in caplog.records if record.name == "longstride.serve"]
    assert [line.partition(" ")[0] for line in lines[:2]] == ids
    assert "POST /v1/chat/completions 200 pass" in lines[0]
    assert "POST /v1/chat/completions 500 pass" in lines[1]
    assert "Rumpelstiltskin" not in "\n".join(lines)


def test_a_fault_of_ours_is_told_without_a_word_of_the_request(
    serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(body: bytes) -> None:
        raise RuntimeError(body.decode())

    monkeypatch.setattr("longstride.memory.server.chat.parse_request", broken)
    with caplog.at_level(logging.DEBUG, logger="longstride"):
        response = post(serve(), json.dumps(HELLO).encode())
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"
    assert "RuntimeError" in caplog.text
    assert "Rumpelstiltskin" not in caplog.text + response.text
