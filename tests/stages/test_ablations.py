"""The arms of recipes/ablations are what they say: over one base, each different, enough seeds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from longstride.stages.expansion import jobs_of
from longstride.stages.plan_files import load_plan
from longstride.stages.sweep import load_sweep, sweep_runs

ABLATIONS = Path(__file__).parents[2] / "recipes" / "ablations"


def test_what_the_arms_share_is_a_plan():
    assert [job.name for job in jobs_of(load_plan(ABLATIONS / "start.toml"))][-1] == "warm-start"


@pytest.mark.parametrize("path", sorted(ABLATIONS.glob("table_*.toml")), ids=lambda path: path.name)
def test_the_ablations_are_arms_over_one_base(path: Path):
    sweep = load_sweep(path)
    runs = sweep_runs(ABLATIONS / "base.toml", [sweep])
    assert len(runs) == len(sweep.arms) * len(sweep.seeds)
    recipes = {
        run.recipe.model_copy(update={"seed": 0}).model_dump_json() for run in runs if run.seed == sweep.seeds[0]
    }
    assert len(recipes) == len(sweep.arms), "two arms are the same"


def test_the_ablations_fit_together():
    sweeps = [load_sweep(path) for path in sorted(ABLATIONS.glob("table_*.toml"))]
    assert len(sweeps) >= 3
    seeds = Counter(run.arm for run in sweep_runs(ABLATIONS / "base.toml", sweeps))
    assert min(seeds.values()) >= 5
