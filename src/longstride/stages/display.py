"""What `longstride run` shows: the plan as a table, then a line for each event, and what works now."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from longstride.stages.hands import Outcome, last_lines
from longstride.stages.jobs import Job
from longstride.stages.run_folder import StepState, log_path
from longstride.stages.runner import Watcher

LINE_CHARACTERS = 100  # of a log, shown beside its step


def plan_table(
    jobs: Sequence[Job], standing: Mapping[str, StepState], seconds: Mapping[str, float], wanted: Sequence[str]
) -> Table:
    """Each step with how it stands and what it waits for. wanted: the steps of this call; others are shown dim."""
    table = Table("step", "does", "waits for", "state", box=None, pad_edge=False)
    undone = {name for name, state in standing.items() if state.standing != "done"}
    for job in jobs:
        state = standing[job.name]
        shown = state.standing
        if state.standing == "done" and job.name in seconds:
            shown = f"done in {duration(seconds[job.name])}"
        elif job.name not in wanted:
            shown = f"{state.standing}, not in this call"
        waits = ", ".join(name for name in job.needs if name in undone) or "-"
        table.add_row(*map(Text, (job.name, job.about, waits, shown)), style=None if job.name in wanted else "dim")
    return table


def duration(seconds: float) -> str:
    """`7 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def share_done(output: Path, job: Job) -> float | None:
    """How far a step is, by the lines of the file that it writes one a step; None where it has no such file."""
    if job.lines is None:
        return None
    file, expected = job.lines
    path = output / job.name / file
    if not path.exists():
        return 0.0
    with path.open("rb") as lines:
        return min(1.0, sum(1 for _ in lines) / expected)


class RunDisplay(Watcher):
    """`with RunDisplay(...) as watcher:` a line for each event; in a terminal also what works now.

    total, done: how many steps this call is about, and how many of them are done already.
    """

    def __init__(self, output: Path, console: Console, total: int, done: int) -> None:
        self.output, self.console, self.total, self.done = output, console, total, done
        self._began: dict[str, float] = {}
        self._live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None

    def __enter__(self) -> RunDisplay:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begins(self, job: Job, again: bool) -> None:
        self._began[job.name] = time.monotonic()
        self.says(f"{job.name} {'goes on' if again else 'begins'}: {job.about}")

    def works(self, jobs: Sequence[Job]) -> None:
        if self._live is None:
            return
        table = Table(box=None, show_header=False, pad_edge=False)
        for job in jobs:
            share = share_done(self.output, job)
            spent = time.monotonic() - self._began[job.name]
            log = last_lines(log_path(self.output, job.name), 1)
            doing = log[0].strip()[:LINE_CHARACTERS] if log else ""
            table.add_row(*map(Text, (job.name, duration(spent), "" if share is None else f"{share:.0%}", doing)))
        self._live.update(table)

    def ends(self, job: Job, outcome: Outcome, lines: Sequence[str]) -> None:
        taken = duration(outcome.seconds)
        if outcome.kind == "done":
            self.done += 1
            self.says(f"{job.name} is done, in {taken} ({self.done} of {self.total} steps)")
        elif outcome.kind == "interrupted":
            self.says(f"{job.name} is interrupted after {taken}: {outcome.told}")
        else:
            self.says(f"{job.name} failed after {taken}: {outcome.told}")
            for line in lines:
                self.says(f"    {line}")

    def says(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)
