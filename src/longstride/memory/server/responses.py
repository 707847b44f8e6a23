"""What goes back to a client: documents, and streams of events that outlast a slow model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from starlette.types import Receive, Send

T = TypeVar("T")
KEEP_ALIVE = b": reading\n\n"  # a comment, which every client of events passes over
DONE = b"data: [DONE]\n\n"
EVENTS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", "x-accel-buffering": "no"}


class ClientGone(Exception):
    """The client closed the connection; nobody waits for an answer."""


class Response:
    """One response over ASGI: `send_all`, or `start`, `write` and `end`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status and the headers."""
        self.started = True
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def write(self, body: bytes) -> None:
        """Send a piece of the body at once."""
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> None:
        """The body is complete."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send_all(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """A whole response."""
        await self.start(status, {**headers, "content-length": str(len(body))})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def send_document(self, status: int, document: object, headers: Mapping[str, str] | None = None) -> None:
        """A whole response of JSON."""
        body = json.dumps(document, ensure_ascii=False).encode()
        await self.send_all(status, body, {"content-type": "application/json", **(headers or {})})


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The work's result. Raises ClientGone once the client has left; the work is cancelled then, and has ended.

    The request's body must have been read.
    """
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGone
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
