"""What `ask` shows on standard error while it reads: a live bar on a terminal, else a line for every chunk."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from longstride.memory.events import ChunkRead, Event
from longstride.memory.progress import Progress, doing, taken, told_problem


class Display:
    """`with Display() as display:` and then `display(event)` for each event.

    show_memory: print memory and plan after each update.
    side_by_side: readings that share the time.
    """

    def __init__(self, *, show_memory: bool = False, side_by_side: int = 1, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._show_memory, self._progress = show_memory, Progress(side_by_side)
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("reading", total=None, told="")

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """A line of its own; what a text holds is never markup."""
        self.console.print(Text(line))

    def __call__(self, event: Event) -> None:
        """Show an event."""
        self._progress.take(event)
        if isinstance(event, ChunkRead) and self.console.is_terminal and not self._show_memory:  # the bar tells
            lines = [told_problem(event)] if event.problem else []
        else:
            lines = self._progress.lines(event)
        for line in lines:
            self.say(line)
        if isinstance(event, ChunkRead):
            done, told = self._progress.done(event), self._progress.told(event)
            self._bar.update(
                self._task, description=doing(event), total=event.expected_chunks, completed=done, told=told
            )
            if taken(event) and self._show_memory:
                self.say(f"<memory>\n{event.memory}\n</memory>\n<plan>\n{event.plan}\n</plan>")
