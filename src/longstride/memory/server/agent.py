"""A long chat answered by the memory agent: its request, its progress, and the completion that comes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from longstride.llm.chat import Sampling
from longstride.memory.asking import AskOptions, Outcome, ask
from longstride.memory.estimate import MEMORY
from longstride.memory.events import Listener
from longstride.memory.query import Query, split_query
from longstride.memory.server.api_errors import ApiError
from longstride.memory.server.incoming import ChatRequest
from longstride.memory.server.splitting import LONGEST_REQUEST, LongChat, split_chat
from longstride.memory.server.upstream import Upstream
from longstride.memory.texts import stretches
from longstride.memory.updates import UNFINISHED
from longstride.memory.window import ASSUMED_WINDOW, Fit, fit_window
from longstride.records import Document
from longstride.tokens import Tokenizer

CHARACTERS_A_TOKEN = 4  # about; what is longer than a small window is no question; not in the paper
OURS = ("model", "messages", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "logprobs")
OURS += ("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "audio", "modalities")
ANSWER_ALONE = ("response_format", "stop", "logit_bias")  # what is about the answer's form reaches the last turn alone
SAMPLED = ("temperature", "top_p", "seed")


@dataclass(frozen=True)
class AgentSettings:
    """How the agent reads; None leaves a choice to the window."""

    prompts: str = "paper"
    chunk_tokens: int | None = None
    memory_tokens: int | None = None
    update_tokens: int | None = None
    answer_tokens: int | None = None
    estimated: bool = True  # tokens are counted by another tokenizer than the model's
    options: AskOptions = field(default_factory=lambda: AskOptions(agent=MEMORY))


@dataclass(frozen=True)
class Job:
    """A long chat, ready to be read."""

    query: Query
    texts: tuple[str, ...]
    fit: Fit
    sampling: Sampling
    answer_sampling: Sampling


class Agent:
    """Reads what is too long for the upstream's window."""

    def __init__(self, upstream: Upstream, tokenizer: Tokenizer, settings: AgentSettings) -> None:
        self._upstream, self._tokenizer, self._settings = upstream, tokenizer, settings

    async def job(self, request: ChatRequest) -> Job:
        """What to read and what to ask. Raises ApiError where a request cannot be read, InputError where none fits."""
        if request.unreadable:
            problem = "too long for the model's window, and the memory agent cannot take it"
            raise ApiError(400, f"{problem}: {'; '.join(request.unreadable)}", code="unsupported_in_agent_mode")
        window, source = await self._upstream.window()
        longest = min(LONGEST_REQUEST, CHARACTERS_A_TOKEN * (window or ASSUMED_WINDOW))
        return await asyncio.to_thread(self._job, request, window, source, longest)

    def _job(self, request: ChatRequest, window: int | None, source: str, longest: int) -> Job:
        chat = split_chat(request.messages, longest)
        query = asked(chat, request.fields.get("response_format"))
        settings = self._settings
        fit = fit_window(
            [query],
            self._tokenizer.count,
            window,
            source,
            prompts=settings.prompts,
            estimated=settings.estimated,
            chunk_tokens=settings.chunk_tokens,
            memory_tokens=settings.memory_tokens,
            update_tokens=settings.update_tokens,
            answer_tokens=settings.answer_tokens,
        )
        if request.max_tokens is not None:
            answer = min(request.max_tokens, fit.settings.answer_tokens)
            fit = replace(fit, settings=replace(fit.settings, answer_tokens=answer))
        return Job(query, chat.texts, fit, *samplings(request.fields, self._upstream.role.sampling.sampling()))

    async def read(self, job: Job, listener: Listener) -> Outcome:
        """The answer; raises ExpectedError where there is none."""
        stream = Stream(job.texts)
        return await ask(
            stream.documents(),
            [job.query],
            self._upstream.model,
            job.fit,
            self._tokenizer,
            self._settings.options,
            sampling=job.sampling,
            answer_sampling=job.answer_sampling,
            listener=listener,
            share_taken=stream.share_taken,
        )


def asked(chat: LongChat, response_format: object) -> Query:
    """The query of a chat: what the system says and the form of the response are for the answer alone."""
    query = split_query(chat.request)
    form = ""
    if isinstance(response_format, Mapping) and response_format.get("type") in ("json_object", "json_schema"):
        form = "Answer with JSON alone."
        described = response_format.get("json_schema")
        if isinstance(described, Mapping) and (schema := described.get("schema")):
            form = f"Answer with JSON alone, of this schema:\n```json\n{json.dumps(schema, ensure_ascii=False)}\n```"
    return Query(query.core_question, "\n\n".join(filter(None, (chat.instructions, query.instructions, form))))


def samplings(fields: Mapping[str, Any], default: Sampling) -> tuple[Sampling, Sampling]:
    """How to draw the updates, and the answer: as the request says, else as the settings do.

    A field that this server does not know goes to the upstream with every turn.
    """
    chosen = {name: fields[name] for name in SAMPLED if fields.get(name) is not None}
    taken = {*OURS, *ANSWER_ALONE, *SAMPLED}
    extra = {**default.extra, **{name: value for name, value in fields.items() if name not in taken}}
    sampling = replace(default, **chosen, extra=extra, stop=(), logprobs=False)
    of_answer = {name: fields[name] for name in ANSWER_ALONE if fields.get(name) is not None}
    return sampling, replace(sampling, extra={**extra, **of_answer})


@dataclass
class Stream:
    """Texts as documents of bounded length, so that reading can begin before all is tokenised."""

    texts: Sequence[str]
    taken_characters: int = 0

    def documents(self) -> Iterator[Document]:
        """The documents, in order."""
        for number, text in enumerate(self.texts, 1):
            name = f"text-{number}"
            for part, (start, end) in enumerate(stretches(text), 1):
                self.taken_characters += end - start
                yield Document(
                    id=f"{name}#{part:04d}",
                    title=name,
                    family="literature",
                    source=name,
                    text=text[start:end],
                    parent_id=name,
                    parent_offset=start,
                )

    def share_taken(self) -> float:
        """0 to 1."""
        return self.taken_characters / sum(map(len, self.texts))


@dataclass
class Completion:
    """A chat completion in OpenAI's form, whole or as chunks of a stream."""

    id: str
    created: int  # seconds since 1970
    model: str

    def whole(self, outcome: Outcome, reasoning: str) -> dict[str, Any]:
        """The body of a response that is not streamed."""
        answer = outcome.answers[0]
        message = {"role": "assistant", "content": answer.text, "reasoning_content": reasoning, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(outcome)}
        return self._document("chat.completion", [choice]) | {"usage": usage(outcome)}

    def chunk(self, delta: Mapping[str, str], finished: str | None = None) -> bytes:
        """An event with a piece of the message."""
        choice = {"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finished}
        return _event(self._document("chat.completion.chunk", [choice]))

    def usage_chunk(self, outcome: Outcome) -> bytes:
        """The event that `stream_options.include_usage` asks for."""
        return _event(self._document("chat.completion.chunk", []) | {"usage": usage(outcome)})

    def _document(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices}


def usage(outcome: Outcome) -> dict[str, int]:
    """The sums over all calls, as the upstream counts them."""
    tally = outcome.tally
    prompt, completion = tally.prompt_tokens, tally.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def finish_reason(outcome: Outcome) -> str:
    """`length` for an answer that was cut off at its limit."""
    return "length" if outcome.answers[0].problem == UNFINISHED else "stop"


def _event(document: object) -> bytes:
    return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"
