"""Why a request failed, whether asking again can help, and what its user can do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from longstride.llm.chat import ModelError

LONGEST_QUOTE = 300  # characters of a server's own words that an error repeats


class RequestRefused(ModelError):
    """The server understood the request and refuses it; asking again cannot help. `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ServerUnreachable(ModelError):
    """No try came to a whole answer of a server: it does not run, is not there, or broke off."""


class ContextLengthError(RequestRefused):
    """The messages, with the answer's room, exceed the model's context window."""


@dataclass(frozen=True)
class Failure:
    """One try that gave no answer."""

    problem: str  # one line, with the server's own words where it has any
    cure: str = ""
    status: int | None = None
    retry: bool = False
    congestion: bool = False  # a reason to send fewer requests at once
    retry_after_seconds: float | None = None
    context_length: bool = False
    unreachable: bool = False

    def error(self, where: str, tries: int) -> ModelError:
        """The error to raise, in one line; `where` names the role, the server and the model."""
        after = f" ({tries} tries)" if tries > 1 else ""
        message = f"{where}: {self.problem}{after}" + (f"; {self.cure}" if self.cure else "")
        if self.context_length:
            return ContextLengthError(message, self.status or 400)
        if self.status is not None and not self.retry:
            return RequestRefused(message, self.status)
        return ServerUnreachable(message) if self.unreachable else ModelError(message)


TIMEOUT = Failure(
    "no answer in time", "raise timeout_seconds or ask for fewer tokens (max_tokens)", retry=True, congestion=True
)
NO_CONNECTION = Failure(
    "the connection failed or broke off",
    "check that the server runs and base_url is right",
    retry=True,
    congestion=True,
    unreachable=True,
)
BROKEN_BODY = Failure("the answer is no valid JSON", "check that base_url is an OpenAI-compatible server", retry=True)
EMPTY_ANSWER = Failure("the answer holds no choice with any text", retry=True)
FILTERED = Failure("the server's content filter withheld the answer", "change the prompt or the model")

_CONTEXT_LENGTH = re.compile(
    r"context[ _-]?(length|window|size)|prompt is too long|input is too long|too many (input )?tokens"
    r"|maximum (input|prompt) length|max_model_len|exceeds? the (model|maximum)[^.]*\btokens",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"insufficient_quota|billing|insufficient (balance|credit)|payment required", re.IGNORECASE)


def status_failure(
    status: int,
    body: object,
    *,
    api_key_env: str | None,
    retry_after_seconds: float | None = None,
    secret: str | None = None,
) -> Failure:
    """Read an HTTP status and what came with it: the decoded JSON, or text, or None. `secret` is not repeated.

    Asked again: 408, 409, 425, 429 and 5xx but 501 and 505; all of these but 409 are congestion. A 429 that says the
    credit is spent is final. Everything else fails at once.
    """
    words, code = server_words(body, secret)
    problem = f"HTTP {status}" + (f": {words}" if words else "")
    if status in (402, 429) and _NO_CREDIT.search(f"{code} {words}"):
        return Failure(problem, "the account has no credit left: top it up or use another key", status)
    if status in (408, 409, 425, 429) or (status >= 500 and status not in (501, 505)):
        cure = "lower max_concurrency or try later" if status == 429 else "try later, or look at the server's log"
        return Failure(problem, cure, status, True, status != 409, retry_after_seconds)
    if status in (400, 413, 422) and (_CONTEXT_LENGTH.search(f"{code} {words}") or status == 413):
        return Failure(problem, "send fewer input tokens or lower max_tokens", status, context_length=True)
    return Failure(problem, _cure(status, api_key_env), status)


def _cure(status: int, api_key_env: str | None) -> str:
    if status == 401:
        if api_key_env is None:
            return "the server wants a key: put it into an environment variable and name that in api_key_env"
        return f"set the environment variable {api_key_env} to a valid key"
    if status == 403:
        return f"the key in {api_key_env or 'api_key_env'} may not use this model"
    if status == 404:
        return "check model, and base_url (most servers want it to end in /v1)"
    if status in (400, 422):
        return "check model, sampling and extra; a server without response_format wants structured_output = 'prompt'"
    return "check base_url"


def server_words(body: object, secret: str | None = None) -> tuple[str, str]:
    """A server's message and error code, out of any of the usual shapes; the message is one short line.

    Where the message repeats `secret`, "[key]" stands in its place.
    """
    code = ""
    for _ in range(4):  # {"error": {"message": ...}}, {"message": ...}, {"detail": ...}, {"detail": [{"msg": ...}]}
        if isinstance(body, Mapping):
            fields: Mapping[Any, Any] = body
            code = str(fields.get("code") or code)
            body = next((fields[name] for name in ("error", "message", "detail", "msg") if fields.get(name)), "")
        elif isinstance(body, list) and body:
            body = body[0]
    words = body if isinstance(body, str) else ""
    return one_line(words.replace(secret, "[key]") if secret else words), code


def one_line(text: str) -> str:
    """`text` on one line, cut to `LONGEST_QUOTE` characters."""
    line = " ".join(text[: 10 * LONGEST_QUOTE].split())
    return line if len(line) <= LONGEST_QUOTE else line[:LONGEST_QUOTE] + "..."
