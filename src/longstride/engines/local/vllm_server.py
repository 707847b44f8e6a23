"""The few requests that a vLLM server is asked: which model it has, token ids for token ids, new weights.

    VLLM_SERVER_DEV_MODE=1 vllm serve MODEL_FOLDER --enable-prefix-caching

The variable opens the endpoints that change a server's weights; let nobody else reach its port. Weights travel as a
model folder, so trainer and server must see one file system.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longstride.errors import ExpectedError
from longstride.llm.failures import one_line, server_words

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_TIMEOUT_SECONDS = 15.0  # not in the paper
DEV_MODE = "start it with VLLM_SERVER_DEV_MODE=1"


class ServerError(ExpectedError):
    """The server cannot be reached, refuses, or answers something else than was asked."""


@dataclass(frozen=True)
class VllmServer:
    """Where it is and how it is asked. The `openai` package is imported with the first request."""

    url: str  # http://HOST:PORT, without /v1
    model: str | None = None  # the name it is served under; None: the one that there is
    api_key_env: str | None = None  # the variable that holds the key which it was started with, if any
    timeout_seconds: float = 3600.0  # of one response; not in the paper
    max_concurrency: int = 256  # responses at a time; vLLM's own limit is --max-num-seqs; not in the paper
    max_retries: int = 3  # of a request whose connection failed or that met a 5xx; it gives the same again

    def served_model(self) -> tuple[str, int | None]:
        """(its name, the positions it has room for). ServerError where it is not the one, or there are several."""
        answer = self._run(lambda client: client.get("/v1/models", cast_to=object))
        models = _field(answer, "data", list, self.url)
        names = [str(_field(model, "id", str, self.url)) for model in models]
        if self.model is None and len(names) != 1:
            raise ServerError(f"{self.url}: serves {', '.join(names) or 'no model'}; say which one to use")
        chosen = self.model or names[0]
        if chosen not in names:
            raise ServerError(f"{self.url}: serves {', '.join(names)}, not {chosen}; start it with that model")
        positions = models[names.index(chosen)].get("max_model_len")
        return chosen, positions if isinstance(positions, int) else None

    def complete(
        self, bodies: Sequence[Mapping[str, Any]], on_answer: Callable[[Any], None] | None = None
    ) -> list[Any]:
        """The answers of /v1/completions, in the order of `bodies`; the first that fails ends them all."""

        async def ask_all(client: AsyncOpenAI) -> list[Any]:
            gate = asyncio.Semaphore(self.max_concurrency)

            async def ask(body: Mapping[str, Any]) -> Any:
                async with gate:
                    answer = await client.post("/v1/completions", cast_to=object, body=dict(body))
                if on_answer is not None:
                    on_answer(answer)
                return answer

            async with asyncio.TaskGroup() as tasks:
                asked = [tasks.create_task(ask(body)) for body in bodies]
            return [task.result() for task in asked]

        return self._run(ask_all)

    def load_weights(self, folder: Path) -> None:
        """Have the server take the weights of a model folder, and forget what its cache holds of the old ones.

        Give every version a path of its own: a server may serve a path that it knows from its memory.
        """
        body = {"method": "reload_weights", "kwargs": {"weights_path": str(folder.resolve())}}
        cure = f"{DEV_MODE}, on this file system, from a version whose reload_weights takes weights_path"
        self._run(lambda client: client.post("/collective_rpc", cast_to=object, body=body), cure)
        self._run(lambda client: client.post("/reset_prefix_cache", cast_to=object, body={}), DEV_MODE)

    def _run(self, ask: Callable[[AsyncOpenAI], Any], cure: str = "") -> Any:
        async def run() -> Any:
            async with self._client() as client:
                return await ask(client)

        try:
            return asyncio.run(run())
        except ExceptionGroup as group:
            raise self._error(_first(group), cure) from None
        except Exception as error:
            raise self._error(error, cure) from None

    def _client(self) -> AsyncOpenAI:
        import openai

        key = os.environ.get(self.api_key_env) if self.api_key_env else "none"
        if not key:
            raise ServerError(f"{self.url}: the variable {self.api_key_env} is not set; set it to the server's key")
        return openai.AsyncOpenAI(
            base_url=self.url.rstrip("/"),
            api_key=key,
            max_retries=self.max_retries,
            timeout=openai.Timeout(self.timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS),
        )

    def _error(self, error: Exception, cure: str) -> Exception:
        """What went wrong, in one line; an error that is not the server's goes on as it is."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return ServerError(f"{self.url}: no answer within {self.timeout_seconds:g} s; raise timeout_seconds")
        if isinstance(error, openai.APIConnectionError):
            cause = one_line(str(error.__cause__ or error))
            return ServerError(f"{self.url}: cannot be reached ({cause}); see that vLLM runs there")
        if isinstance(error, openai.APIStatusError):
            words, _ = server_words(error.body)
            said = f"HTTP {error.status_code}" + (f": {words}" if words else "")
            return ServerError(f"{self.url}: {said}; {cure or 'look at the log of the server'}")
        if isinstance(error, (json.JSONDecodeError, openai.APIResponseValidationError)):
            return ServerError(f"{self.url}: the answer is no JSON; see that vLLM serves there, without /v1")
        return error


def _first(group: ExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _field(record: Any, name: str, kind: type, url: str) -> Any:
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, kind):
        raise ServerError(f"{url}: the answer holds no {name}; see that vLLM serves there, without /v1")
    return value
