"""What the command `run` does with its options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from longstride.errors import InputError
from longstride.stages.display import RunDisplay, duration, plan_table
from longstride.stages.expansion import jobs_of
from longstride.stages.jobs import Job
from longstride.stages.plan_files import load_plan, show_plan
from longstride.stages.run_folder import seconds_taken
from longstride.stages.runner import jobs_until, review, run_jobs

RUNS = Path("runs")
TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?")
SECONDS = {"s": 1, "m": 60, "h": 3600}


def run_plan(
    path: Path,
    overrides: Sequence[str],
    *,
    output: Path | None,
    workers: int,
    plan_only: bool,
    until: str | None,
    restart_from: str | None,
    stop_after: str | None,
    show: bool,
    estimate: bool,
) -> None:
    """`longstride run`. Nothing heavy is imported here: steps run in processes of their own."""
    plan = load_plan(path, overrides)
    if show:
        print(show_plan(plan), end="")
        return
    jobs = jobs_of(plan)
    console = Console(highlight=False)
    if estimate:
        from longstride.stages.budgets import budgets

        print(budgets(plan))
        return
    do_jobs(
        jobs,
        output or RUNS / path.stem,
        console,
        about=plan.about,
        workers=workers,
        plan_only=plan_only,
        until=until,
        restart_from=restart_from,
        stop_after=stop_after,
    )


def do_jobs(
    jobs: Sequence[Job],
    output: Path,
    console: Console,
    *,
    about: str,
    workers: int,
    plan_only: bool,
    until: str | None,
    restart_from: str | None,
    stop_after: str | None,
    display: type[RunDisplay] = RunDisplay,
) -> bool:
    """Show how jobs stand and do what is left of them; whether nothing is left. Errors as `run_jobs`."""
    standing = review(jobs, output)
    wanted = [job.name for job in jobs_until(jobs, until)]
    if about:
        console.print(about, markup=False, soft_wrap=True)
    console.print(plan_table(jobs, standing, seconds_taken(output), wanted))
    for name, state in standing.items():
        if state.standing == "changed":
            console.print(f"{name} changed: {'; '.join(state.changes)}", markup=False, soft_wrap=True)
    if plan_only:
        return False
    done = sum(standing[name].standing == "done" for name in wanted)
    with display(output, console, len(wanted), done) as watcher:
        result = run_jobs(
            jobs,
            output,
            workers=workers,
            until=until,
            restart_from=restart_from,
            stop_after_seconds=None if stop_after is None else parse_time(stop_after),
            watcher=watcher,
        )
    if result.left:
        console.print(f"left: {', '.join(result.left)}; the same command goes on", markup=False, soft_wrap=True)
        return False
    taken = duration(sum(seconds_taken(output).get(name, 0.0) for name in wanted))
    console.print(f"all {len(wanted)} steps are done, in {taken} of work; they are in {output}", soft_wrap=True)
    return until is None


def parse_time(text: str) -> float:
    """`90`, `90s`, `9m` or `1.5h` in seconds. InputError for anything else, and for nothing."""
    match = TIME.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise InputError(f"{text!r:.40} is no time", cure="write it as 90s, 9m or 1.5h")
    return float(match[1]) * SECONDS[match[2] or "s"]
