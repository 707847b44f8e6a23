"""Draws of a model that come after others of the same question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longstride.llm.chat import ChatModel, Completion, Message, Sampling


@dataclass(frozen=True)
class LaterDraws:
    """A `ChatModel` whose sample index 0 is another one's `first`: what is asked through it is drawn anew."""

    model: ChatModel
    first: int

    @property
    def model_id(self) -> str:
        return self.model.model_id

    async def complete(
        self, messages: Sequence[Message], *, n: int = 1, sample_index: int = 0, sampling: Sampling | None = None
    ) -> list[Completion]:
        return await self.model.complete(messages, n=n, sample_index=self.first + sample_index, sampling=sampling)
