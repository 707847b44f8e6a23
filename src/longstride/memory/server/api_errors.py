"""Errors in the form that OpenAI's clients read: a status, and `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

import json
from typing import Any

from longstride.errors import ExpectedError, InputError
from longstride.llm.failures import ContextLengthError, RequestRefused

NO_RETRY = {"x-should-retry": "false"}  # OpenAI's clients obey it


class ApiError(Exception):
    """A request that is not answered, and what its client is told."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.headers = headers or {}

    @property
    def kind(self) -> str:
        """What OpenAI calls the error's type."""
        kinds = {401: "authentication_error", 429: "rate_limit_error"}
        return kinds.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")

    def document(self) -> dict[str, Any]:
        """The response's body."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}

    def event(self) -> bytes:
        """The same within a stream of events that has begun."""
        return b"data: " + json.dumps(self.document()).encode() + b"\n\n"


def agent_error(error: ExpectedError) -> ApiError:
    """Why the agent could not answer. It has asked the upstream again where that could help: a client need not."""
    if isinstance(error, InputError):
        return ApiError(400, str(error), code="invalid_value")
    if isinstance(error, ContextLengthError):
        return ApiError(400, str(error), code="context_length_exceeded")
    if isinstance(error, RequestRefused):
        return refused(error.status, str(error))
    return ApiError(502, str(error), code="upstream_error", headers=NO_RETRY)


def refused(status: int, message: str) -> ApiError:
    """An upstream's refusal. That it does not take our key is no fault of the client, whose key may be good."""
    if status in (401, 403):
        return ApiError(502, "the upstream does not take this server's key", code="upstream_refused_key")
    codes = {404: "model_not_found", 402: "insufficient_quota", 429: "rate_limit_exceeded"}
    return ApiError(status, message, code=codes.get(status, "upstream_refused" if status < 500 else "upstream_error"))
