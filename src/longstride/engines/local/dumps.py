"""The rollouts of a step on disk, with what the step made of them, to be read by people and by the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from longstride.engines.local.step import StepPlan
from longstride.records import TrajectoryGroup
from longstride.records.parquet import write_groups


def dump_rollouts(folder: Path, step: int, plan: StepPlan) -> Path:
    """Write the trajectory groups of a step, each trajectory with its advantage and share of kept tokens."""
    path = folder / f"step-{step:08d}.parquet"
    write_groups(path, _annotated(plan))
    return path


def _annotated(plan: StepPlan) -> Iterator[TrajectoryGroup]:
    batch = plan.batch
    tokens = [0] * len(batch.group_B)
    kept = [0] * len(batch.group_B)
    lengths, lefts = batch.mask_RT.sum(-1).tolist(), (plan.keep_RT & batch.mask_RT).sum(-1).tolist()
    for trajectory, length, left in zip(batch.trajectory_R, lengths, lefts, strict=True):
        tokens[trajectory] += length
        kept[trajectory] += left
    advantages = iter(zip(plan.advantages_B.tolist(), tokens, kept, strict=True))
    for group in batch.groups:
        trajectories = tuple(
            replace(each, details={**each.details, "advantage": advantage, "kept_share": left / max(1, length)})
            for each, (advantage, length, left) in zip(group.trajectories, advantages, strict=False)
        )
        yield replace(group, trajectories=trajectories)
