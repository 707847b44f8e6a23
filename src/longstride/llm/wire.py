"""A question as an OpenAI-compatible server reads it, and the server's answer as we read it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from longstride.errors import InputError
from longstride.llm.chat import Completion, Message, Sampling, TokenLogprob
from longstride.llm.failures import BROKEN_BODY, EMPTY_ANSWER, FILTERED, Failure

RESERVED = ("messages", "model", "n", "stream")  # fields that a Sampling's extra must not set


def seed_of(seed: int, sample_index: int) -> int:
    """The seed that one sample is asked with: `seed` itself at index 0, else 31 bits of a hash of both.

    Neighbouring seeds thus share no votes, as they would if the index were added.
    """
    if sample_index == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}:{sample_index}".encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True)
class Question:
    """Everything that decides an answer, but for the sample index."""

    base_url: str
    model: str
    messages: tuple[Message, ...]
    sampling: Sampling

    def keys(self, sample_indices: Sequence[int]) -> list[str]:
        """A name for the answer at each index: the hash of the whole request as canonical JSON, with that index.

        Raises `InputError` where the request is no JSON: a lone surrogate in a message, NaN in a setting.
        """
        whole = {"base_url": self.base_url, "body": self._body(), "seed": self.sampling.seed}
        try:
            text = json.dumps(whole, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            digest = hashlib.sha256(text.encode())
        except (TypeError, ValueError) as error:  # UnicodeEncodeError is a ValueError
            raise InputError(f"a request to {self.model} cannot be sent as JSON: {_reason(error)}") from None
        keys: list[str] = []
        for index in sample_indices:
            of_index = digest.copy()
            of_index.update(f"\n{index}".encode())
            keys.append(of_index.hexdigest())
        return keys

    def body(self, sample_indices: Sequence[int]) -> dict[str, Any]:
        """The request's body: one answer for each index. With a seed, ask for one index at a time."""
        body = self._body()
        if len(sample_indices) > 1:
            body["n"] = len(sample_indices)
        if self.sampling.seed is not None:
            body["seed"] = seed_of(self.sampling.seed, sample_indices[0])
        return body

    def _body(self) -> dict[str, Any]:
        sampling = self.sampling
        taken = [name for name in RESERVED if name in sampling.extra]
        if taken:
            raise InputError("the client sets this field itself", field=f"extra.{taken[0]}", cure="leave it out")
        settings = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop) or None,
            "logprobs": sampling.logprobs or None,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        return {"model": self.model, "messages": list(self.messages), **given, **sampling.extra}


def _reason(error: Exception) -> str:
    return "a text holds a lone surrogate" if isinstance(error, UnicodeEncodeError) else str(error)


@dataclass(frozen=True)
class Usage:
    """What one request cost, as the server counts it."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Reply:
    """A server's reply to one request: the usable answers in it, how many choices it had, and what it cost."""

    completions: list[Completion]
    choices: int
    usage: Usage | None
    failure: Failure | None = None  # why no answer is usable
    error: tuple[int, object] | None = None  # status and body of an error that some gateways put into a good response


def read_reply(content: bytes) -> Reply:
    """Read the body of a good response. What is wrong with it stands in `failure`; this never raises.

    Where several choices share one count of completion tokens, each is given its part by length of text; the parts
    add up. `prompt_tokens` of each is the whole prompt's.
    """
    try:
        document: object = json.loads(content)
    except (ValueError, RecursionError):
        return Reply([], 0, None, BROKEN_BODY)
    if not isinstance(document, dict):
        return Reply([], 0, None, BROKEN_BODY)
    fields = cast(dict[str, Any], document)
    choices = fields.get("choices")
    if fields.get("error") and not choices:
        return Reply([], 0, None, error=_error(fields["error"]))
    choices = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    usage = _usage(fields.get("usage"))
    model = str(fields.get("model") or "")
    completions = [completion for choice in choices if (completion := _completion(choice, model)) is not None]
    if not completions:
        filtered = any(choice.get("finish_reason") == "content_filter" for choice in choices)
        return Reply([], len(choices), usage, FILTERED if filtered else EMPTY_ANSWER)
    return Reply(_with_usage(completions, usage), len(choices), usage)


def _error(error: object) -> tuple[int, object]:
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500, error


def _completion(choice: Mapping[str, Any], model: str) -> Completion | None:
    """One choice, or None where it is empty. A choice cut at max_tokens, or with thinking only, is an answer."""
    message = choice.get("message")
    message = cast(dict[str, Any], message) if isinstance(message, dict) else {}
    text = _text(message.get("content"))
    reasoning = _text(message.get("reasoning_content")) or _text(message.get("reasoning")) or None
    finish_reason = str(choice.get("finish_reason") or "stop")
    if not text and reasoning is None and finish_reason != "length":
        return None
    return Completion(text, finish_reason, reasoning, _logprobs(choice.get("logprobs")), model=model)


def _text(content: object) -> str:
    if isinstance(content, list):  # parts, as some servers send them
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _logprobs(logprobs: object) -> tuple[TokenLogprob, ...] | None:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list):
        return None
    try:
        return tuple(TokenLogprob(str(entry["token"]), float(entry["logprob"])) for entry in content)
    except (KeyError, TypeError, ValueError):
        return None


def _usage(usage: object) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(prompt, int) and not isinstance(completion, int):
        return None
    return Usage(prompt if isinstance(prompt, int) else 0, completion if isinstance(completion, int) else 0)


def _with_usage(completions: list[Completion], usage: Usage | None) -> list[Completion]:
    if usage is None:
        return completions
    sizes = [len(completion.text) + len(completion.reasoning or "") + 1 for completion in completions]
    ends = [usage.completion_tokens * sum(sizes[: end + 1]) // sum(sizes) for end in range(len(sizes))]
    starts = [0, *ends[:-1]]
    return [
        Completion(
            completion.text,
            completion.finish_reason,
            completion.reasoning,
            completion.logprobs,
            usage.prompt_tokens,
            end - start,
            completion.model,
        )
        for completion, start, end in zip(completions, starts, ends, strict=True)
    ]
