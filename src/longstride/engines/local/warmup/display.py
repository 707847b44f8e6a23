"""What a warm start shows: a live bar with loss, accuracy and the time left, and a line now and then."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINES = 20  # over a whole run
COLUMNS = (  # metric, what it is called, how it is written
    ("length", "length", "{:.0f}"),
    ("loss", "loss", "{:.3f}"),
    ("sure_tokens", "tokens", "{:.0%}"),
    ("sure_answers", "answers", "{:.0%}"),
)


class WarmupDisplay:
    """`with WarmupDisplay() as display:`; without a terminal there are only lines."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._progress = Progress(
            TextColumn("warm start"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[doing]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._progress.add_task("", total=1.0, doing="")
        self._lines = 0

    def __enter__(self) -> WarmupDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def step(self, step: int, progress: float, metrics: Mapping[str, float | str | None]) -> None:
        """A step is done, and `progress` (0 to 1) of the run."""
        numbers = [(called, form, metrics.get(name)) for name, called, form in COLUMNS]
        shown = "  ".join(f"{called} {form.format(value)}" for called, form, value in numbers if value is not None)
        self._progress.update(self._task, completed=progress, doing=shown)
        if int(progress * LINES) > self._lines or progress >= 1:
            self._lines = int(progress * LINES)
            self.say(f"step {step}  {progress:.0%}  {shown}")

    def say(self, text: str) -> None:
        """A line above the bar."""
        self.console.print(text, markup=False, soft_wrap=True)
