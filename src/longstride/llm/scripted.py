"""A model that says what a test tells it to: no network, no clock, every call recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from longstride.llm.chat import Completion, Message, Sampling

Reply = str | Completion | BaseException


class OutOfReplies(LookupError):
    """A script was asked for more answers than it holds. No `ModelError`: code that counts those must not hide it."""


@dataclass(frozen=True)
class Call:
    """One call of `ScriptedModel.complete`, as it came."""

    messages: tuple[Message, ...]
    n: int
    sample_index: int
    sampling: Sampling | None

    @property
    def prompt(self) -> str:
        """The text of the last message."""
        return self.messages[-1]["content"] if self.messages else ""


class ScriptedModel:
    """A `ChatModel` that gives `replies` in order, one for each answer, or what a function says.

    A sequence holds texts, whole `Completion`s, and exceptions, which are raised when their turn comes. Calls that
    run at once take replies in the order in which they were made. A function is called as
    `replies(messages, sample_index)` for each answer and returns one reply; with it the same question under the same
    index can have the same answer, as the protocol promises, where a sequence only ever goes forward.

    `calls` holds every call, in order, and `answers` counts the replies given. Raises `OutOfReplies` where the
    sequence has run out, and `ValueError` for `n < 1` or a negative `sample_index`.
    """

    def __init__(
        self,
        replies: Sequence[Reply] | Callable[[Sequence[Message], int], Reply],
        *,
        model_id: str = "scripted",
    ) -> None:
        if isinstance(replies, str):
            raise ValueError("replies is one string; give a list of them: ScriptedModel([text])")
        self._replies = replies if callable(replies) else tuple(replies)
        self._model_id = model_id
        self.calls: list[Call] = []
        self.answers = 0

    @property
    def model_id(self) -> str:
        """The name given to the script."""
        return self._model_id

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        n: int = 1,
        sample_index: int = 0,
        sampling: Sampling | None = None,
    ) -> list[Completion]:
        """`n` replies, for the indices `sample_index .. sample_index + n - 1`."""
        if n < 1 or sample_index < 0:
            raise ValueError(f"n = {n} and sample_index = {sample_index}: expected n >= 1 and sample_index >= 0")
        self.calls.append(Call(tuple(messages), n, sample_index, sampling))
        completions = [self._next(messages, sample_index + offset) for offset in range(n)]
        await asyncio.sleep(0)  # as a real model does, let other tasks run
        return completions

    def _next(self, messages: Sequence[Message], sample_index: int) -> Completion:
        if callable(self._replies):
            reply = self._replies(messages, sample_index)
        elif self.answers < len(self._replies):
            reply = self._replies[self.answers]
        else:
            asked = messages[-1]["content"][:80] if messages else ""
            raise OutOfReplies(
                f"{self._model_id} holds {len(self._replies)} replies and is asked for one more: {asked!r}"
            )
        self.answers += 1
        if isinstance(reply, BaseException):
            raise reply
        return Completion(text=reply, model=self._model_id) if isinstance(reply, str) else reply
