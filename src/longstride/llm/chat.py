"""What every room may ask of a language model: one protocol, and the plain data that cross it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from longstride.errors import ExpectedError
from longstride.records import Message


@dataclass(frozen=True)
class Sampling:
    """How to draw an answer. None leaves a choice to the server."""

    temperature: float | None = 0.7  # paper 5.1
    top_p: float | None = 0.95  # paper 5.1
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])  # sent in the request's body as it is


@dataclass(frozen=True)
class TokenLogprob:
    token: str
    logprob: float  # nats


@dataclass(frozen=True)
class Completion:
    """One answer."""

    text: str
    finish_reason: str = "stop"
    reasoning: str | None = None  # thinking that the server returns apart from the text
    logprobs: tuple[TokenLogprob, ...] | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""  # the id that the server names
    cached: bool = False


class ModelError(ExpectedError):
    """A model gave no usable answer, after every retry that its client allows."""


class ChatModel(Protocol):
    """A model in one role. Implementations: `llm.client` over a network, `llm.scripted.ScriptedModel` for tests."""

    @property
    def model_id(self) -> str:
        """What to record beside a result that this model had a part in."""
        ...

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        n: int = 1,
        sample_index: int = 0,
        sampling: Sampling | None = None,
    ) -> list[Completion]:
        """`n` answers, of the sample indices `sample_index .. sample_index + n - 1`; never fewer.

        The index tells votes apart: the same request under another index is another draw, so asking again under a
        new index gives a new answer and asking under the old one gives the answer already received.

        Raises `ModelError` where an answer cannot be had.
        """
        ...
