"""One server: its connections, its gate, and one request asked until it is answered or given up."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from longstride import __version__
from longstride.llm.clock import Clock
from longstride.llm.concurrency import Gate
from longstride.llm.failures import NO_CONNECTION, TIMEOUT, Failure, one_line, status_failure
from longstride.llm.ledger import Account, Ledger
from longstride.llm.retry import full_jitter, retry_after_seconds
from longstride.llm.wire import Reply, read_reply

if TYPE_CHECKING:
    import ssl

    import httpx2

CONNECT_TIMEOUT_SECONDS = 15.0  # not in the paper
PLACEHOLDER_KEY = "none"  # for servers that want no key
IN_A_POOL = 2  # requests at a time: for each, a pool of connections looks through all of its own


@dataclass(frozen=True)
class Request:
    """One request and on whose account it goes."""

    where: str  # role, server and model, for errors
    body: dict[str, Any]
    account: Account
    timeout_seconds: float
    max_retries: int
    unsent: Callable[[], AbstractContextManager[None]]  # wraps every wait before a try


@dataclass
class _Pool:
    client: httpx2.AsyncClient
    under_way: int = 0


class Endpoint:
    """A server with one key. Its HTTP client is imported with the first request.

    The key stands in the connection's headers only: no message, no `repr` and no log of ours holds it.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        api_key_env: str | None,
        gate: Gate,
        ledger: Ledger,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self.base_url, self.gate = base_url, gate
        self._api_key, self._api_key_env = api_key, api_key_env
        self._ledger, self._clock, self._rng = ledger, clock, rng
        self._pools: list[_Pool] = []
        self._certificates: ssl.SSLContext | None = None
        self._url: httpx2.URL | str = ""  # read once

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r})"

    async def ask(self, request: Request) -> Reply:
        """The first reply that holds an answer; every try is counted, and waits its turn at the gate.

        Raises `ModelError` when the tries are used up or the server refuses, `BudgetExceeded` before a try that the
        budget does not allow.
        """
        failures = 0
        while True:
            with request.unsent():
                if failures:
                    await self._clock.sleep(full_jitter(failures, self._rng))
                self._ledger.check()  # before a wait that would be in vain
                slot = await self.gate.enter()
            with slot:
                self._ledger.send(request.account, retry=failures > 0)
                outcome = await self._post(request)
                if isinstance(outcome, Reply):
                    request.account.replied(len(outcome.completions), outcome.usage)
                    slot.answered()
                    failure = outcome.failure
                else:
                    failure = outcome
                    if failure.congestion:
                        slot.congested(failure.retry_after_seconds)
            if failure is None:
                assert isinstance(outcome, Reply)
                return outcome
            failures += 1
            if not failure.retry or failures > request.max_retries:
                raise failure.error(request.where, failures)

    async def _post(self, request: Request) -> Reply | Failure:
        """One try. Everything that can go wrong on the way comes back as a `Failure`."""
        import httpx2

        content = json.dumps(request.body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            async with asyncio.timeout(request.timeout_seconds):
                with self._client() as client:
                    response = await client.post(self._url, content=content)
        except (TimeoutError, httpx2.TimeoutException):
            return TIMEOUT
        except httpx2.RequestError as error:
            cause = one_line(str(error) or type(error).__name__)
            return replace(NO_CONNECTION, problem=f"{NO_CONNECTION.problem} ({cause})")
        if response.is_success:
            return self._read(response.content)
        return self._failure(
            response.status_code, _decoded(response), retry_after_seconds(response.headers, self._clock.wall())
        )

    def _read(self, content: bytes) -> Reply | Failure:
        reply = read_reply(content)
        return reply if reply.error is None else self._failure(*reply.error)

    def _failure(self, status: int, body: object, asked_seconds: float | None = None) -> Failure:
        return status_failure(
            status, body, api_key_env=self._api_key_env, retry_after_seconds=asked_seconds, secret=self._api_key
        )

    def _headers(self) -> dict[str, str]:
        """OpenAI's own variables for organization and project go to the owner of OpenAI's key, nowhere else."""
        headers = {
            "authorization": f"Bearer {self._api_key or PLACEHOLDER_KEY}",
            "content-type": "application/json",
            "user-agent": f"longstride/{__version__}",
        }
        if self._api_key_env == "OPENAI_API_KEY":
            owner = {"openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID"}
            headers |= {name: os.environ[variable] for name, variable in owner.items() if os.environ.get(variable)}
        return headers

    @contextmanager
    def _client(self) -> Iterator[httpx2.AsyncClient]:
        """The first pool with room, so that connections are used again; one more where none has."""
        pool = next((each for each in self._pools if each.under_way < IN_A_POOL), None)
        if pool is None:
            pool = _Pool(self._connect())
            self._pools.append(pool)
        pool.under_way += 1
        try:
            yield pool.client
        finally:
            pool.under_way -= 1

    def _connect(self) -> httpx2.AsyncClient:
        import httpx2

        if self._certificates is None:
            self._certificates = httpx2.create_ssl_context()  # reads a file of them: once for all pools
            self._url = httpx2.URL(f"{self.base_url}/chat/completions")
        return httpx2.AsyncClient(
            verify=self._certificates,
            headers=self._headers(),
            timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_SECONDS),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None),
            follow_redirects=True,
        )

    async def close(self) -> None:
        """Close the connections."""
        while self._pools:
            await self._pools.pop().client.aclose()


def _decoded(response: httpx2.Response) -> object:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return response.text
