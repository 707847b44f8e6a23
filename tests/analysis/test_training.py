"""A stage by its metrics: bands, the controller's steps, what is damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from longstride.analysis.runs import read_run
from longstride.analysis.training import Band, TrainingLog, read_training

ROWS = [
    {"step": 0, "eval/reward": 0.1},
    {"step": 1, "reward": 0.2, "entropy": 2.0, "controller/keep_negatives": 1.0, "reward/multi_hop": 0.2},
    {"step": 2, "reward": 0.4, "entropy": 2.5, "controller/keep_negatives": 0.0, "reward/numerical": 0.4},
    {"step": 3, "reward": None, "entropy": 1.0, "controller/keep_negatives": 1.0, "left_out": "all rewards are equal"},
]
WriteStage = Callable[..., Path]


def read(folder: Path) -> TrainingLog:
    run = read_run(folder.parent)
    return read_training(run, run.parts[0])


def test_metrics_are_read_by_step(write_stage: WriteStage):
    log = read(write_stage("a", ROWS, {"data": {"max_input_tokens": 192}, "rollout": {"max_output_tokens": 48}}))
    assert log.log == "a/metrics.jsonl" and log.steps == 3
    assert log.points("reward") == [(1, 0.2), (2, 0.4)]  # without the null
    assert log.points("eval/reward") == [(0, 0.1)]
    assert log.tasks == ["multi_hop", "numerical"]
    assert (log.dropped_steps, log.skipped_steps) == ([2], [3])
    assert (log.max_input_tokens, log.max_output_tokens, log.reads_by_memory) == (192, 48, False)
    assert log.missing == ("a/metrics.jsonl: 1 NaN or infinite values; the curves go on without them",)


@pytest.mark.parametrize(
    ("aepo", "band"),
    [
        ({"controller": "latch", "low": 1.5, "high": 2.2, "unit": "nats"}, Band(1.5, 2.2, None)),
        ({"controller": "latch", "low": 0.5, "high": 1.1, "unit": "start"}, Band(1.0, 2.2, 2.0)),  # first: 2.0 nats
        ({"controller": "none", "low": None, "high": None, "unit": "nats"}, None),
        ({}, None),
    ],
)
def test_the_band_is_in_nats(write_stage: WriteStage, aepo: dict[str, object], band: Band | None):
    found = read(write_stage("a", ROWS, {"aepo": aepo})).band
    assert (found is None) == (band is None)
    if found and band:
        assert (found.low, found.high) == (pytest.approx(band.low), pytest.approx(band.high))


def test_a_step_that_stands_twice_counts_once_and_is_told(write_stage: WriteStage):
    log = read(write_stage("a", [*ROWS[:2], {"step": 1, "reward": 0.9}, {"reward": 0.1}], {}))
    assert log.points("reward") == [(1, 0.9)]
    assert log.missing == ("a/metrics.jsonl: lines without a step, or of a step that stands again, were left out",)


def test_a_stage_without_steps_says_so(write_stage: WriteStage):
    folder = write_stage("a", [], {})
    assert read(folder).missing == ("a/metrics.jsonl holds no step",)
    (folder / "metrics.jsonl").unlink()
    assert read(folder).missing == ("a/metrics.jsonl is not there: no step was logged",)
