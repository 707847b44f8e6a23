"""What the demo says while it works: each step in words, its outcome in a line, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path

from rich.console import Console

from longstride.demo.summary import ANSWERS, READING, headline
from longstride.errors import InputError
from longstride.evaluation.results import read_results
from longstride.stages.display import RunDisplay, duration
from longstride.stages.hands import Outcome
from longstride.stages.jobs import Job

TELLS = {
    "worlds": "fictional worlds write documents: people, companies, towns, sales, talks; no model can know them",
    "held-out-worlds": "other worlds, of which nothing is ever trained on",
    "tiny-model": "a model of half a million parameters that knows nothing yet",
    "questions": "programs ask about the documents and prove each answer (table, path between documents, needle, talk)",
    "long-questions": "the same over longer inputs, for the memory agent",
    "held-out": "questions about the other worlds, to be judged by",
    "held-out-long": "the same at eight times the length that training will see",
    "warm-start": "the model is shown how to quote evidence and answer, and how to keep a memory chunk by chunk",
    "stage-1": "reinforcement learning on the shortest inputs: 8 answers to a question, the better ones reinforced",
    "stage-2": "inputs twice as long; what was hard before comes more often",
    "stage-3": "twice as long again",
    "refresher": "its lessons in reading once more: three stages in one pass cost so small a model half of that",
    "memory-expert": "reinforcement learning of the memory agent: many turns, one reward",
    "merged": "SCE: the third stage and the memory expert become one model",
    "stage-4": "a last stage in one pass, from the merged model",
}

SECONDS = {  # that each job took on two busy cores; for the time left only their proportions matter
    "worlds": 4,
    "held-out-worlds": 1,
    "tiny-model": 8,
    "long-questions": 33,
    "held-out": 10,
    "held-out-long": 24,
    "questions": 52,
    "warm-start": 109,
    "warm-start-answers": 7,
    "stage-1.pass-rates": 10,
    "stage-1.selected": 1,
    "warm-start-reading": 82,
    "stage-1": 52,
    "stage-1-answers": 5,
    "stage-2.pass-rates": 10,
    "stage-2.selected": 1,
    "stage-2": 55,
    "stage-2-answers": 5,
    "stage-3.pass-rates": 10,
    "stage-3.selected": 1,
    "stage-3": 38,
    "stage-3-answers": 6,
    "refresher": 34,
    "memory-expert": 89,
    "merged": 1,
    "memory-expert-answers": 6,
    "merged-answers": 5,
    "stage-4.pass-rates": 10,
    "stage-4.selected": 1,
    "stage-4": 27,
    "stage-4-answers": 6,
    "memory-expert-reading": 52,
    "merged-reading": 70,
    "stage-4-reading": 74,
}


class DemoDisplay(RunDisplay):
    """A `RunDisplay` in words, which reckons the time left by what is done. workers: jobs at a time."""

    def __init__(
        self,
        output: Path,
        console: Console,
        jobs: Sequence[Job],
        done: Collection[str],
        workers: int,
    ) -> None:
        super().__init__(output, console, len(jobs), len(done))
        self._left = {job.name: float(SECONDS[job.name]) for job in jobs if job.name not in done}
        self._jobs, self._workers = tuple(jobs), workers
        self._spent = self._expected = 0.0
        self._start = time.monotonic()

    def begins(self, job: Job, again: bool) -> None:
        """Say what a step is about; measuring and selecting before a stage go without saying."""
        self._began[job.name] = time.monotonic()
        if job.name in TELLS:
            self.says(f"{self._clock()} {job.name}{', going on' if again else ''}: {TELLS[job.name]}")

    def ends(self, job: Job, outcome: Outcome, lines: Sequence[str]) -> None:
        """Tell an evaluation's figures, and the time left; of what failed, the end of its log."""
        if outcome.kind != "done":
            super().ends(job, outcome, lines)
            return
        self.done += 1
        due = self._left.pop(job.name, 0.0)
        self._spent, self._expected = self._spent + outcome.seconds, self._expected + due
        if job.name.endswith((f"-{ANSWERS}", f"-{READING}")):
            model = job.name.rpartition("-")[0]
            self.says(f"{self._clock()} {model}: {self._figures(job.name)}")
        if self._left and self.done % 3 == 0:
            self.says(f"{self._clock()} {self.done} of {self.total} steps are done, about {self.time_left()} left")

    def time_left(self) -> str:
        """The longest chain of jobs that wait for each other, or all of them shared by the workers.

        At the pace of what is done: what that took here, over what it took where it was measured.
        """
        pace = self._spent / self._expected if self._expected else 1.0
        chains: dict[str, float] = {}
        for job in self._jobs:  # after what they need
            chains[job.name] = self._left.get(job.name, 0.0) + max((chains[each] for each in job.needs), default=0.0)
        return duration(max(1.0, pace * max(*chains.values(), sum(self._left.values()) / self._workers)))

    def _clock(self) -> str:
        seconds = round(time.monotonic() - self._start)
        return f"[{seconds // 60:2}:{seconds % 60:02}]"

    def _figures(self, name: str) -> str:
        try:
            return headline(read_results(self.output / name))
        except InputError as error:  # removed under our feet: the run goes on
            return str(error)
