"""What the command `serve` does with its options, and what it prints."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import sys
from dataclasses import dataclass

import uvicorn

from longstride.errors import InputError
from longstride.llm.settings import RoleSettings, load_settings
from longstride.memory.ask_command import ROLE
from longstride.memory.server.agent import AgentSettings
from longstride.memory.server.app import MIB, ServerSettings, create_app
from longstride.memory.settings import MemorySettings
from longstride.tokens import BUNDLED, load_tokenizer

CLIENT_KEY = "LONGSTRIDE_API_KEY"
SHUTDOWN_SECONDS = 30  # for requests that are under way; not in the paper
WAITING = 2048  # connections that are not accepted yet


@dataclass(frozen=True)
class ServeRequest:
    """`longstride serve`, as it was typed; None leaves a choice to the defaults."""

    base_url: str | None = None
    model: str | None = None
    host: str = "127.0.0.1"
    port: int = 8100
    window: int | None = None
    chunk_tokens: int | None = None
    memory_tokens: int | None = None
    update_tokens: int | None = None
    answer_tokens: int | None = None
    tokenizer: str = BUNDLED
    prompts: str = "paper"
    max_upstream: int | None = None
    timeout_seconds: float | None = None
    max_request_mib: int = 64
    keep_alive_seconds: float = 10.0
    api_key_env: str | None = None
    require_key: bool = False


def run_serve(request: ServeRequest) -> None:
    """`longstride serve`: until it is interrupted; what is under way then is finished."""
    MemorySettings(prompts=request.prompts)
    settings = ServerSettings(
        role=_role(request),
        window=request.window,
        client_key=client_key(required=request.require_key),
        max_bytes=request.max_request_mib * MIB,
        keep_alive_seconds=request.keep_alive_seconds,
        agent=AgentSettings(
            request.prompts,
            request.chunk_tokens,
            request.memory_tokens,
            request.update_tokens,
            request.answer_tokens,
            estimated=request.tokenizer == BUNDLED,
        ),
    )
    app = create_app(settings, load_tokenizer(request.tokenizer))
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("longstride.serve").setLevel(logging.INFO)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    with listening(request.host, request.port) as door:
        for line in told(settings, request.host, door.getsockname()[1]):
            print(line, file=sys.stderr, flush=True)
        try:
            uvicorn.Server(config).run(sockets=[door])
        except KeyboardInterrupt:  # told to uvicorn first, which has ended well
            return


def client_key(*, required: bool) -> str | None:
    """The key that clients must bear: of the environment, and never of the command line, which others can see."""
    key = os.environ.get(CLIENT_KEY, "").strip()
    if required and not key:
        raise InputError(f"the environment variable {CLIENT_KEY} is not set", cure="set it to the key of your clients")
    if not key.isascii():
        raise InputError(f"the key in {CLIENT_KEY} holds a character that no header can carry")
    return key or None


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections. Raises InputError where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=WAITING)
    except OSError as error:
        cure = "name another --port, or end what runs there"
        raise InputError(f"cannot listen on {host}, port {port}: {error.strerror or error}", cure=cure) from None


def told(settings: ServerSettings, host: str, port: int) -> list[str]:
    """What to say at the start: the address, an example, and a warning where anybody may ask."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/v1"
    model = settings.role.model
    key = f' -H "Authorization: Bearer ${CLIENT_KEY}"' if settings.client_key else ""
    body = f'{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
    lines = [
        f"serving {model} of {settings.role.base_url} at {address}",
        f"  curl {address}/chat/completions -H 'Content-Type: application/json'{key} -d '{body}'",
    ]
    if not is_loopback(host) and settings.client_key is None:
        lines.append(f"warning: anybody who reaches {host} may ask; set {CLIENT_KEY} to require a key")
    return lines


def is_loopback(host: str) -> bool:
    """Only this machine can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _role(request: ServeRequest) -> RoleSettings:
    given = {
        "base_url": request.base_url,
        "model": request.model,
        "api_key_env": request.api_key_env,
        "max_concurrency": request.max_upstream,
        "timeout_seconds": request.timeout_seconds,
    }
    role = load_settings(**{name: value for name, value in given.items() if value is not None}).role(ROLE)
    role.api_key()  # a key that is not there is told at once
    return role
