"""One server: its connections, its gate, and one request asked until it is answered or given up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from longstride.llm.clock import Clock
from longstride.llm.concurrency import Gate
from longstride.llm.failures import NO_CONNECTION, TIMEOUT, Failure, one_line, status_failure
from longstride.llm.ledger import Account, Ledger
from longstride.llm.retry import full_jitter, retry_after_seconds
from longstride.llm.wire import Reply, read_reply

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_TIMEOUT_SECONDS = 15.0  # not in the paper
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
    """A server with one key. The `openai` package is imported with the first request (0.7 s), its retries are off.

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
        self._client: AsyncOpenAI | None = None

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
        import openai

        client = self._client or self._connect()
        body = dict(request.body)
        try:
            async with asyncio.timeout(request.timeout_seconds):
                response = await client.chat.completions.with_raw_response.create(
                    model=body.pop("model"),
                    messages=body.pop("messages"),
                    extra_body=body,
                    extra_headers=self._headers(openai.Omit()),
                    timeout=openai.Timeout(None, connect=CONNECT_TIMEOUT_SECONDS),
                )
            return self._read(response.http_response.content)
        except (TimeoutError, openai.APITimeoutError):
            return TIMEOUT
        except openai.APIConnectionError as error:
            cause = one_line(str(error.__cause__ or error))
            return replace(NO_CONNECTION, problem=f"{NO_CONNECTION.problem} ({cause})")
        except openai.APIStatusError as error:
            asked_seconds = retry_after_seconds(error.response.headers, self._clock.wall())
            return self._failure(error.status_code, error.body, asked_seconds)

    def _read(self, content: bytes) -> Reply | Failure:
        reply = read_reply(content)
        return reply if reply.error is None else self._failure(*reply.error)

    def _failure(self, status: int, body: object, asked_seconds: float | None = None) -> Failure:
        return status_failure(
            status, body, api_key_env=self._api_key_env, retry_after_seconds=asked_seconds, secret=self._api_key
        )

    def _headers(self, omit: Any) -> dict[str, Any]:
        """OpenAI's own variables for organization and project go to the owner of OpenAI's key, nowhere else."""
        if self._api_key_env == "OPENAI_API_KEY":
            return {}
        return {"OpenAI-Organization": omit, "OpenAI-Project": omit}

    def _connect(self) -> AsyncOpenAI:
        import openai

        self._client = openai.AsyncOpenAI(
            base_url=self.base_url, api_key=self._api_key or PLACEHOLDER_KEY, max_retries=0
        )
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None
