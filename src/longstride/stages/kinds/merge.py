"""Models trained from one base, made one (paper 4.1)."""

from __future__ import annotations

from pathlib import Path

from longstride.engines.local.checkpoint_folders import checkpoints_in
from longstride.merging.checkpoints import MergeSettings, merge_checkpoints
from longstride.stages.work import Work

MODEL, CHECKPOINTS, MASTERS = "model", "checkpoints", "masters"


def perform(work: Work) -> None:
    """As `longstride merge`, from the float32 masters of each model's last checkpoint where there are any."""
    target, given = work.folder / MODEL, work.settings
    if target.exists():
        return
    weights = tuple(given["weights"]) or None
    settings = MergeSettings(method=given["method"], topk=given["topk"], weights=weights, dtype=given["dtype"])
    models = [with_masters(folder) for folder in work.inputs["models"]]
    report = merge_checkpoints(with_masters(work.input("base")), models, target, settings)
    print(f"merged {', '.join(map(str, models))} into {target}")
    for note in report.notes:
        print(f"note: {note}")


def with_masters(model: Path) -> Path:
    """The last checkpoint beside a model folder, where it holds float32 masters; else the folder itself."""
    checkpoints = list(checkpoints_in(model.parent / CHECKPOINTS).values()) if model.name == MODEL else []
    return checkpoints[-1] if checkpoints and (checkpoints[-1] / MASTERS).is_dir() else model
