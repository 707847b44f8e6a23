import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from longstride.demo.command import SIZES, demo_plan
from longstride.demo.display import SECONDS, TELLS
from longstride.demo.summary import ANSWERS, READERS, READING, STAGES
from longstride.stages.expansion import jobs_of
from longstride.stages.plan import EvaluateStep, StageStep, SynthesizeStep, WorldStep


@pytest.mark.parametrize("size", SIZES)
def test_every_figure_of_the_summary_has_its_step(size: str):
    jobs = {job.name for job in jobs_of(demo_plan(size, seed=0))}
    assert {f"{model}-{ANSWERS}" for model in STAGES} | {f"{model}-{READING}" for model in READERS} <= jobs
    assert set(TELLS) <= jobs
    assert set(SECONDS) == jobs


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_trained_on_what_is_judged_by(size: str):
    steps = {step.name: step for step in demo_plan(size, seed=0).steps}
    for step in steps.values():
        data = getattr(step, "data", ())
        if isinstance(step, EvaluateStep):
            assert all(name.startswith("held-out") for name in data)
        else:
            assert not any(name.startswith("held-out") for name in data)
        if isinstance(step, SynthesizeStep):
            assert step.documents == ("held-out-worlds" if step.name.startswith("held-out") else "worlds")
    seen, unseen = steps["worlds"], steps["held-out-worlds"]
    assert isinstance(seen, WorldStep)
    assert isinstance(unseen, WorldStep)
    assert seen.first_world + seen.worlds <= unseen.first_world


def test_stages_grow_as_in_figure_6():
    stages = [step for step in demo_plan("standard", seed=0).steps if isinstance(step, StageStep)]
    assert [step.name for step in stages] == ["stage-1", "stage-2", "stage-3", "memory-expert", "stage-4"]
    lengths = [step.max_input_tokens for step in stages[:3]]
    assert lengths == sorted(set(lengths))
    assert [step.selection for step in stages[:3]] == ["strata", "retrospective", "retrospective"]
    assert stages[3].model == "refresher"
    assert stages[4].model == "merged"


@pytest.mark.slow
def test_a_quick_demo_that_is_killed_ends_with_the_same_figures(tmp_path: Path):
    """From nothing to the summary and the page, twice: once as it is, once killed at a random point and begun again."""

    def demo(output: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "longstride", "demo", "--quick", "-o", str(output)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    process = demo(tmp_path / "whole")
    told, _ = process.communicate()
    assert process.returncode == 0, told
    assert "Where everything lies" in told
    killed, steps = demo(tmp_path / "killed"), random.randint(1, 25)  # of 34
    timeline = tmp_path / "killed" / "timeline.jsonl"
    while not timeline.exists() or timeline.read_text().count('"event": "done"') < steps:
        assert killed.poll() is None
        time.sleep(0.1)
    time.sleep(random.uniform(0, 2))  # into the next ones
    assert killed.poll() is None
    killed.kill()
    killed.communicate()
    again = demo(tmp_path / "killed")
    told, _ = again.communicate()
    assert again.returncode == 0, f"killed after {steps} steps: {told}"
    for name in ("summary.json", "summary.txt"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert (tmp_path / "whole" / "report.html").stat().st_size < 8_000_000
    figures = json.loads((tmp_path / "whole" / "summary.json").read_text())
    assert set(figures["rewards"]) == set(STAGES)
