"""A sweep of two arms and three seeds, as it stands on disk, with rollouts; written here with known numbers."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from longstride.records import Trajectory, TrajectoryGroup, Turn
from longstride.records.parquet import write_groups

STEPS, SEEDS = 12, 3


@pytest.fixture(scope="session")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "swept"
    names = {f"{arm}.seed-{seed}": {"arm": arm, "seed": seed} for arm in ("grpo", "latch") for seed in range(SEEDS)}
    for place, name in enumerate(names):
        write_run(folder / name, name, better=0.1 * (place >= SEEDS))
    table = {
        "about": "Who may <b>learn</b> from mistakes",
        "base": "grpo",
        "arms": ["grpo", "latch"],
        "seeds": [0, 1, 2],
    }
    (folder / "sweep.json").write_text(json.dumps({"tables": [table], "runs": names}))
    return folder


def write_run(folder: Path, name: str, better: float) -> None:
    draw = random.Random(name)
    folder.mkdir(parents=True)
    rows = [{"step": 0, "eval/reward": 0.3}]
    rows += [
        {
            "step": step,
            "entropy": 1 + draw.random(),
            "reward": 0.3 + better + draw.random() / 9,
            "response_tokens": 14 + draw.random(),
        }
        for step in range(1, STEPS + 1)
    ]
    rows[-1]["eval/reward"] = 0.35 + better + draw.random() / 90
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {"rollout": {"temperature": 1.0}}
    (folder / "manifest.json").write_text(json.dumps({"kind": "training run", "complete": True, "settings": settings}))
    (folder / "cost.json").write_text(json.dumps({"cpu_seconds": 20 + draw.random()}))
    groups = [group(f"q{number}", number % 2, draw) for number in range(6)]
    write_groups(folder / "rollouts" / f"step-{STEPS:08d}.parquet", groups)


def group(name: str, kind: int, draw: random.Random) -> TrajectoryGroup:
    task = ("multi_hop", "numerical")[kind]

    def turn() -> Turn:
        size = draw.randrange(4, 12)
        entropies = tuple(draw.random() for _ in range(size))
        return Turn((1, 2, 3), tuple(draw.choices(range(20), k=size)), entropies=entropies)

    return TrajectoryGroup(
        name, name, task, tuple(Trajectory((turn(),), float(index % 2), task, name, index) for index in range(4))
    )
