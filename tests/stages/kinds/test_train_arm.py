"""The processor seconds of a run, over the calls that it took."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from longstride.engines.local.interrupts import Interrupted
from longstride.errors import InputError
from longstride.stages.kinds import train_arm
from longstride.stages.work import Work

BURNT = 0.05  # seconds of the processor


def training(outcome: Exception | None, manifest: bool = True) -> Callable[[Work], None]:
    """What takes the trainer's place: it uses the processor a while, and ends as it is told."""

    def perform(work: Work) -> None:
        if manifest:
            (work.folder / "manifest.json").write_text("{}")
        began = time.process_time()
        while time.process_time() - began < BURNT:
            pass
        if outcome is not None:
            raise outcome

    return perform


def test_an_interrupted_call_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    work = Work("arm.seed-0", tmp_path, {}, {}, {})
    monkeypatch.setattr(train_arm.train, "perform", training(Interrupted("stopped", 15)))
    with pytest.raises(Interrupted):
        train_arm.perform(work)
    first = json.loads((tmp_path / "cost.json").read_text())["cpu_seconds"]
    assert first >= BURNT
    monkeypatch.setattr(train_arm.train, "perform", training(None))
    train_arm.perform(work)
    assert json.loads((tmp_path / "cost.json").read_text())["cpu_seconds"] >= first + BURNT


def test_a_run_that_never_began_leaves_its_folder_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file without a manifest would have the next attempt refused as a stranger's folder."""
    monkeypatch.setattr(train_arm.train, "perform", training(InputError("no data"), manifest=False))
    with pytest.raises(InputError):
        train_arm.perform(Work("arm.seed-0", tmp_path, {}, {}, {}))
    assert list(tmp_path.iterdir()) == []
