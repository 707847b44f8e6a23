"""The server as an ASGI application: its routes, and the door before them."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
import traceback
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from longstride.llm.settings import RoleSettings
from longstride.memory.server.agent import Agent, AgentSettings
from longstride.memory.server.api_errors import ApiError
from longstride.memory.server.chat import MODE, ChatEndpoint
from longstride.memory.server.responses import ClientGone, Response
from longstride.memory.server.upstream import Upstream
from longstride.tokens import Tokenizer

LOG = logging.getLogger("longstride.serve")
CHAT, MODELS, HEALTH = "/v1/chat/completions", "/v1/models", "/health"
THREADS = 64  # that count tokens and cut texts, beside the model's calls; not in the paper
MIB = 2**20


@dataclass(frozen=True)
class ServerSettings:
    """What is served, to whom, and how."""

    role: RoleSettings  # the upstream
    window: int | None = None  # tokens; None asks the upstream
    client_key: str | None = field(default=None, repr=False)  # that requests must bear; None for none
    max_bytes: int = 64 * MIB  # of a request
    keep_alive_seconds: float = 10.0  # between comments in a stream that has nothing to say
    agent: AgentSettings = field(default_factory=AgentSettings)


def create_app(settings: ServerSettings, tokenizer: Tokenizer) -> ASGIApp:
    """The application. The upstream's connections are open from its start to its end."""
    upstream = Upstream(settings.role, settings.window)
    chat = ChatEndpoint(
        upstream,
        Agent(upstream, tokenizer, settings.agent),
        tokenizer,
        settings.max_bytes,
        settings.agent.estimated,
        settings.keep_alive_seconds,
    )
    created = int(time.time())
    served = {"id": settings.role.model, "object": "model", "created": created, "owned_by": "longstride"}

    async def models(request: Request) -> JSONResponse:
        return JSONResponse({"object": "list", "data": [served]})

    async def model(request: Request) -> JSONResponse:
        if request.path_params["name"] != settings.role.model:
            raise ApiError(404, "this model is not served here", code="model_not_found", param="model")
        return JSONResponse(served)

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "longstride-serve"))
        async with upstream:
            yield

    routes = [
        Route(CHAT, chat, methods=["POST"]),
        Route(MODELS, models),
        Route(MODELS + "/{name:path}", model),
        Route(HEALTH, health),
    ]
    return Door(Router(routes, redirect_slashes=False, lifespan=lifespan), settings.client_key)


class Door:
    """Before every route: the key, an id for each request, errors in OpenAI's form, and one line in the log.

    The log has no word of a request: method, route, status, how it was answered, and the seconds that it took.
    """

    def __init__(self, app: ASGIApp, client_key: str | None) -> None:
        self._app, self._client_key = app, client_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.monotonic(), 0
        scope["request_id"] = uuid.uuid4().hex
        scope["app"] = self  # so that a path that is not there is an error, and not a text

        async def labelled(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", scope["request_id"].encode())]
            await send(message)

        response = Response(labelled)
        try:
            await self._guarded(scope, receive, labelled)
        except ApiError as error:
            if status:
                raise
            await response.send_document(error.status, error.document(), error.headers)
        except ClientGone:
            pass
        except Exception as error:
            frames = "".join(traceback.format_tb(error.__traceback__))  # its message may quote a request
            LOG.error("%s: %s\n%s", scope["request_id"], type(error).__name__, frames)
            if not status:
                document = ApiError(500, "a fault of this server; its log has it under the request's id").document()
                await response.send_document(500, document)
        seconds = time.monotonic() - begun
        path = scope["path"] if scope["path"] in (CHAT, MODELS, HEALTH) else "-"
        told = (scope["request_id"], scope["method"], path, status or "client left", scope.get(MODE, "-"), seconds)
        LOG.info("%s %s %s %s %s %.1f s", *told)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._client_key is not None and scope["path"] != HEALTH:
            check_key(scope, self._client_key)
        try:
            await self._app(scope, receive, send)
        except HTTPException as error:
            raise ApiError(error.status_code, error.detail) from None


def check_key(scope: Scope, key: str) -> None:
    """Raises ApiError (401) for a request that does not bear the key."""
    given = next((value for name, value in scope["headers"] if name.lower() == b"authorization"), b"")
    kind, _, credentials = given.partition(b" ")
    if kind.lower() != b"bearer" or not hmac.compare_digest(credentials.strip(), key.encode()):
        raise ApiError(401, "a valid key is wanted: Authorization: Bearer KEY", code="invalid_api_key")
