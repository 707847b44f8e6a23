"""POST /v1/chat/completions: what fits the upstream's window passes through, what does not is read by the agent."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.types import Receive, Scope, Send

from longstride.errors import ExpectedError
from longstride.llm.failures import server_words
from longstride.memory.asking import Outcome
from longstride.memory.events import Event
from longstride.memory.progress import Progress
from longstride.memory.server.agent import Agent, Completion, Job, finish_reason
from longstride.memory.server.api_errors import ApiError, agent_error, refused
from longstride.memory.server.incoming import ChatRequest, parse_request
from longstride.memory.server.responses import DONE, EVENTS, KEEP_ALIVE, ClientGone, Response, while_connected
from longstride.memory.server.upstream import IN_ERRORS, Upstream, unreachable
from longstride.memory.window import ASSUMED_WINDOW, ESTIMATE_SHARE, TEMPLATE_TOKENS
from longstride.tokens import Tokenizer

MODE = "x-longstride-mode"  # header of a response: pass or agent
PASS, AGENT = "pass", "agent"
RELAYED = ("content-type", "retry-after", "retry-after-ms", "x-ratelimit-", "openai-")  # headers that begin so
ANSWER_ROOM = 1_024  # tokens that an answer wants, where the request does not say; not in the paper
ANSWER_SHARE = 4  # at most a quarter of the window is kept for an answer; not in the paper
COUNTED_CHARACTERS = 100_000  # at a time, so that counting can end early


@dataclass(frozen=True)
class ChatEndpoint:
    """The endpoint, as an ASGI application; `scope[MODE]` then tells how the request was answered."""

    upstream: Upstream
    agent: Agent
    tokenizer: Tokenizer
    max_bytes: int
    estimated: bool
    keep_alive_seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(scope, receive, self.max_bytes)
        await while_connected(receive, self._answer(scope, body, Response(send)))

    async def _answer(self, scope: Scope, body: bytes, response: Response) -> None:
        request = await asyncio.to_thread(parse_request, body)
        if request.model != self.upstream.role.model:
            message = f"the model {request.model!r} is not served here; {self.upstream.role.model!r} is"
            raise ApiError(404, message, code="model_not_found", param="model")
        scope[MODE] = PASS
        if not await self._fits(request) or not await self._passed(request, response):
            scope[MODE] = AGENT
            await self._read(scope, request, response)

    async def _fits(self, request: ChatRequest) -> bool:
        """Whether the messages and their answer fit the window, as far as is known."""
        window, _ = await self.upstream.window()
        window = window or ASSUMED_WINDOW
        answer = min(request.max_tokens or ANSWER_ROOM, window // ANSWER_SHARE)
        margin = TEMPLATE_TOKENS + int(ESTIMATE_SHARE * window * self.estimated)
        texts = [text for message in request.messages for text in message.texts]
        return await asyncio.to_thread(fits, texts, window - answer - margin, self.tokenizer)

    async def _passed(self, request: ChatRequest, response: Response) -> bool:
        """Relay the upstream's response; False where it found the request too long, and the agent can read it."""
        async with self.upstream.passed(request.body) as reply:
            headers = {name: value for name, value in reply.headers.items() if name.startswith(RELAYED)}
            headers[MODE] = PASS
            try:
                if reply.headers.get("content-type", "").startswith("text/event-stream") and reply.status_code < 400:
                    await response.start(reply.status_code, headers)
                    async for piece in reply.aiter_raw():
                        await response.write(piece)
                    await response.end()
                    return True
                content = b"".join([piece async for piece in reply.aiter_raw()])
            except httpx2.TransportError as error:
                if not response.started:
                    raise unreachable(error) from None
                await response.write(b"\n\n" + unreachable(error).event())
                await response.end()
                return True
        if reply.status_code < 400:
            await response.send_all(reply.status_code, content, headers)
            return True
        return await self._passed_error(request, reply.status_code, content, headers, response)

    async def _passed_error(
        self, request: ChatRequest, status: int, content: bytes, headers: dict[str, str], response: Response
    ) -> bool:
        document = read_json(content)
        failure = self.upstream.failure(status, document if document is not None else content.decode(errors="replace"))
        if failure is not None and failure.context_length and not request.unreadable:
            return False
        if status in (401, 403) or not isinstance(document, dict) or "error" not in document:
            words, _ = server_words(document)
            error = refused(status, f"{IN_ERRORS}: HTTP {status}" + (f": {words}" if words else ""))
            del headers["content-type"]
            await response.send_document(error.status, error.document(), headers)
        else:
            await response.send_all(status, content, headers)
        return True

    async def _read(self, scope: Scope, request: ChatRequest, response: Response) -> None:
        """Answer by the agent."""
        try:
            job = await self.agent.job(request)
        except ExpectedError as error:
            raise agent_error(error) from error
        completion = Completion(f"chatcmpl-{scope['request_id']}", int(time.time()), request.model)
        if request.stream:
            await self._stream(request, job, completion, response)
            return
        progress, lines = Progress(), list[str]()

        def noted(event: Event) -> None:
            progress.take(event)
            lines.extend(progress.lines(event))

        try:
            outcome = await self.agent.read(job, noted)
        except ExpectedError as error:
            raise agent_error(error) from error
        await response.send_document(200, completion.whole(outcome, "\n".join(lines)), {MODE: AGENT})

    async def _stream(self, request: ChatRequest, job: Job, completion: Completion, response: Response) -> None:
        """The progress as reasoning, as it happens, and then the answer."""
        progress = Progress()
        said: asyncio.Queue[str | None] = asyncio.Queue()

        def noted(event: Event) -> None:
            progress.take(event)
            for line in progress.lines(event):
                said.put_nowait(line)

        work = asyncio.create_task(self.agent.read(job, noted))
        work.add_done_callback(lambda _: said.put_nowait(None))
        try:
            await response.start(200, {**EVENTS, MODE: AGENT})
            await response.write(completion.chunk({"role": "assistant", "content": ""}))
            while True:
                try:
                    line = await asyncio.wait_for(said.get(), self.keep_alive_seconds)
                except TimeoutError:
                    await response.write(KEEP_ALIVE)
                    continue
                if line is None:
                    break
                await response.write(completion.chunk({"reasoning_content": line + "\n"}))
            for event in answer_events(completion, work.result(), include_usage=request.include_usage):
                await response.write(event)
        except ExpectedError as error:
            await response.write(agent_error(error).event())
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        await response.end()


def answer_events(completion: Completion, outcome: Outcome, *, include_usage: bool) -> Iterable[bytes]:
    """The answer and the end of a stream."""
    yield completion.chunk({"content": outcome.answers[0].text})
    yield completion.chunk({}, finish_reason(outcome))
    if include_usage:
        yield completion.usage_chunk(outcome)
    yield DONE


async def read_body(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    """The request's body. Raises ApiError: 413 for one that is too large, 415 for one that says it is no JSON.

    A browser sends JSON to another site only with that site's leave, so no page that a user visits can ask here.
    """
    headers = {name.lower(): value for name, value in scope["headers"]}
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        raise ApiError(415, "the body must come as Content-Type: application/json", code="unsupported_media_type")
    too_large = ApiError(413, f"the body has more than the {max_bytes:,} bytes that are taken", code="body_too_large")
    if int(headers.get(b"content-length", b"0")) > max_bytes:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > max_bytes:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(pieces)


def fits(texts: Iterable[str], limit: int, tokenizer: Tokenizer) -> bool:
    """Whether all texts together have at most `limit` tokens; counts no further than it must."""
    tokens = 0
    for text in texts:
        for start in range(0, len(text), COUNTED_CHARACTERS):
            tokens += tokenizer.count(text[start : start + COUNTED_CHARACTERS])
            if tokens > limit:
                return False
    return tokens <= limit


def read_json(content: bytes) -> Any:
    """The document; None where it is no JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
