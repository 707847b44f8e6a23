"""How far a reading is and when it will end, in words: for whoever shows it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from longstride.memory.events import (
    MERGING,
    Answered,
    ChunkCut,
    ChunkRead,
    ChunksSkipped,
    Estimate,
    Event,
    StoppedEarly,
    TurnedToMemory,
)

MOST_NAMED = 20  # numbers of chunks in one line
RECENT = 20  # calls whose median tells the time that is left


@dataclass
class Progress:
    """Counts what is read as its events come: `take` each of them first, then ask for its words.

    side_by_side: readings that share the time.
    """

    side_by_side: int = 1
    read: int = 0  # chunks
    estimate: Estimate | None = None
    seconds: list[float] = field(default_factory=list[float])  # of each call that was not cached

    def take(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, Estimate):
            self.estimate = event
        if isinstance(event, ChunkRead):
            self.read += taken(event) and event.part != MERGING
            if not event.cached:
                self.seconds.append(event.seconds)

    def done(self, event: ChunkRead) -> int:
        """Chunks that are read, of the text or of the memories that are merged."""
        return event.number + 1 if event.part == MERGING else self.read

    def told(self, event: ChunkRead) -> str:
        """The memory's size and the time that is left."""
        return f"memory {event.memory_tokens:,} tokens{self._left(event)}"

    def lines(self, event: Event) -> list[str]:
        """All that is to be said of an event."""
        if not isinstance(event, ChunkRead):
            line = told_event(event)
            return [line] if line else []
        lines = [told_problem(event)] if event.problem else []
        if taken(event):
            cached = ", from the cache" if event.cached else ""
            done = f"chunk {self.done(event)} of about {event.expected_chunks}"
            lines.append(f"{doing(event)}: {done}{cached}, {self.told(event)}")
        return lines

    def _left(self, event: ChunkRead) -> str:
        if not self.seconds or event.part == MERGING or self.estimate is None:
            return ""
        calls = max(0, event.expected_chunks - self.read) / self.side_by_side
        others = self.estimate.calls - self.estimate.chunks
        return f", about {told_seconds((calls + others) * statistics.median(self.seconds[-RECENT:]))} left"


def taken(event: ChunkRead) -> bool:
    """The chunk is done with: its update holds, or the memory stays as it was."""
    return event.kept or not event.problem


def doing(event: ChunkRead) -> str:
    """reading or merging."""
    return "merging" if event.part == MERGING else "reading"


def told_problem(event: ChunkRead) -> str:
    """Why an update was not taken, and what is done about it."""
    then = "the memory stays as it was" if event.kept else "asked again"
    return f"chunk {event.number + 1}: {event.problem}; {then}"


def told_event(event: Event) -> str:
    """An event other than a chunk's in one line; empty where nothing need be said."""
    match event:
        case Estimate():
            return told_estimate(event)
        case ChunkCut():
            return f"chunk {event.number + 1} is too long for the server: chunks of {event.tokens:,} tokens now"
        case ChunksSkipped():
            return told_skipped(event)
        case StoppedEarly():
            return f"stopped after chunk {event.number + 1}: the memory answers already"
        case TurnedToMemory():
            return f"one pass is too long for the server, so the memory agent reads: {event.problem}"
        case Answered():
            return f"answer {event.number + 1}: {event.problem}" if event.problem else ""
        case ChunkRead():
            return ""


def told_estimate(estimate: Estimate) -> str:
    """The estimate in one line; the first call tells how long one takes."""
    about = "" if estimate.exact else "about "
    calls = about + counted(estimate.calls, "call")
    if estimate.agent == "full":
        return f"{estimate.tokens:,} tokens fit one pass: {calls}"
    chunks = about + counted(estimate.chunks, "chunk")
    return f"{about}{estimate.tokens:,} tokens in {chunks}: {calls}; the first tells the time"


def told_skipped(event: ChunksSkipped) -> str:
    """Which chunks the screen leaves out, in one line."""
    named = ", ".join(str(number + 1) for number in event.numbers[:MOST_NAMED])
    more = f" and {len(event.numbers) - MOST_NAMED} more" if len(event.numbers) > MOST_NAMED else ""
    which = f": chunks {named}{more}" if event.numbers else ""
    return f"the lexical screen skips {len(event.numbers):,} of {event.chunks:,} chunks{which}"


def counted(count: int, noun: str) -> str:
    """1 call, 2 calls."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def told_seconds(seconds: float) -> str:
    """45 s, 3 min, 2.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"
