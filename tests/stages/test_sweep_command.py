"""`longstride run --sweep` as a user meets it: killed, it goes on; done, it ends with its table."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from longstride.cli import main
from longstride.records import Sample
from longstride.records.parquet import write_samples

RECIPE = """
steps = 2
model = { path = "tiny", gradient_checkpointing = false }
data = { folders = ["data"], max_input_tokens = 60, held_out_share = 0.0 }
rollout = { max_output_tokens = 4, group_size = 2, temperature = 1.0, top_p = 1.0 }
batch = { prompts = 2 }
eval = { every = 0 }
checkpoint = { every = 1 }
logging = { report_to = [], gradient_by_sign = 0 }
"""
SWEEP = """
about = "which std"
base = "group"
seeds = [0, 1]
arms = { group = { advantage.kind = "group" }, task = { advantage.kind = "task" } }
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe and a sweep in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("sweep.toml").write_text(SWEEP)
    Path("recipe.toml").write_text(RECIPE)
    return Path("recipe.toml")


def command(*options: str) -> list[str]:
    return ["run", "recipe.toml", "--sweep", "sweep.toml", "-o", "out", *options]


def status(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_the_arms_are_shown(recipe: Path, capsys: pytest.CaptureFixture[str]):
    assert status(command("--show")) == 0
    assert 'task: advantage.kind="task"' in capsys.readouterr().out
    assert not Path("out").exists()


def test_what_a_sweep_cannot_do_is_refused(recipe: Path, capsys: pytest.CaptureFixture[str]):
    for options in (["--until", "group.seed-0"], ["--estimate"]):
        assert status(command(*options)) == 2
        assert "--until and --estimate are for plans" in capsys.readouterr().err
    assert status(command("no.such=1")) == 2
    assert status(command("--plan")) == 2  # the model is not there
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.slow
def test_killed_it_goes_on_and_ends_with_its_table(recipe: Path):
    from longstride.engines.local.warmup.tiny_model import TinyShape, make_tiny_model

    make_tiny_model("tiny", 0, shape=TinyShape(hidden_size=64, heads=2, head_size=16, mlp_size=64))
    samples = [
        Sample(
            id=f"s{number}",
            data_source="longstride/test",
            prompt=({"role": "user", "content": "Mira works at Kestrel ."},),
            task=("multi_hop", "numerical")[number % 2],
            question_type="needle",
            core_question="Where ?",
            format_instructions="",
            ground_truth=("Kestrel",),
            reward_style="cover_exact_match",
            generator="small_world",
            seed=0,
        )
        for number in range(8)
    ]
    write_samples(Path("data/samples/00000.parquet"), samples)
    process = subprocess.Popen(
        [sys.executable, "-m", "longstride", *command()], env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    first, second = Path("out/group.seed-0"), Path("out/task.seed-0")
    while not (second / "metrics.jsonl").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    metrics = (first / "metrics.jsonl").read_bytes()
    again = subprocess.run([sys.executable, "-m", "longstride", *command()], capture_output=True, text=True)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "group.seed-0 begins" not in again.stdout
    assert "of work left, for 2 runs" in again.stdout
    assert (first / "metrics.jsonl").read_bytes() == metrics  # its clock readings, too: it was not run again
    assert len((second / "metrics.jsonl").read_text().splitlines()) == 2
    assert "| task | 2 | - | - |" in again.stdout  # nothing is held out
    assert Path("out/sweep_tables.md").read_text() in again.stdout
    changed = subprocess.run([sys.executable, "-m", "longstride", *command("steps=3")], capture_output=True, text=True)
    assert changed.returncode == 2
    assert "was made with other settings: steps 2, now 3" in changed.stderr
