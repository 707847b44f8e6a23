"""All that the logs of a run tell, gathered once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from longstride.analysis.data_sets import DataSetLog, read_data_set
from longstride.analysis.evaluations import Evaluations, read_evaluations
from longstride.analysis.runs import DATA_SET, TRAINING, WARM_START, Run, read_run
from longstride.analysis.training import TrainingLog, read_training


@dataclass(frozen=True)
class RunLogs:
    """A run in numbers."""

    run: Run
    data_sets: tuple[DataSetLog, ...]
    warm_starts: tuple[TrainingLog, ...]
    stages: tuple[TrainingLog, ...]  # of reinforcement learning, in order
    evaluations: Evaluations

    @property
    def missing(self) -> list[str]:
        """What is not there, or could not be read, a sentence each."""
        found = list(self.run.missing)
        for each in (*self.data_sets, *self.warm_starts, *self.stages):
            found += each.missing
        if not self.stages:
            found.append("no stage of reinforcement learning stands in this run")
        return [*found, *self.evaluations.missing]

    @property
    def steps(self) -> int:
        """Of reinforcement learning, all stages together."""
        return sum(stage.steps for stage in self.stages)

    def stage_starts(self) -> dict[str, int]:
        """For each stage how many steps the stages before it took."""
        starts: dict[str, int] = {}
        done = 0
        for stage in self.stages:
            starts[stage.name] = done
            done += stage.steps
        return starts


def read_logs(folder: str | Path) -> RunLogs:
    """Read what stands in a run's folder. Raises InputError where that is no run, nor a part of one."""
    run = read_run(folder)
    return RunLogs(
        run,
        tuple(read_data_set(run, part) for part in run.of(DATA_SET)),
        tuple(read_training(run, part) for part in run.of(WARM_START)),
        tuple(read_training(run, part) for part in run.of(TRAINING)),
        read_evaluations(run),
    )
