"""A plan of real steps, few of each: it runs, it can be killed, and the results are the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from longstride.records.parquet import read_samples

PLAN = """
[training]
model = { gradient_checkpointing = false }
rollout = { temperature = 1.0, top_p = 1.0, group_size = 2 }
batch = { prompts = 5, when_tiny = "repeat" }
eval = { every = 0 }
checkpoint = { every = 1 }
logging = { report_to = [] }

[[steps]]
name = "worlds"
kind = "world"
vocabulary = "small"

[[steps]]
name = "model"
kind = "tiny_model"

[[steps]]
name = "questions"
kind = "synthesize"
documents = "worlds"
tokenizer = "model"
samples = 60
target_tokens = "64"
prompt = "tiny"
filters = false

[[steps]]
name = "warm"
kind = "warmup"
model = "model"
data = ["questions"]
steps = 12

[[steps]]
name = "stage-1"
kind = "full_context"
model = "warm"
data = ["questions"]
max_input_tokens = 80
max_output_tokens = 24
steps = 2
selection = "strata"
fill = true
measured = 20
samples = 10
rollouts = 2

[[steps]]
name = "stage-2"
kind = "full_context"
model = "stage-1"
data = ["questions"]
carry_over = ["stage-1"]
max_input_tokens = 96
max_output_tokens = 32
steps = 1
selection = "retrospective"
max_never_solved_share = 1.0
measured = 20
rollouts = 2

[[steps]]
name = "expert"
kind = "memory"
model = "stage-1"
data = ["questions"]
max_input_tokens = 96
max_output_tokens = 16
steps = 1
recipe.memory = { chunk_tokens = 48, memory_tokens = 24, update_tokens = 24, prompts = "tiny_chunk_first" }

[[steps]]
name = "merged"
kind = "merge"
base = "warm"
models = ["stage-2", "expert"]
dtype = "float32"

[[steps]]
name = "answers"
kind = "evaluate"
model = "merged"
data = ["questions"]
samples = 10
answers = 1
answer_tokens = 16
"""
CLOCKED = ("timeline.jsonl", "metrics.jsonl", ".digests.json", ".lock")  # tell when, how long and where
KILLED_WHEN_THERE = ("warm/metrics.jsonl", "stage-1/checkpoints/step-00000001")


def command(plan: Path, output: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "longstride", "run", str(plan), "-o", str(output), *options]


def results(output: Path) -> dict[str, str]:
    """The digest of every file that a run leaves, but for clocks and logs."""
    files = [path for path in sorted(output.rglob("*")) if path.is_file() and path.name not in CLOCKED]
    kept = [path for path in files if path.parent.name != "logs" and path != output / "warm" / "manifest.json"]
    return {path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


@pytest.mark.slow
def test_killed_and_resumed_it_leaves_the_same_bytes_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    whole = subprocess.run(command(plan, Path("whole")), env=environment, capture_output=True, text=True)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "all 13 steps are done" in whole.stdout
    for place in KILLED_WHEN_THERE:
        process = subprocess.Popen(command(plan, tmp_path / "killed", "--workers", "2"), env=environment)
        while not (tmp_path / "killed" / place).exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
        process.wait()
    again = subprocess.run(command(plan, tmp_path / "killed"), env=environment, capture_output=True, text=True)
    assert again.returncode == 0, again.stdout + again.stderr
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
    chosen = list(read_samples(tmp_path / "whole" / "stage-2.selected" / "samples"))
    assert {sample.pass_at_k[-1].model for sample in chosen} == {"stage-1"}
    assert {sample.pass_at_k[-1].max_input_tokens for sample in chosen} == {96}
    assert any([rate.model for rate in sample.pass_at_k] == ["warm", "stage-1"] for sample in chosen)
    third = subprocess.run(command(plan, Path("whole")), env=environment, capture_output=True, text=True)
    assert "begins" not in third.stdout
    changed = subprocess.run(
        [*command(plan, Path("whole")), "stage-2.steps=2"], env=environment, capture_output=True, text=True
    )
    assert changed.returncode == 2
    assert "step stage-2 was made with other settings: steps 1, now 2" in changed.stderr
