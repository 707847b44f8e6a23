"""The processes that do a run's work, as its runner sees them: orders go in, one outcome each comes out."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from longstride.stages.jobs import Job, output_path
from longstride.stages.run_folder import log_path
from longstride.stages.work import Work

LOG_LINES = 12  # of a failed step's log that are told
LOG_BYTES = 4000


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    job: Job
    seconds: float
    kind: str  # done, failed, defect, interrupted, killed
    told: str = ""


@dataclass(eq=False)
class Hand:
    """One process, and the job that it has."""

    process: subprocess.Popen[str]
    job: Job | None = None
    began: float = 0.0
    told_to_stop: bool = False

    @property
    def free(self) -> bool:
        return self.job is None and self.process.poll() is None

    def close(self) -> int:
        """Let the process end, by itself where it has nothing to do; its exit code."""
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        return self.process.wait()


@dataclass
class Hands:
    """`with Hands(output, count) as hands:` at most so many processes; those that are left end with the block.

    Where there are several, each has one thread: they share the cores already.
    """

    output: Path
    count: int
    _hands: list[Hand] = field(default_factory=list["Hand"])

    def __enter__(self) -> Hands:
        return self

    def __exit__(self, *_: object) -> None:
        for hand in self._hands:
            if hand.job is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(hand.process.pid, signal.SIGKILL)
            hand.close()

    @property
    def busy(self) -> list[Hand]:
        """Those at work."""
        return [hand for hand in self._hands if hand.job is not None]

    @property
    def idle(self) -> int:
        """How many more jobs may be given."""
        return self.count - len(self.busy)

    def give(self, job: Job) -> None:
        """Have a job performed. ValueError where all are busy."""
        if not self.idle:
            raise ValueError(f"all {self.count} are busy")
        hand = next((each for each in self._hands if each.free), None) or self._new()
        inputs = {
            role: tuple(self._place(output_path(self.output, each)) for each in given)
            for role, given in job.inputs.items()
        }
        work = Work(job.name, Path(job.name), job.settings, job.options, inputs)
        order = {"perform": job.perform, "work": work.to_json(), "log": str(log_path(Path(), job.name))}
        hand.job, hand.began = job, time.monotonic()
        assert hand.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # one that died is told of by `wait`
            hand.process.stdin.write(json.dumps(order) + "\n")
            hand.process.stdin.flush()

    def stop(self) -> None:
        """Tell all that work to end at their next boundary, with what they have safe. A second call changes nothing."""
        for hand in self.busy:
            if not hand.told_to_stop:
                hand.told_to_stop = True
                with contextlib.suppress(ProcessLookupError):
                    hand.process.send_signal(signal.SIGTERM)

    def wait(self, timeout_seconds: float) -> list[Outcome]:
        """What came to an end; waits for the first so long."""
        with selectors.DefaultSelector() as selector:
            for hand in self.busy:
                assert hand.process.stdout is not None
                selector.register(hand.process.stdout, selectors.EVENT_READ, hand)
            return [self._outcome(key.data) for key, _ in selector.select(timeout_seconds)]

    def _new(self) -> Hand:
        environment = dict(os.environ)
        if self.count > 1:
            environment |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        process = subprocess.Popen(
            [sys.executable, "-uP", "-m", "longstride.stages.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.output,
            env=environment,
            text=True,
            start_new_session=True,  # Ctrl-C in a terminal is for the runner, which passes it on
        )
        self._hands.append(Hand(process))
        return self._hands[-1]

    def _place(self, path: Path) -> Path:
        return path.relative_to(self.output) if path.is_relative_to(self.output) else path

    def _outcome(self, hand: Hand) -> Outcome:
        assert hand.job is not None
        assert hand.process.stdout is not None
        job, seconds = hand.job, time.monotonic() - hand.began
        hand.job = None
        text = hand.process.stdout.readline()
        if text:
            answer = json.loads(text)
            return Outcome(job, seconds, answer["outcome"], answer["told"])
        self._hands.remove(hand)
        code = hand.close()
        if hand.told_to_stop and code == -signal.SIGTERM:
            return Outcome(job, seconds, "interrupted", "ended at once; what it had finished is kept")
        cause = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Outcome(job, seconds, "killed", f"its process ended by {cause}")


def last_lines(path: Path, most: int = LOG_LINES) -> Sequence[str]:
    """The end of a log, without its empty lines; of what a bar drew over itself, the last state."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_BYTES))
        text = file.read().decode("utf-8", errors="replace")
    lines = [line.rpartition("\r")[2].rstrip() for line in text.splitlines()]
    return [line for line in lines if line][-most:]
