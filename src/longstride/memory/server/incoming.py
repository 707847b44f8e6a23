"""A chat request as it comes in: checked as far as this server has to know it; the rest is the upstream's to judge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from longstride.memory.server.api_errors import ApiError

NO_READING = {  # fields that the agent cannot honour -> why
    "tools": "a tool call is one model's turn",
    "functions": "a function call is one model's turn",
    "logprobs": "the answer comes of many calls",
    "audio": "the agent reads and writes text",
}


@dataclass(frozen=True)
class ChatMessage:
    """One message: its text, part by part, and the kinds of its parts that are no text."""

    role: str
    texts: tuple[str, ...]
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChatRequest:
    """A request; `body` is what came, byte for byte, and `fields` the same read as JSON."""

    body: bytes
    fields: Mapping[str, Any]
    model: str
    messages: tuple[ChatMessage, ...]
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    unreadable: tuple[str, ...] = field(default=())  # why the agent cannot take it; empty where it can


def parse_request(body: bytes) -> ChatRequest:
    """Read a request's body. Raises ApiError (400) where it is no JSON, or has no model or no messages."""
    try:
        document: Any = json.loads(body)
        json.dumps(document, ensure_ascii=False).encode()  # a lone surrogate cannot be counted
    except (ValueError, RecursionError):
        raise ApiError(400, "the body is no valid JSON", code="invalid_json") from None
    if not isinstance(document, dict):
        raise ApiError(400, "the body is no JSON object", code="invalid_json")
    fields = cast(dict[str, Any], document)
    model, messages = fields.get("model"), fields.get("messages")
    if not isinstance(model, str) or not model:
        raise ApiError(400, "model: expected the name of a model", code="invalid_type", param="model")
    if not isinstance(messages, list) or not messages:
        raise ApiError(400, "messages: expected a list that is not empty", code="invalid_type", param="messages")
    read = tuple(_message(number, message) for number, message in enumerate(cast(list[Any], messages)))
    options = fields.get("stream_options")
    return ChatRequest(
        body,
        fields,
        model,
        read,
        stream=fields.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        max_tokens=_max_tokens(fields),
        unreadable=tuple(_unreadable(fields, read)),
    )


def _message(number: int, message: Any) -> ChatMessage:
    place = f"messages[{number}]"
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise ApiError(400, f"{place}: expected an object with a role", code="invalid_type", param=place)
    content: Any = message.get("content")
    if content is None or isinstance(content, str):
        return ChatMessage(message["role"], (content,) if content else ())
    if not isinstance(content, list):
        param = f"{place}.content"
        raise ApiError(400, f"{param}: expected a text or a list of parts", code="invalid_type", param=param)
    texts: list[str] = []
    others: list[str] = []
    for part in cast(list[Any], content):
        if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            others.append(str(part.get("type")) if isinstance(part, dict) else "unknown")
    return ChatMessage(message["role"], tuple(texts), tuple(others))


def _max_tokens(fields: Mapping[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _unreadable(fields: Mapping[str, Any], messages: Sequence[ChatMessage]) -> list[str]:
    reasons = [f"{name}: {reason}" for name, reason in NO_READING.items() if fields.get(name)]
    if fields.get("n") not in (None, 1):
        reasons.append("n: it gives one answer")
    if others := dict.fromkeys(kind for message in messages for kind in message.others):
        reasons.append(f"{', '.join(others)}: the agent reads text alone")
    if messages[-1].role != "user":
        reasons.append("messages: the last one must be the user's")
    return reasons
