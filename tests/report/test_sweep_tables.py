from __future__ import annotations

import json
from pathlib import Path

from longstride.analysis.intervals import run_mean
from longstride.analysis.sweeps import ArmRow, SweepTable
from longstride.report.sweep_tables import sweep_markdown, write_sweep_tables


def row(arm: str, rewards: list[float], over: list[float] | None) -> ArmRow:
    return ArmRow(
        arm,
        tuple(range(len(rewards))),
        run_mean(rewards),
        run_mean(over) if over else None,
        run_mean([0.5] * len(rewards)),
        None,
        run_mean([31.4] * len(rewards)),
    )


def test_a_table_in_markdown():
    rows = (row("grpo", [0.4, 0.5, 0.6], None), row("task", [0.5, 0.5, 0.5], [0.1, 0.0, -0.1]))
    text = sweep_markdown(SweepTable("Which std", "grpo", run_mean([0.25, 0.25]), rows, ("late, seed 3",)))
    lines = text.splitlines()
    assert lines[0] == "**Which std**"
    assert lines[2].startswith("| arm | seeds | held-out reward | over grpo |")
    assert lines[4] == "| grpo | 3 | 0.500 (0.252 to 0.748) |  | 0.500 (0.500 to 0.500) | - | 31 |"
    assert "| +0.000 (-0.248 to +0.248) |" in lines[5]
    assert "Before training the held-out reward is 0.250" in text
    assert lines[-1] == "Not done yet: late, seed 3."


def test_one_seed_shows_no_interval():
    table = SweepTable("Which std", "grpo", None, (row("grpo", [0.4], None),), ())
    assert "| grpo | 1 | 0.400 |  | 0.500 | - | 31 |" in sweep_markdown(table)


def test_the_files_hold_every_run(tmp_path: Path):
    folder = tmp_path / "grpo.seed-0"
    folder.mkdir()
    (folder / "metrics.jsonl").write_text('{"step": 0, "eval/reward": 0.25}\n{"step": 1, "eval/reward": 0.5}\n')
    (folder / "manifest.json").write_text('{"kind": "training run", "complete": true, "settings": {}}')
    record = {
        "runs": {"grpo.seed-0": {"arm": "grpo", "seed": 0}},
        "tables": [{"about": "one", "base": "grpo", "arms": ["grpo"], "seeds": [0]}],
    }
    (tmp_path / "sweep.json").write_text(json.dumps(record))
    path, text = write_sweep_tables(tmp_path)
    assert path.read_text() == text
    written = json.loads(path.with_suffix(".json").read_text())
    assert written["runs"][0]["held_out"] == 0.5
    assert written["tables"][0]["rows"][0]["held_out"] == {"value": 0.5, "low": None, "high": None, "runs": 1}
