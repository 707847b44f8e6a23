"""Runs to be set side by side: arms of a sweep over their seeds, stages of other runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from longstride.analysis.arms import read_panels
from longstride.errors import InputError
from longstride.records import Trajectory, TrajectoryGroup, Turn
from longstride.records.parquet import write_groups


def write_stage(folder: Path, entropies: list[float], dumps: tuple[int, ...] = ()) -> Path:
    folder.mkdir(parents=True)
    rows = [{"step": step, "entropy": value, "reward": 0.5} for step, value in enumerate(entropies, 1)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "manifest.json").write_text(json.dumps({"kind": "training run", "complete": True, "settings": {}}))
    for step in dumps:
        trajectory = Trajectory((Turn((1, 2), (step,)),), 0.0, "qa", "q", 0)
        write_groups(folder / "rollouts" / f"step-{step:08d}.parquet", [TrajectoryGroup("q", "q", "qa", (trajectory,))])
    return folder


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    folder = tmp_path / "swept"
    write_stage(folder / "grpo.seed-0", [1.0, 2.0, 3.0], (1, 3))
    write_stage(folder / "grpo.seed-1", [3.0, 4.0], (2,))
    write_stage(folder / "task.seed-0", [0.5, 0.5])
    names = {"grpo.seed-0": ("grpo", 0), "grpo.seed-1": ("grpo", 1), "task.seed-0": ("task", 0)}
    tables = [{"about": "which std", "base": "grpo", "arms": ["grpo", "task", "late"], "seeds": [0, 1]}]
    record = {"tables": tables, "runs": {name: {"arm": arm, "seed": seed} for name, (arm, seed) in names.items()}}
    (folder / "sweep.json").write_text(json.dumps(record))
    return folder


def test_an_arm_is_the_mean_over_its_seeds(sweep: Path):
    """At the steps that all its runs have: a run that is behind does not bend the curve."""
    (panel,), missing = read_panels([sweep])
    grpo, task = panel.arms
    assert (panel.title, grpo.name, task.name) == ("which std", "grpo", "task")
    assert grpo.points("entropy") == [(1, 2.0), (2, 3.0)]
    assert grpo.points("nothing") == []
    assert grpo.log == "swept/grpo.seed-0/metrics.jsonl; swept/grpo.seed-1/metrics.jsonl"
    assert "swept: not done yet: task, seed 1" in missing and "swept: not done yet: late, seed 0" in missing


def test_rollouts_are_those_of_each_runs_last_dump(sweep: Path):
    grpo, task = read_panels([sweep])[0][0].arms
    assert [group.trajectories[0].turns[0].response_ids for group in grpo.groups()] == [(3,), (2,)]
    assert [each.step for each in grpo.rollouts()] == [3, 2]
    assert list(task.groups()) == []


def test_stages_of_other_runs_are_told_apart(tmp_path: Path):
    one, other = tmp_path / "one", tmp_path / "other"
    for run in (one, other):
        write_stage(run / "stage-1", [1.0])
        write_stage(run / "stage-2", [2.0])
    alone = write_stage(tmp_path / "alone", [4.0])
    empty = write_stage(tmp_path / "empty", [])
    assert [arm.name for arm in read_panels([one])[0][0].arms] == ["stage-1", "stage-2"]
    (panel,), missing = read_panels([one, other, alone, empty])
    assert [arm.name for arm in panel.arms] == [
        *("one, stage-1", "one, stage-2", "other, stage-1", "other, stage-2"),
        "alone",
    ]
    assert missing == ["metrics.jsonl holds no step"]


def test_runs_of_one_name_are_not_mixed(tmp_path: Path):
    runs = [write_stage(tmp_path / place / "run", [entropy]) for place, entropy in (("a", 1.0), ("b", 2.0))]
    (panel,), _ = read_panels(runs)
    assert [(arm.name, arm.points("entropy")) for arm in panel.arms] == [("run", [(1, 1.0)]), ("run (2)", [(1, 2.0)])]


def test_a_run_without_training_is_refused(tmp_path: Path):
    (tmp_path / "answers").mkdir()
    with pytest.raises(InputError, match="no stage of reinforcement learning"):
        read_panels([tmp_path])
