"""One server: its connections, its gate, and one request asked until it is answered or given up."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from longstride import __version__
from longstride.llm.clock import Clock
from longstride.llm.concurrency import Gate
from longstride.llm.failures import NO_CONNECTION, TIMEOUT, Failure, one_line, status_failure
from longstride.llm.ledger import Account, Ledger
from longstride.llm.proxies import Proxy, proxy_before
from longstride.llm.retry import full_jitter, retry_after_seconds
from longstride.llm.wire import Reply, read_reply

if TYPE_CHECKING:
    import aiohttp

CONNECT_TIMEOUT_SECONDS = 15.0  # not in the paper
IDLE_SECONDS = 4.0  # that a connection is kept: uvicorn, which most servers of models run on, closes it after 5
LONGEST_HEADER_BYTES = 2**16
PLACEHOLDER_KEY = "none"  # for servers that want no key


@dataclass(frozen=True)
class Request:
    """One request and on whose account it goes."""

    where: str  # role, server and model, for errors
    body: dict[str, Any]
    account: Account
    timeout_seconds: float
    max_retries: int
    unsent: Callable[[], AbstractContextManager[None]]  # wraps every wait before a try


class Endpoint:
    """A server with one key. Its HTTP client is imported with the first request.

    The key stands in the headers of requests only: no message, no `repr` and no log of ours holds it, and a proxy
    is not told it.
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
        self._line: _Line | None = None

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
        import aiohttp

        line = self._line = self._line or self._connect()
        body = json.dumps(request.body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            async with asyncio.timeout(request.timeout_seconds), line.post(body) as response:
                content = await response.read()
        except TimeoutError:  # aiohttp's own are such too
            return TIMEOUT
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: a redirect that cannot be followed
            return replace(NO_CONNECTION, problem=f"{NO_CONNECTION.problem} ({one_line(_cause(error))})")
        if 200 <= response.status < 300:
            return self._read(content)
        return self._failure(
            response.status, _decoded(content), retry_after_seconds(response.headers, self._clock.wall())
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

    def _connect(self) -> _Line:
        import aiohttp

        headers, proxy = self._headers(), proxy_before(self.base_url)
        encrypted = self.base_url.startswith("https:")
        if proxy is not None and proxy.authorization is not None and not encrypted:
            headers["proxy-authorization"] = proxy.authorization  # there is no CONNECT that could carry it
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # the gate's business
                keepalive_timeout=IDLE_SECONDS,
                ssl=_certificates() if encrypted else True,
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=LONGEST_HEADER_BYTES,
            max_field_size=LONGEST_HEADER_BYTES,
        )
        return _Line(session, f"{self.base_url}/chat/completions", headers, proxy)

    async def close(self) -> None:
        """Close the connections."""
        line, self._line = self._line, None
        if line is not None:
            await line.session.close()


@dataclass(frozen=True)
class _Line:
    """The connections to a server, and what every request on them says."""

    session: aiohttp.ClientSession  # without headers of its own, for it would tell them to a proxy
    url: str
    headers: dict[str, str] = field(repr=False)
    proxy: Proxy | None

    def post(self, body: bytes) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        data = io.BytesIO(body)  # is sent piece by piece: millions of characters at once would hold up all others
        if self.proxy is None:
            return self.session.post(self.url, data=data, headers=self.headers)
        told = {} if self.proxy.authorization is None else {"proxy-authorization": self.proxy.authorization}
        return self.session.post(self.url, data=data, headers=self.headers, proxy=self.proxy.url, proxy_headers=told)


def _cause(error: Exception) -> str:
    """What went wrong with a connection, without its address: whoever is told may not be meant to know that."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return str(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error
        if reason.errno is None or isinstance(reason, ssl.SSLError | socket.gaierror):
            return reason.strerror or type(error).__name__
        return os.strerror(reason.errno)  # its own words name the address
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy says {error.status} {error.message}"
    if isinstance(error, aiohttp.TooManyRedirects):
        return "too many redirects"
    return str(error) or type(error).__name__


def _certificates() -> ssl.SSLContext:
    """Those that this machine trusts, or SSL_CERT_FILE and SSL_CERT_DIR: httpx2 knows where each system has them."""
    import httpx2

    context = httpx2.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _decoded(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace")
