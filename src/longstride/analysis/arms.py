"""Runs that are looked at side by side, whatever they are: the arms of a sweep over their seeds, or single stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from longstride.analysis.rollouts import Rollout, last_dumps, read_rollouts
from longstride.analysis.runs import TRAINING, Run, read_run
from longstride.analysis.sweeps import SweptRun, is_sweep, read_sweep
from longstride.analysis.training import Point, TrainingLog, read_training
from longstride.errors import InputError
from longstride.records import TrajectoryGroup
from longstride.records.parquet import read_groups


@dataclass(frozen=True)
class Source:
    """One training run of an arm."""

    run: Run
    log: TrainingLog

    @property
    def name(self) -> str:
        """Of its metrics file, for a reader of several runs."""
        return f"{self.run.name}/{self.log.log}"

    @property
    def dumps(self) -> list[Path]:
        """Its last rollout dump; none where it kept none."""
        return [file for part, file in last_dumps(self.run) if part == self.log.part]


@dataclass(frozen=True)
class Arm:
    """Training runs that differ in their seed alone; of a run that is no sweep, one stage."""

    name: str
    sources: tuple[Source, ...]

    @property
    def log(self) -> str:
        """The files that its numbers are from."""
        return "; ".join(each.name for each in self.sources)

    def points(self, metric: str) -> list[Point]:
        """The metric by step: the mean over the runs, at the steps that all of them have."""
        found = [dict(each.log.points(metric)) for each in self.sources]
        steps = set[int](found[0]).intersection(*found[1:]) if found else set[int]()
        return [(step, fmean(each[step] for each in found)) for step in sorted(steps)]

    def groups(self) -> Iterator[TrajectoryGroup]:
        """The groups of the last rollout dump of each run. Raises InputError for a damaged one."""
        for source in self.sources:
            for file in source.dumps:
                yield from read_groups(file)

    def rollouts(self) -> Iterator[Rollout]:
        """Their trajectories, one by one. Raises InputError for a damaged dump."""
        for source in self.sources:
            for file in source.dumps:
                yield from read_rollouts(source.run, source.log.part, file)


@dataclass(frozen=True)
class Panel:
    """Arms that are compared with one another."""

    title: str
    arms: tuple[Arm, ...]


def read_panels(folders: Sequence[str | Path]) -> tuple[list[Panel], list[str]]:
    """(a panel for each table of a sweep, and one for all stages of the other runs; what is missing).

    Raises InputError for a folder that holds no run, and where no run has a stage of reinforcement learning.
    """
    panels: list[Panel] = []
    stages: list[tuple[str, Source]] = []
    missing: list[str] = []
    for folder in map(Path, folders):
        if is_sweep(folder):
            sweep = read_sweep(folder)
            panels += [
                Panel(table.about, tuple(_arms(sweep.run, sweep.runs, [row.arm for row in table.rows])))
                for table in sweep.tables
            ]
            missing += [f"{sweep.run.name}: not done yet: {each}" for table in sweep.tables for each in table.missing]
            missing += [each for run in sweep.runs for each in run.log.missing]
            continue
        run = read_run(folder)
        for part in run.of(TRAINING):
            log = read_training(run, part)
            missing += log.missing
            stages.append((run.name, Source(run, log)))
    if stages:
        runs = len({source.run.folder for _, source in stages})
        arms: dict[str, Arm] = {}
        for name, source in stages:
            label = _label(name, source, runs)
            label = label if label not in arms else f"{label} ({len(arms) + 1})"
            if source.log.rows:
                arms[label] = Arm(label, (source,))
        panels.append(Panel("The runs, stage by stage", tuple(arms.values())))
    panels = [panel for panel in panels if panel.arms]
    if not panels:
        raise InputError("holds no stage of reinforcement learning", path=folders[0], cure="name what `train` wrote")
    return panels, list(dict.fromkeys(missing))


def _arms(run: Run, runs: Sequence[SweptRun], names: Sequence[str]) -> Iterator[Arm]:
    for name in names:
        sources = tuple(Source(run, each.log) for each in runs if each.arm == name and each.log.rows)
        if sources:
            yield Arm(name, sources)


def _label(run: str, source: Source, runs: int) -> str:
    """The stage, the run, or both: what tells them apart."""
    if runs == 1:
        return source.log.name
    return run if source.log.name == run else f"{run}, {source.log.name}"
