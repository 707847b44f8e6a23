"""Running a plan's jobs: what is done is left alone, what was killed goes on, what changed is refused."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from longstride.engines.local.interrupts import Interrupted, StopSignal
from longstride.errors import ExpectedError, InputError
from longstride.stages.digests import Digests
from longstride.stages.hands import Hands, Outcome, last_lines
from longstride.stages.jobs import Fingerprint, Job, dependents, fingerprints, urgency
from longstride.stages.run_folder import RunFolder, StepState, log_path, read_steps, states

TICK_SECONDS = 0.5
DIGESTS = ".digests.json"


class StepFailed(ExpectedError):
    """A step could not be done; those before it stand."""


class Watcher:
    """What a run tells while it works; this one keeps silent."""

    def begins(self, job: Job, again: bool) -> None:
        """A step begins; again: it was begun before and goes on."""

    def works(self, jobs: Sequence[Job]) -> None:
        """These are under way; called about twice a second."""

    def ends(self, job: Job, outcome: Outcome, lines: Sequence[str]) -> None:
        """A step came to an end, by itself or not; lines: the last of its log, where it failed."""

    def says(self, text: str) -> None:
        """Something for the user."""


@dataclass(frozen=True)
class Result:
    """How far a run came."""

    done: tuple[str, ...]
    left: tuple[str, ...]  # in the plan's order
    stopped: bool = False  # by its time limit


def review(jobs: Sequence[Job], output: Path) -> dict[str, StepState]:
    """How each job stands in a run's folder, which may not be there yet; nothing is changed.

    Raises InputError where something from outside is missing.
    """
    digests = Digests(output / DIGESTS)
    return states(output, read_steps(output), jobs, fingerprints(jobs, digests.of))


def run_jobs(
    jobs: Sequence[Job],
    output: Path,
    *,
    workers: int = 1,
    until: str | None = None,
    restart_from: str | None = None,
    stop_after_seconds: float | None = None,
    watcher: Watcher | None = None,
) -> Result:
    """Do what is left of `jobs`, which stand after what they need, in the folder `output`.

    until: the last of them to be done, in their order; None: all.
    workers: so many jobs at a time, each in a process of its own, as far as none needs another.
    restart_from: do this step, and all that needs it, anew.
    stop_after_seconds: begin nothing after that, and stop what works at its next boundary.

    Raises InputError for a changed plan, before anything is done; StepFailed, after the jobs beside it came to their
    ends; Interrupted after Ctrl-C.
    """
    wanted = jobs_until(jobs, until)
    if restart_from is not None:
        jobs_until(jobs, restart_from)
    output = output.absolute()
    watcher = watcher or Watcher()
    with RunFolder(output) as folder:
        digests = Digests(output / DIGESTS)
        prints = fingerprints(jobs, digests.of)
        digests.keep()
        restarted = dependents(jobs, [restart_from] if restart_from else [])
        standing = folder.states(jobs, prints)
        refuse_changes(wanted, standing, restarted)
        if restart_from is not None:
            cleared = folder.clear(jobs, restart_from)
            watcher.says(f"removed, to be made anew: {', '.join(cleared) or 'nothing'}")
            standing = folder.states(jobs, prints)
        folder.refuse_strangers(wanted)
        with Hands(output, workers) as hands:
            run = _Run(wanted, folder, prints, standing, hands, watcher)
            return run.go(None if stop_after_seconds is None else time.monotonic() + stop_after_seconds)


def jobs_until(jobs: Sequence[Job], until: str | None) -> list[Job]:
    """The jobs up to the one named, in their order; all for None. InputError for a name that is none of them."""
    names = [job.name for job in jobs]
    if until is not None and until not in names:
        raise InputError(f"there is no step {until!r:.80}", cure=f"name one of {', '.join(names)}")
    return list(jobs if until is None else jobs[: names.index(until) + 1])


def refuse_changes(jobs: Sequence[Job], standing: dict[str, StepState], restarted: Sequence[str] = ()) -> None:
    """InputError naming the first step that was made with other settings and is not among those made anew."""
    for job in jobs:
        state = standing[job.name]
        if state.standing != "changed" or job.name in restarted:
            continue
        after = [name for name in dependents(jobs, [job.name]) if standing[name].standing == "changed"][1:]
        also = f", and with it {len(after)} that need it" if after else ""
        raise InputError(
            f"step {job.name} was made with other settings: {'; '.join(state.changes)}",
            cure=f"name another --output, or make it anew{also} with --restart-from {job.name}",
        )


@dataclass
class _Run:
    jobs: list[Job]
    folder: RunFolder
    prints: dict[str, Fingerprint]
    standing: dict[str, StepState]
    hands: Hands
    watcher: Watcher
    done: set[str] = field(init=False)
    failed: list[Outcome] = field(init=False, default_factory=list["Outcome"])

    def __post_init__(self) -> None:
        self.done = {name for name, state in self.standing.items() if state.standing == "done"}
        self._urgency = urgency(self.jobs)

    def go(self, deadline: float | None) -> Result:
        """Until all is done, something fails, or it is told to stop."""
        stopped = False
        with StopSignal(self.pass_on) as stop:
            while True:
                if deadline is not None and time.monotonic() >= deadline and not stopped:
                    stopped = True
                    if self.left:
                        self.watcher.says("the time is over; ending the steps under way, with what they have")
                if stop.number or stopped:
                    self.hands.stop()
                elif not self.failed:
                    self.begin_ready()
                if not self.hands.busy:
                    break
                self.watcher.works([hand.job for hand in self.hands.busy if hand.job is not None])
                remaining = (
                    TICK_SECONDS if deadline is None else min(TICK_SECONDS, max(0.01, deadline - time.monotonic()))
                )
                for outcome in self.hands.wait(remaining):
                    self.end(outcome)
            if self.failed:
                raise self.failure()
            if stop.number and self.left:
                raise Interrupted(f"interrupted, {len(self.left)} steps left; the same command goes on", stop.number)
        return Result(tuple(job.name for job in self.jobs if job.name in self.done), self.left, stopped)

    def pass_on(self) -> None:
        """Tell the steps under way of a Ctrl-C, at once."""
        self.hands.stop()
        self.watcher.says("ending the steps under way, with what they have; once more ends all at once")

    @property
    def left(self) -> tuple[str, ...]:
        return tuple(job.name for job in self.jobs if job.name not in self.done)

    def begin_ready(self) -> None:
        """Give work to every hand that is free, the most urgent first."""
        busy = {hand.job.name for hand in self.hands.busy if hand.job is not None}
        ready = [
            job for job in self.jobs if job.name not in self.done | busy and self.done.issuperset(job.needs)
        ]  # fmt: skip
        ready.sort(key=lambda job: -self._urgency[job.name])
        for job in ready[: self.hands.idle]:
            self.watcher.begins(job, self.standing[job.name].standing == "under way")
            self.folder.begin(job, self.prints[job.name])
            self.hands.give(job)

    def end(self, outcome: Outcome) -> None:
        """Take note of what became of a job."""
        job = outcome.job
        if outcome.kind == "done":
            self.folder.finish(job, self.prints[job.name], outcome.seconds)
            self.done.add(job.name)
            self.watcher.ends(job, outcome, ())
            return
        self.folder.note(outcome.kind, job.name, seconds=round(outcome.seconds, 3))
        self.standing[job.name] = StepState("under way")
        if outcome.kind == "interrupted":
            self.watcher.ends(job, outcome, ())
            return
        self.watcher.ends(job, outcome, last_lines(log_path(self.folder.path, job.name)))
        self.failed.append(outcome)

    def failure(self) -> StepFailed:
        """The error that names the first step that failed."""
        first = self.failed[0]
        log = log_path(self.folder.path, first.job.name)
        with contextlib.suppress(ValueError):
            log = log.relative_to(Path.cwd())
        return StepFailed(f"step {first.job.name}: {first.told}; {log} has all that it printed")
