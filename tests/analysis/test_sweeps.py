"""A sweep's folder, written with known numbers: means, paired differences, and what is not done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from longstride.analysis.sweeps import is_sweep, read_sweep
from longstride.errors import InputError

REWARDS = {"grpo": (0.30, 0.50, 0.40), "task": (0.32, 0.53, 0.44)}  # of seeds 0, 1, 2


def write_run(folder: Path, reward: float, entropy: float) -> None:
    folder.mkdir(parents=True)
    rows = [{"step": 0, "eval/reward": 0.25}]
    rows += [{"step": step, "entropy": entropy, "response_tokens": 10.0 + step} for step in range(1, 9)]
    rows[-1]["eval/reward"] = reward
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "manifest.json").write_text(json.dumps({"kind": "training run", "complete": True, "settings": {}}))
    (folder / "cost.json").write_text(json.dumps({"cpu_seconds": 30.0}))


@pytest.fixture
def swept(tmp_path: Path) -> Path:
    names = {f"{arm}.seed-{seed}": {"arm": arm, "seed": seed} for arm in REWARDS for seed in range(3)}
    for name, each in names.items():
        write_run(tmp_path / name, REWARDS[each["arm"]][each["seed"]], 1.0 + each["seed"] / 10)
    table = {"about": "which std", "base": "grpo", "arms": list(REWARDS), "seeds": [0, 1, 2]}
    (tmp_path / "sweep.json").write_text(json.dumps({"tables": [table], "runs": names}))
    return tmp_path


def test_differences_are_taken_within_a_seed(swept: Path):
    """Seeds differ by 0.1, arms by 0.02 to 0.04: unpaired, the intervals would hide it."""
    (table,) = read_sweep(swept).tables
    base, task = table.rows
    assert base.over_base is None
    assert base.held_out is not None and base.held_out.value == pytest.approx(0.4)
    assert task.over_base is not None and task.over_base.value == pytest.approx(0.03)
    assert task.over_base.high - task.over_base.value == pytest.approx(4.303 * 0.01 / 3**0.5, abs=1e-5)
    assert task.over_base.excludes_zero
    assert task.held_out is not None and task.held_out.low < base.held_out.value


def test_the_last_steps_tell_entropy_and_length(swept: Path):
    row = read_sweep(swept).tables[0].rows[0]
    assert row.entropy is not None and row.entropy.value == pytest.approx(1.1)
    assert row.response_tokens is not None and row.response_tokens.value == pytest.approx(17.5)  # steps 7 and 8
    assert row.cpu_seconds is not None and row.cpu_seconds.value == 30
    before = read_sweep(swept).tables[0].before
    assert before is not None and before.value == 0.25


def test_a_run_that_is_not_done_is_named_and_left_out(swept: Path):
    manifest = swept / "task.seed-1" / "manifest.json"
    manifest.write_text(json.dumps({"kind": "training run", "complete": False, "settings": {}}))
    (table,) = read_sweep(swept).tables
    assert table.missing == ("task, seed 1",)
    assert table.rows[1].seeds == (0, 2)
    assert table.rows[1].over_base is not None and table.rows[1].over_base.value == pytest.approx(0.03)


def test_without_the_base_there_is_no_difference(swept: Path):
    for seed in range(3):
        (swept / f"grpo.seed-{seed}" / "manifest.json").write_text('{"kind": "training run", "complete": false}')
    rows = read_sweep(swept).tables[0].rows
    assert rows[0].held_out is None
    assert rows[1].held_out is not None and rows[1].over_base is None


def test_a_run_without_its_cost_or_evaluation_tells_the_rest(swept: Path):
    (swept / "grpo.seed-0" / "cost.json").write_text("[")
    path = swept / "grpo.seed-0" / "metrics.jsonl"
    path.write_text("".join(line + "\n" for line in path.read_text().splitlines()[1:-1]))
    row = read_sweep(swept).tables[0].rows[0]
    assert row.cpu_seconds is not None and row.cpu_seconds.runs == 2
    assert row.held_out is not None and row.held_out.runs == 2


@pytest.mark.parametrize("text", ["{}", "[]", '{"runs": {"a": 1}, "tables": []}', '{"runs": {}, "tables": [1]}'])
def test_what_is_no_record_is_refused(swept: Path, text: str):
    assert is_sweep(swept)
    (swept / "sweep.json").write_text(text)
    with pytest.raises(InputError, match="no record of a sweep"):
        read_sweep(swept)


def test_another_folder_is_no_sweep(swept: Path):
    (swept / "sweep.json").unlink()
    assert not is_sweep(swept)
    with pytest.raises(InputError, match="is not there"):
        read_sweep(swept)
