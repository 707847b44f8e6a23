"""A small OpenAI-compatible server on loopback that can misbehave in every way we know of, and a clock to hold."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from longstride.llm.clock import Clock
from longstride.llm.settings import ModelsSettings

OnLoopback = Callable[[type[BaseHTTPRequestHandler]], AbstractContextManager[str]]


@dataclass(frozen=True)
class Reply:
    """What the server sends back."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay_seconds: float = 0.0
    send_bytes: int | None = None  # of the body; the connection ends there
    drop: bool = False  # end the connection without a word


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    at: float  # the test's clock

    @property
    def text(self) -> str:
        return self.body["messages"][-1]["content"]

    @property
    def n(self) -> int:
        return self.body.get("n", 1)


class Server:
    """`script` is replied first, in order; then `reply` decides. Everything that was asked is on record."""

    def __init__(self, on_loopback: OnLoopback) -> None:
        self.on_loopback = on_loopback
        self.script: list[Reply] = []
        self.reply: Callable[[Asked], Reply] = self.echo
        self.now: Callable[[], float] = lambda: 0.0
        self.asked: list[Asked] = []
        self.received: list[str] = []  # the texts of questions whose replies were sent to the last byte
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        self.open = threading.Event()  # while it is clear, replies wait
        self.open.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                server.handle(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._open = ExitStack()
        self.base_url = self._open.enter_context(on_loopback(Handler))

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            asked = Asked(body, dict(handler.headers), self.now())
            self.asked.append(asked)
            reply = self.script.pop(0) if self.script else None
        reply = reply or self.reply(asked)
        time.sleep(reply.delay_seconds)
        self.open.wait(20)
        with self.lock:
            self.in_flight -= 1
        if reply.drop:
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        handler.wfile.write(reply.body[: reply.send_bytes])
        handler.wfile.flush()
        if reply.send_bytes is not None:
            handler.close_connection = True
            return
        with self.lock:
            self.received.append(asked.text)

    async def has_been_asked(self, count: int) -> None:
        """Wait until so many requests have come."""
        async with asyncio.timeout(20):
            while len(self.asked) < count:
                await asyncio.sleep(0.002)

    def close(self) -> None:
        self.open.set()
        self._open.close()

    def echo(self, asked: Asked) -> Reply:
        """`n` answers, told apart by a number that counts the requests."""
        number = len(self.asked)
        return self.answer(*[f"{asked.text} -> {number}.{choice}" for choice in range(asked.n)])

    def same(self, asked: Asked) -> Reply:
        """The same question has the same answer, however often it is asked."""
        return self.answer(f"{asked.text}!")

    def answer(self, *texts: str | None, usage: tuple[int, int] | None = (10, 4), **choice: Any) -> Reply:
        choices = [
            {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", **choice}
            for index, text in enumerate(texts)
        ]
        return self.json({"model": "served", "choices": choices}, usage)

    def json(self, document: dict[str, Any], usage: tuple[int, int] | None = None) -> Reply:
        counts = {"usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}} if usage else {}
        return Reply(json.dumps(document | counts).encode())

    def error(self, status: int, message: str = "", code: str = "", **headers: str) -> Reply:
        body = json.dumps({"error": {"message": message, "code": code}}).encode()
        return Reply(body, status, {name.replace("_", "-"): value for name, value in headers.items()})

    def settings(self, **changes: Any) -> ModelsSettings:
        """Settings for this server; quick to give up unless told otherwise."""
        defaults = {"base_url": self.base_url, "model": "m", "max_retries": 3, "timeout_seconds": 20.0}
        return ModelsSettings.model_validate(defaults | changes)


class HeldClock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.waits: list[float] = []
        self.clock = Clock(monotonic=self.now, wall=lambda: 1_700_000_000.0 + self.seconds, sleep=self.sleep)

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy stands before the loopback, and nobody's settings or keys leak into a test."""
    for name in list(os.environ):
        if name.startswith(("LONGSTRIDE_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def server(on_loopback: OnLoopback) -> Iterator[Server]:
    server = Server(on_loopback)
    yield server
    server.close()


@pytest.fixture
def held(server: Server) -> HeldClock:
    held = HeldClock()
    server.now = held.now
    return held
