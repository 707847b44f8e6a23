from __future__ import annotations

from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.stages.budgets import EXPERTS, budgets, stage_budget, tokens_of_one
from longstride.stages.plan import StageStep
from longstride.stages.plan_files import load_plan, plan_of
from longstride.stages.stage_recipes import stage_recipe

RECIPES = Path(__file__).parents[2] / "recipes"
STAGE = {"name": "s", "kind": "full_context", "model": "./m", "data": ["./d"], "max_input_tokens": 100}


def stage(**settings: object) -> StageStep:
    (only,) = plan_of({"steps": [{**STAGE, "max_output_tokens": 10, "steps": 3, **settings}]}).stages()
    return only


def test_one_pass_reads_a_prompt_once_for_its_group():
    recipe = stage_recipe(stage(), {}, 0)
    assert tokens_of_one(recipe, 8) == (100, 80)


def test_the_memory_agent_reads_each_chunk_with_each_memory():
    """100 tokens in chunks of 30: 4 updates of 5 and an answer of 10 are drawn; 100 and 5 memories of 7 are read."""
    memory = {"chunk_tokens": 30, "memory_tokens": 7, "update_tokens": 5}
    recipe = stage_recipe(stage(kind="memory", recipe={"memory": memory}), {}, 0)
    assert tokens_of_one(recipe, 2) == (2 * 135, 2 * 30)


def test_a_stage_by_hand():
    plan = plan_of(
        {
            "steps": [stage(selection="strata", measured=5, rollouts=2).model_dump()],
            "training": {"batch": {"prompts": 4}},
        }
    )
    (step,) = plan.stages()
    budget = stage_budget(plan, step)
    assert (budget.read_tokens, budget.drawn_tokens) == (3 * 4 * 100, 3 * 4 * 8 * 10)
    assert (budget.measured, budget.measured_tokens) == (5, 5 * (100 + 2 * 10))
    assert budget.peak_bytes is None, "the plan does not say the model's size"


def test_a_mixture_of_experts_has_the_published_number_of_weights():
    shape = EXPERTS["Qwen3-30B-A3B"]
    assert shape.parameters / 1e9 == pytest.approx(30.5, abs=0.05)
    assert shape.active_parameters / 1e9 == pytest.approx(3.3, abs=0.06)


def test_the_papers_plans_have_their_budgets():
    dense = budgets(load_plan(RECIPES / "qwen3_4b.toml"))
    assert "stage-3           120,000  50,000     40" in dense
    assert dense.count(" GiB") == 5, "the peak of each stage"
    experts = budgets(load_plan(RECIPES / "qwen3_30b_a3b.toml"))
    assert "these stages are for verl" in experts
    assert "57 GiB in bfloat16" in experts


def test_an_unknown_size_is_named():
    with pytest.raises(InputError, match=r"field size: 'Qwen9' is no known model; take one of Qwen3-0.6B"):
        budgets(plan_of({"size": "Qwen9", "steps": [stage().model_dump()]}))
