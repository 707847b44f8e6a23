"""What happens while `ask` reads, as it happens: for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """What is ahead, as far as it is known now."""

    agent: str  # MEMORY or FULL
    chunks: int
    calls: int  # without those that are asked again
    tokens: int  # of the text
    exact: bool  # the text was counted to its end


@dataclass(frozen=True)
class ChunkRead:
    """A response to a chunk came, and was taken or not."""

    part: int  # of the parts that are read side by side; 0 where there is one, MERGING for the memories of all
    number: int  # of the chunk
    attempt: int
    expected_chunks: int  # of all parts
    chunk_tokens: int
    memory_tokens: int
    memory: str
    plan: str
    problem: str  # why the response was not taken; empty where it was
    kept: bool  # the previous memory stays, because no attempt was taken
    cached: bool
    seconds: float


MERGING = -1


@dataclass(frozen=True)
class ChunkCut:
    """The server found a chunk too long for its window: it is cut, and later ones are made as small."""

    number: int
    tokens: int  # of a chunk from now on


@dataclass(frozen=True)
class ChunksSkipped:
    """The lexical screen found these irrelevant."""

    numbers: tuple[int, ...]
    chunks: int  # of all


@dataclass(frozen=True)
class StoppedEarly:
    """The model said that its memory answers already."""

    part: int
    number: int  # of the last chunk read


@dataclass(frozen=True)
class TurnedToMemory:
    """The server found the whole text too long for one pass, so the agent reads it."""

    problem: str


@dataclass(frozen=True)
class Answered:
    """A question has its answer."""

    number: int
    text: str
    problem: str  # "" for a whole answer


Event = Estimate | ChunkRead | ChunkCut | ChunksSkipped | StoppedEarly | TurnedToMemory | Answered
Listener = Callable[[Event], None]


def silence(event: Event) -> None:
    """A listener for whom nothing need be shown."""
