"""The server on loopback, in a thread of its own, before the stand-in for a model's server."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import openai
import pytest
import uvicorn

from longstride.llm.settings import RoleSettings
from longstride.memory.server.agent import AgentSettings
from longstride.memory.server.app import ServerSettings, create_app
from longstride.tokens import load_tokenizer

if TYPE_CHECKING:
    from tests.memory.conftest import Upstream


@dataclass(frozen=True)
class Served:
    """A server that runs, and how to reach it."""

    port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def client(self, key: str = "none") -> openai.OpenAI:
        """OpenAI's own client, as it is installed."""
        return openai.OpenAI(base_url=self.base_url, api_key=key, max_retries=0)


Serve = Callable[..., Served]


@pytest.fixture
def serve(upstream: Upstream) -> Iterator[Serve]:
    """Starts a server; `window=2_000` and other ServerSettings, `agent={...}` and `role={...}` say how."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(*, agent: dict[str, Any] | None = None, role: dict[str, Any] | None = None, **settings: Any) -> Served:
        chosen = {"base_url": upstream.base_url, "model": "m", "max_retries": 0, **(role or {})}
        served = ServerSettings(
            role=RoleSettings.model_validate(chosen), agent=AgentSettings(**(agent or {})), **settings
        )
        app = create_app(served, load_tokenizer())
        door = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[door])), daemon=True)
        thread.start()
        running.append((server, thread))
        return Served(door.getsockname()[1])

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits until something holds; fails where it does not within two minutes."""

    def wait(holds: Callable[[], bool]) -> None:
        end = time.monotonic() + 120
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.01)

    return wait
