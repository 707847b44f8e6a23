"""What `ask` shows on standard error while it reads: a live bar on a terminal, else a line for every chunk."""

from __future__ import annotations

import statistics
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

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


class Display:
    """`with Display() as display:` and then `display(event)` for each event.

    show_memory: print memory and plan after each update.
    side_by_side: readings that share the time.
    """

    def __init__(self, *, show_memory: bool = False, side_by_side: int = 1, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._show_memory, self._side_by_side = show_memory, side_by_side
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._task = self._progress.add_task("reading", total=None, told="")
        self._estimate: Estimate | None = None
        self._seconds: list[float] = []
        self._read = 0

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        """A line of its own; what a text holds is never markup."""
        self.console.print(Text(line))

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case Estimate():
                self._estimate = event
                self.say(told_estimate(event))
            case ChunkRead():
                self._chunk(event)
            case ChunkCut():
                self.say(f"chunk {event.number + 1} is too long for the server: chunks of {event.tokens:,} tokens now")
            case ChunksSkipped():
                self.say(told_skipped(event))
            case StoppedEarly():
                self.say(f"stopped after chunk {event.number + 1}: the memory answers already")
            case TurnedToMemory():
                self.say(f"one pass is too long for the server, so the memory agent reads: {event.problem}")
            case Answered():
                if event.problem:
                    self.say(f"answer {event.number + 1}: {event.problem}")

    def _chunk(self, event: ChunkRead) -> None:
        if not event.cached:
            self._seconds.append(event.seconds)
        if event.problem:
            then = "the memory stays as it was" if event.kept else "asked again"
            self.say(f"chunk {event.number + 1}: {event.problem}; {then}")
        taken = event.kept or not event.problem
        self._read += taken and event.part != MERGING
        told = f"memory {event.memory_tokens:,} tokens{self._left(event)}"
        name = "merging" if event.part == MERGING else "reading"
        done = event.number + 1 if event.part == MERGING else self._read
        self._progress.update(self._task, description=name, total=event.expected_chunks, completed=done, told=told)
        if taken and (not self.console.is_terminal or self._show_memory):
            cached = ", from the cache" if event.cached else ""
            self.say(f"{name}: chunk {done} of about {event.expected_chunks}{cached}, {told}")
        if taken and self._show_memory:
            self.say(f"<memory>\n{event.memory}\n</memory>\n<plan>\n{event.plan}\n</plan>")

    def _left(self, event: ChunkRead) -> str:
        if not self._seconds or event.part == MERGING or self._estimate is None:
            return ""
        calls = max(0, event.expected_chunks - self._read) / self._side_by_side
        others = self._estimate.calls - self._estimate.chunks
        return f", about {told_seconds((calls + others) * statistics.median(self._seconds[-RECENT:]))} left"


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
