"""What a run shows: a live bar with what is being done, and a line for every step; lines alone where no terminal is."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

COLUMNS = (  # metric, what it is called, how it is written
    ("reward", "reward", "{:.3f}"),
    ("entropy", "entropy", "{:.3f}"),
    ("kept_share", "kept", "{:.0%}"),
    ("response_tokens", "tokens", "{:.0f}"),
    ("cut_share", "cut", "{:.0%}"),
    ("gradient_norm", "gradient", "{:.3g}"),
    ("eval/reward", "held out", "{:.3f}"),
)


class Display:
    """`with Display(steps, done) as display:` shows a run of `steps` steps, of which `done` are done."""

    def __init__(self, steps: int, done: int = 0, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[doing]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._progress.add_task("steps", total=steps, completed=done, doing="")
        self._phase, self._tokens = "", 0

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def phase(self, name: str) -> None:
        """What begins now."""
        self._phase, self._tokens = name, 0
        self._progress.update(self._task, doing=name)

    def tokens(self, count: int) -> None:
        """So many more tokens were drawn in this phase."""
        self._tokens += count
        self._progress.update(self._task, doing=f"{self._phase} {self._tokens:,} tokens")

    def step(self, step: int, metrics: Mapping[str, float | str | None]) -> None:
        """A step is done."""
        self._progress.update(self._task, completed=step)
        self.say(step_line(step, metrics))

    def say(self, text: str) -> None:
        """A line above the bar."""
        self.console.print(text, markup=False, soft_wrap=True)


def step_line(step: int, metrics: Mapping[str, float | str | None]) -> str:
    """`step 12  reward 0.450  entropy 0.620  ...  3.2 s`; what a step has not measured is left out."""
    parts = [f"step {step}"]
    for name, called, form in COLUMNS:
        value = metrics.get(name)
        if isinstance(value, float | int):
            parts.append(f"{called} {form.format(value)}")
    seconds = [value for name, value in metrics.items() if name.startswith("seconds/") and isinstance(value, float)]
    if seconds:
        parts.append(f"{sum(seconds):.1f} s")
    if metrics.get("left_out"):
        parts.append(f"no update: {metrics['left_out']}")
    return "  ".join(parts)
