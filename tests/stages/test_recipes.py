"""The plans of recipes/ are whole, and the paper's say what the paper says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from longstride.stages.expansion import jobs_of
from longstride.stages.plan import MergeStep
from longstride.stages.plan_files import load_plan, show_plan

RECIPES = Path(__file__).parents[2] / "recipes"
PLANS = [path for path in sorted(RECIPES.glob("*.toml")) if "\n[[steps]]" in path.read_text(encoding="utf-8")]
PAPERS = ["qwen3_4b.toml", "qwen3_30b_a3b.toml"]


def test_there_are_plans():
    assert {"one_gpu.toml", *PAPERS} <= {path.name for path in PLANS}


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_a_plan_comes_down_to_jobs_and_can_be_shown(path: Path):
    plan = load_plan(path)
    assert jobs_of(plan)
    assert tomllib.loads(show_plan(plan))["steps"][0]["name"] == plan.steps[0].name


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_values(name: str):
    plan = load_plan(RECIPES / name)
    stages = {stage.name: stage for stage in plan.stages()}
    assert [(each.name, each.kind, each.max_input_tokens, each.max_output_tokens) for each in stages.values()] == [
        ("stage-1", "full_context", 32_000, 12_000),
        ("stage-2", "full_context", 60_000, 20_000),
        ("stage-3", "full_context", 120_000, 50_000),
        ("memory-expert", "memory", 128_000, 10_000),
        ("stage-4", "full_context", 120_000, 50_000),
    ]
    recipes: dict[str, dict[str, Any]] = {
        job.name: dict(job.options["recipe"]) for job in jobs_of(plan) if job.name in stages
    }
    for recipe in recipes.values():
        assert recipe["rollout"]["group_size"] == 8
        assert (recipe["rollout"]["temperature"], recipe["rollout"]["top_p"]) == (0.7, 0.95)
        assert (recipe["batch"]["prompts"], recipe["batch"]["updates"]) == (128, 1)
        assert (recipe["optimizer"]["lr"], recipe["optimizer"]["schedule"]) == (2e-6, "constant")
        assert (recipe["advantage"]["kind"], recipe["loss"]["level"], recipe["loss"]["kl_beta"]) == (
            "task",
            "token",
            0.0,
        )
        assert (recipe["aepo"]["controller"], recipe["reward"]["kind"]) == ("latch", "hybrid")
    assert recipes["memory-expert"]["memory"]["chunk_tokens"] == 32_000
    assert recipes["memory-expert"]["memory"]["memory_tokens"] == 15_000
    assert (stages["stage-1"].selection, stages["stage-2"].selection) == ("strata", "retrospective")
    assert stages["memory-expert"].model == "stage-3"
    (merge,) = [step for step in plan.steps if isinstance(step, MergeStep)]
    assert (merge.method, merge.base, merge.models) == ("sce", stages["stage-1"].model, ("stage-3", "memory-expert"))
    assert stages["stage-4"].model == merge.name
