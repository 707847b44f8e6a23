"""What the command `run --sweep` does with its options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from rich.console import Console

from longstride.stages.command import RUNS, do_jobs
from longstride.stages.display import RunDisplay, duration
from longstride.stages.hands import Outcome
from longstride.stages.jobs import Job
from longstride.stages.run_folder import seconds_taken
from longstride.stages.runner import refuse_changes, review
from longstride.stages.sweep import RECORD, load_sweep, show_sweeps, sweep_jobs, sweep_record, sweep_runs
from longstride.workspace import write_json


class SweepDisplay(RunDisplay):
    """Also tells how long the runs that are left will take, by those that are done."""

    def ends(self, job: Job, outcome: Outcome, lines: Sequence[str]) -> None:
        super().ends(job, outcome, lines)
        left = self.total - self.done
        taken = seconds_taken(self.output)
        if outcome.kind == "done" and left and taken:
            self.says(f"about {duration(left * fmean(taken.values()))} of work left, for {left} runs")


def run_sweep(
    path: Path,
    sweeps: Sequence[Path],
    overrides: Sequence[str],
    *,
    output: Path | None,
    workers: int,
    plan_only: bool,
    restart_from: str | None,
    stop_after: str | None,
    show: bool,
) -> Path | None:
    """`longstride run --sweep`. The folder of runs, where all of them are done now; None where some are left."""
    read = [load_sweep(each) for each in sweeps]
    runs = sweep_runs(path, read, overrides)
    if show:
        print(show_sweeps(runs, read), end="")
        return None
    output = output or RUNS / "-".join([path.stem, *(each.stem for each in sweeps)])
    jobs = sweep_jobs(runs)
    if not plan_only:
        refuse_changes(jobs, review(jobs, output), [] if restart_from is None else [restart_from])
        output.mkdir(parents=True, exist_ok=True)
        write_json(output / RECORD, sweep_record(runs, read))
    done = do_jobs(
        jobs,
        output,
        Console(highlight=False),
        about="; ".join(each.about for each in read),
        workers=workers,
        plan_only=plan_only,
        until=None,
        restart_from=restart_from,
        stop_after=stop_after,
        display=SweepDisplay,
    )
    return output if done else None
