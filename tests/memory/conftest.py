"""A stand-in for a model's server on loopback: it reads like an agent that notes facts, and can misbehave."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

FACT = re.compile(r"FACT [^\n]*")
OnLoopback = Callable[[type[BaseHTTPRequestHandler]], AbstractContextManager[str]]


@dataclass(frozen=True)
class Reply:
    """What the server sends back."""

    text: str = ""
    finish_reason: str = "stop"
    status: int = 200
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    delay_seconds: float = 0.0
    send_bytes: int | None = None  # of the body; the connection ends there
    body: bytes | None = None  # in place of a completion
    events: tuple[bytes, ...] = ()  # of a stream, as they are; after the last one the connection ends
    ends_well: bool = True  # the stream, with its last, empty piece


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    body: dict[str, Any]
    headers: dict[str, str]
    raw: bytes = b""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")

    @property
    def prompt(self) -> str:
        return str(self.body["messages"][-1]["content"])

    @property
    def kind(self) -> str:
        """update, merge, check, answer or full."""
        if "<done>" in self.prompt:
            return "check"
        if self.prompt.startswith("Please read the following text"):
            return "full"
        if "<section>" not in self.prompt:
            return "answer"
        return "merge" if "Several readers" in self.prompt else "update"

    def between(self, mark: str) -> str:
        """What stands between a mark of the prompt and its end, as it is first there."""
        return self.prompt.partition(f"<{mark}>")[2].partition(f"</{mark}>")[0].strip()


class Upstream:
    """`script` is replied first, in order; then `reply` decides. Everything that was asked is on record.

    By itself it notes the lines that begin with FACT, and answers with its notes.
    """

    def __init__(self, on_loopback: OnLoopback) -> None:
        self.script: list[Reply] = []
        self.reply: Callable[[Asked], Reply] = self.noting
        self.models: dict[str, Any] = {"data": [{"id": "m", "max_model_len": 16_384}]}
        self.asked: list[Asked] = []
        self.listed: list[dict[str, str]] = []  # the headers of each look at the list of models
        self.delay_seconds = 0.0
        self.in_flight = self.most_in_flight = 0
        self.left = 0  # requests whose client closed the connection while they waited
        self.lock = threading.Lock()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                upstream.handle(self)

            def do_GET(self) -> None:
                upstream.listed.append(dict(self.headers))
                upstream.send(self, 200, upstream.models, {}, None)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._open = ExitStack()
        self.base_url = self._open.enter_context(on_loopback(Handler))

    @property
    def kinds(self) -> list[str]:
        return [asked.kind for asked in self.asked]

    def noting(self, asked: Asked) -> Reply:
        if asked.kind == "check":
            return Reply("<done>no</done>")
        if asked.kind == "answer":
            return Reply("I noted: " + asked.between("memory"))
        if asked.kind == "full":
            return Reply("I read: " + "; ".join(FACT.findall(asked.between("text"))))
        notes = FACT.findall(asked.between("previous_memory")) + FACT.findall(asked.between("section"))
        noted = "\n".join(dict.fromkeys(notes)) or "nothing yet"
        return Reply(f"Updated memory:\n\n<memory>\n{noted}\n</memory>\n\n<plan>\nread on\n</plan>")

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            asked = Asked(json.loads(raw), dict(handler.headers), raw)
            self.asked.append(asked)
            reply = self.script.pop(0) if self.script else None
        reply = reply or self.reply(asked)
        stays = waited(handler.connection, reply.delay_seconds or self.delay_seconds)
        with self.lock:
            self.in_flight -= 1
            self.left += not stays
        if not stays:
            handler.close_connection = True
            return
        if reply.events:
            self.send_events(handler, reply)
            return
        if reply.body is not None:
            self.send_bytes(handler, reply.status, reply.body, reply.headers)
            return
        if reply.status != 200:
            self.send(handler, reply.status, {"error": {"message": reply.error}}, reply.headers, None)
            return
        message = {"role": "assistant", "content": reply.text}
        document = {
            "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason}],
            "usage": {"prompt_tokens": len(asked.prompt.split()), "completion_tokens": len(reply.text.split())},
        }
        self.send(handler, 200, document, reply.headers, reply.send_bytes)

    def send(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        document: dict[str, Any],
        headers: dict[str, str],
        send_bytes: int | None,
    ) -> None:
        self.send_bytes(handler, status, json.dumps(document).encode(), headers, send_bytes)

    def send_bytes(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        body: bytes,
        headers: dict[str, str],
        send_bytes: int | None = None,
    ) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:send_bytes])
        handler.wfile.flush()
        if send_bytes is not None:
            handler.close_connection = True

    def send_events(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        """A stream in chunks of HTTP."""
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for event in reply.events:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            handler.wfile.flush()
        if reply.ends_well:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    def close(self) -> None:
        self._open.close()


def waited(connection: socket.socket, seconds: float) -> bool:
    """Wait; False as soon as the other side has closed the connection."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.01))
        try:
            if not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                return False
        except BlockingIOError:
            continue
        except OSError:
            return False
    return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy stands before the loopback, and nobody's settings or keys leak into a test."""
    for name in list(os.environ):
        if name.startswith(("LONGSTRIDE_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def upstream(on_loopback: OnLoopback) -> Iterator[Upstream]:
    upstream = Upstream(on_loopback)
    yield upstream
    upstream.close()


def paragraphs(facts: Sequence[str], between: int) -> str:
    """Each fact in a paragraph of its own, with so many paragraphs of filler before it."""
    filler = "The harbour was quiet that day and nothing was written in the log of the port."
    return "\n\n".join(part for fact in facts for part in [*[filler] * between, f"FACT {fact}"]) + "\n"


@pytest.fixture
def long_text() -> str:
    """Five facts in about 9,000 tokens."""
    return paragraphs([f"the {name} lies in dock {number}" for number, name in enumerate(NAMES, 1)], 100)


@pytest.fixture(scope="session")
def one_line() -> Callable[[int], str]:
    """So many characters of plain words without a line break, a number now and then: no two stretches are alike."""
    words = ("the", "harbour", "and", "a", "quay", "with", "rope", "lantern", "light", "for", "people", "tide", "water")

    def build(characters: int) -> str:
        found = (words[number % len(words)] if number % 40 else str(number) for number in range(characters // 3))
        return " ".join(found)[:characters]

    return build


@pytest.fixture(scope="session")
def reply() -> type[Reply]:
    """What a test sends back."""
    return Reply


NAMES = ("Kestrel", "Talon", "Mira", "Orvale", "Tarn")
