"""The server behind this one: one limit for all that goes to it, its window, and two ways to ask it.

A request that fits is relayed as it came (`passed`); the agent's turns go through `UpstreamModel`. A caller that gives
up breaks its request off, so that a client's leaving ends the work.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

import httpx2

from longstride.llm.chat import Completion, Sampling
from longstride.llm.clock import Clock
from longstride.llm.concurrency import AdaptiveLimit, Gate
from longstride.llm.endpoint import CONNECT_TIMEOUT_SECONDS, Endpoint, Request
from longstride.llm.failures import Failure, status_failure
from longstride.llm.ledger import Ledger
from longstride.llm.retry import retry_after_seconds
from longstride.llm.settings import RoleSettings
from longstride.llm.wire import Question
from longstride.memory.server.api_errors import ApiError
from longstride.memory.window import served_window
from longstride.records import Message

LOOK_AGAIN_SECONDS = 30.0  # for a window that the upstream did not tell
IN_ERRORS = "the upstream"  # its address is no client's business


class Upstream:
    """One server, one model, between `async with` and its end."""

    def __init__(self, role: RoleSettings, window: int | None = None) -> None:
        self.role = role
        self._key = role.api_key()
        self._gate = Gate(AdaptiveLimit(role.max_concurrency))
        self._ledger = Ledger()
        self._endpoint = Endpoint(
            role.base_url, self._key, role.api_key_env, self._gate, self._ledger, Clock(), random.Random("serve/retry")
        )
        seconds = role.timeout_seconds
        timeout = httpx2.Timeout(None, connect=CONNECT_TIMEOUT_SECONDS, read=seconds, write=seconds)
        self._http = httpx2.AsyncClient(timeout=timeout, limits=httpx2.Limits(max_connections=None))
        self._window, self._window_source = window, "--window"
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self.model = UpstreamModel(role, self._endpoint, self._ledger)

    async def __aenter__(self) -> Upstream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()
        await self._endpoint.close()

    async def window(self) -> tuple[int | None, str]:
        """Tokens of the model's window and who says so; None where nobody does yet."""
        async with self._looking:
            if self._window is None and time.monotonic() > self._looked_at + LOOK_AGAIN_SECONDS:
                found = await asyncio.to_thread(served_window, self.role.base_url, self.role.model, self._key)
                self._window, self._window_source, self._looked_at = found, "the server's", time.monotonic()
            return self._window, self._window_source

    @asynccontextmanager
    async def passed(self, body: bytes) -> AsyncIterator[httpx2.Response]:
        """The response to a chat request as it came, its body not read yet. Raises ApiError where there is none."""
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = self._http.build_request(
            "POST", f"{self.role.base_url}/chat/completions", content=body, headers=headers
        )
        with await self._gate.enter() as slot:
            try:
                response = await self._http.send(request, stream=True)
            except httpx2.TransportError as error:
                slot.congested()
                raise unreachable(error) from None
            try:
                failure = self.failure(response.status_code, None)
                if failure is not None and failure.congestion:
                    slot.congested(retry_after_seconds(response.headers, time.time()))
                else:
                    slot.answered()
                yield response
            finally:
                await response.aclose()

    def failure(self, status: int, body: object) -> Failure | None:
        """What an error's status and body say; None for a status that is no error's."""
        if status < 400:
            return None
        return status_failure(status, body, api_key_env=self.role.api_key_env, secret=self._key)


@dataclass(frozen=True)
class UpstreamModel:
    """A `ChatModel` on the upstream, with its retries, and nothing kept."""

    role: RoleSettings
    endpoint: Endpoint
    ledger: Ledger

    @property
    def model_id(self) -> str:
        return self.role.model

    async def complete(
        self, messages: Sequence[Message], *, n: int = 1, sample_index: int = 0, sampling: Sampling | None = None
    ) -> list[Completion]:
        """As `ChatModel.complete`; each call is another draw, and one that is cancelled is broken off."""
        question = Question(
            self.role.base_url, self.role.model, tuple(messages), sampling or self.role.sampling.sampling()
        )
        account = self.ledger.account("serve", self.role.model, self.role.prices)
        completions: list[Completion] = []
        for index in range(sample_index, sample_index + n):
            request = Request(
                IN_ERRORS,
                question.body([index]),
                account,
                self.role.timeout_seconds,
                self.role.max_retries,
                nullcontext,
            )
            completions.append((await self.endpoint.ask(request)).completions[0])
        return completions


def unreachable(error: httpx2.TransportError) -> ApiError:
    """What to tell a client of a connection that failed."""
    if isinstance(error, httpx2.TimeoutException):
        return ApiError(504, f"{IN_ERRORS} gave no answer in time", code="upstream_timeout")
    if isinstance(error, httpx2.ConnectError):
        return ApiError(502, f"{IN_ERRORS} cannot be reached", code="upstream_unreachable")
    return ApiError(502, f"{IN_ERRORS} broke the connection off", code="upstream_broke_off")
