"""A model that knows nothing yet, built to look things up."""

from __future__ import annotations

import shutil

from longstride.engines.local.warmup.tiny_model import TinyShape, make_tiny_model
from longstride.stages.work import Work

MODEL, UNFINISHED = "model", ".model.unfinished"
SHAPE = ("hidden_size", "layers", "heads", "head_size", "mlp_size", "max_tokens")


def perform(work: Work) -> None:
    """Write it beside its place, then put it there."""
    target, staging = work.folder / MODEL, work.folder / UNFINISHED
    if target.exists():
        return
    shutil.rmtree(staging, ignore_errors=True)
    shape = TinyShape(**{name: work.settings[name] for name in SHAPE})
    make_tiny_model(staging, work.settings["seed"], shape=shape).rename(target)
