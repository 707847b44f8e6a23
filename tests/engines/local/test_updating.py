"""Optimizer steps: against a step written out by hand in float64, and what happens where nothing can be learnt.

Shapes: R rows, T response positions, L positions of a row, V vocabulary.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from longstride.engines.local.optimizers import Optimizer, OptimizerSettings, make_optimizer
from longstride.engines.local.policy import Policy, policy_of
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.step import lay_out, make_controller, plan_step
from longstride.engines.local.updating import NO_SIGNAL, Step, take_steps, with_scores
from longstride.records import Trajectory, TrajectoryGroup, Turn
from longstride.rl import KeepAll, policy_loss

TEMPERATURE, LR, MAX_NORM = 0.7, 1e-3, 0.5


def recipe_of(**tables: Any) -> Recipe:
    base = {"model": {"path": "m"}, "data": {"folders": ["d"]}, "optimizer": {"max_grad_norm": MAX_NORM}}
    return Recipe.model_validate({**base, **tables})


@pytest.fixture
def make_policy(tiny_model_folder: Path) -> Callable[[], Policy]:
    def make() -> Policy:
        model = AutoModelForCausalLM.from_pretrained(tiny_model_folder, dtype=torch.float64)
        return policy_of(model, AutoTokenizer.from_pretrained(tiny_model_folder))

    return make


def turn(prompt: Sequence[int], response: Sequence[int]) -> Turn:
    return Turn(tuple(prompt), tuple(response))


def group(name: str, rewards: Sequence[float], turns: Sequence[tuple[Turn, ...]]) -> TrajectoryGroup:
    trajectories = tuple(
        Trajectory(each, reward, "multi_hop", name, index)
        for index, (each, reward) in enumerate(zip(turns, rewards, strict=True))
    )
    return TrajectoryGroup(name, name, "multi_hop", trajectories)


def two_groups(rewards: Sequence[float] = (1.0, 0.0, 0.5)) -> list[TrajectoryGroup]:
    """One of full context, one whose trajectories have two turns with different prompts."""
    first, second = (1, 4, 5, 6, 10, 7), (1, 4, 5, 6, 11)
    return [
        group("a", rewards, [(turn(first, response),) for response in ((8, 2), (9, 9, 3), (12,))]),
        group(
            "b",
            rewards,
            [
                (turn(second, (8,)), turn((*second, 8, 7), (8, 2))),
                (turn(second, (9, 2)), turn((*second, 9, 7), (9, 9, 9))),
                (turn(second, (10, 11)), turn((*second, 10, 7), ())),
            ],
        ),
    ]


def logits_of(model: Any, ids: Sequence[int]) -> Tensor:
    return model(torch.tensor([ids])).logits[0]  # [L, V]


def by_hand(folder: Path, groups: Sequence[TrajectoryGroup], advantages: Sequence[float]) -> dict[str, Tensor]:
    """The step with plain transformers: a forward pass for each turn, autograd of the loss, clipping, AdamW."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager")
    turns = [turn for group in groups for trajectory in group.trajectories for turn in trajectory.turns]
    of_turn = [place for group in groups for place, each in enumerate(group.trajectories) for _ in each.turns]
    of_group = [group.id for group in groups for each in group.trajectories for _ in each.turns]
    width = max(len(turn.response_ids) for turn in turns)
    rows, mask_RT = [], torch.zeros(len(turns), width, dtype=torch.bool)
    for row, each in enumerate(turns):
        ids, start = [*each.prompt_ids, *each.response_ids], len(each.prompt_ids) - 1
        logprobs_LV = (logits_of(model, ids) / TEMPERATURE).log_softmax(-1)
        chosen = [logprobs_LV[start + place, token] for place, token in enumerate(each.response_ids)]
        rows.append(torch.stack([*chosen, *[torch.zeros((), dtype=torch.float64)] * (width - len(chosen))]))
        mask_RT[row, : len(chosen)] = True
    advantages_R = torch.tensor([advantages[place] for place in of_turn], dtype=torch.float64)
    loss = policy_loss(torch.stack(rows), advantages_R, mask_RT, of_group)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, betas=(0.9, 0.999), weight_decay=0.0)
    optimizer.step()
    return {"norm": norm.detach()} | {name: each.detach() for name, each in model.named_parameters()}


def planned(policy: Policy, groups: Sequence[TrajectoryGroup], recipe: Recipe) -> Any:
    return plan_step(lay_out(with_scores(policy, groups, TEMPERATURE)), recipe, KeepAll())


def optimizer_of(policy: Policy) -> Optimizer:
    return make_optimizer(policy.trainable, OptimizerSettings())


def weights(policy: Policy) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in policy.trainable.items()}


def test_a_step_is_that_of_the_formula_written_out(make_policy: Callable[[], Policy], tiny_model_folder: Path):
    """Float64, several turns, two groups: the weights after clipping and AdamW."""
    groups, policy = two_groups(), make_policy()
    advantages = [0.5 / 0.2**0.5, -0.5 / 0.2**0.5, 0.0]  # the sample variance of 1, 0, 0.5, 1, 0, 0.5 is 0.2
    expected = by_hand(tiny_model_folder, groups, advantages)
    plan = planned(policy, groups, recipe_of())
    assert plan.advantages_B.tolist() == pytest.approx(advantages * 2)
    before = weights(policy)
    (step,) = take_steps(policy, optimizer_of(policy), plan, recipe_of(), LR)
    assert step.gradient_norm == pytest.approx(float(expected["norm"]), rel=1e-5)
    assert step.left_out == ""
    moved = 0.0
    for name, weight in policy.trainable.items():
        torch.testing.assert_close(weight.detach(), expected[name], rtol=0, atol=LR * 1e-3)
        moved = max(moved, float((weight.detach() - before[name]).abs().max()))
    assert moved == pytest.approx(LR, rel=0.05), "AdamW's first step moves by its rate: the comparison can fail"
    assert step.mismatch_max < 1e-6
    assert step.scored_tokens == (2 + 3) + (1 + 2) + (2 + 3), "rows of advantage 0 are not forwarded"


def test_the_general_form_takes_the_same_step(make_policy: Callable[[], Policy]):
    """A cap on importance weights that are all 1 changes nothing, and goes another way through the engine."""
    stepped = []
    for loss in ({}, {"rollout_ratio_cap": 5.0}):
        policy, recipe = make_policy(), recipe_of(loss=loss)
        take_steps(policy, optimizer_of(policy), planned(policy, two_groups(), recipe), recipe, LR)
        stepped.append(weights(policy))
    for name, weight in stepped[0].items():
        torch.testing.assert_close(weight, stepped[1][name], rtol=0, atol=LR * 1e-2)


def test_gradients_by_sign_add_up_and_change_nothing(make_policy: Callable[[], Policy]):
    results = []
    for by_sign in (False, True):
        policy, recipe = make_policy(), recipe_of()
        plan = planned(policy, two_groups(), recipe)
        (step,) = take_steps(policy, optimizer_of(policy), plan, recipe, LR, by_sign=by_sign)
        results.append((step, weights(policy)))
    (plain, plain_weights), (parted, parted_weights) = results
    assert plain.positive_norm is None
    assert parted.gradient_norm == pytest.approx(plain.gradient_norm, rel=1e-6)
    positive, negative = parted.positive_norm or 0.0, parted.negative_norm or 0.0
    assert abs(positive - negative) <= (parted.gradient_norm or 0.0) <= positive + negative
    assert min(positive, negative) > 0
    for name, weight in plain_weights.items():
        torch.testing.assert_close(weight, parted_weights[name], rtol=0, atol=LR * 1e-3)
    policy, recipe = make_policy(), recipe_of(aepo={"controller": "positives_only"})
    scored = with_scores(policy, two_groups(), TEMPERATURE)
    plan = plan_step(lay_out(scored), recipe, make_controller(recipe.aepo, 1.0))
    (step,) = take_steps(policy, optimizer_of(policy), plan, recipe, LR, by_sign=True)
    assert step.negative_norm == 0.0
    assert step.positive_norm == pytest.approx(step.gradient_norm)


@pytest.mark.parametrize("why", ["equal rewards", "all masked"])
def test_without_a_signal_the_weights_and_the_momentum_stay(make_policy: Callable[[], Policy], why: str):
    policy = make_policy()
    optimizer = optimizer_of(policy)
    take_steps(policy, optimizer, planned(policy, two_groups(), recipe_of()), recipe_of(), LR)
    before, moments = weights(policy), {k: v.clone() for k, v in optimizer.state_dict().tensors.items()}
    if why == "equal rewards":
        recipe, rewards = recipe_of(), (0.5, 0.5, 0.5)
    else:  # the authors' rule keeps A > 0 with reward > 0 only
        recipe, rewards = recipe_of(aepo={"controller": "readme", "low": 0.0, "high": 50.0}), (0.0, -1.0, 0.0)
    scored = with_scores(policy, two_groups(rewards), TEMPERATURE)
    plan = plan_step(lay_out(scored), recipe, make_controller(recipe.aepo, 1.0))
    assert take_steps(policy, optimizer, plan, recipe, LR, by_sign=True) == [Step(left_out=NO_SIGNAL)]
    assert all(torch.equal(before[name], weight) for name, weight in weights(policy).items())
    assert all(torch.equal(moments[name], each) for name, each in optimizer.state_dict().tensors.items())


def test_a_gradient_that_is_not_finite_leaves_the_weights(make_policy: Callable[[], Policy]):
    policy = make_policy()
    optimizer, plan = optimizer_of(policy), planned(policy, two_groups(), recipe_of())
    last = list(policy.trainable.values())[-1]
    hook = last.register_hook(lambda gradient: gradient * math.nan)
    before = weights(policy)
    (step,) = take_steps(policy, optimizer, plan, recipe_of(), LR)
    assert step.not_finite
    assert step.left_out == "the gradient's norm is nan"
    assert all(torch.equal(before[name], weight) for name, weight in weights(policy).items())
    hook.remove()
    (step,) = take_steps(policy, optimizer, plan, recipe_of(), LR)
    assert not step.left_out, "the next step is as good as any"


def test_hidden_states_that_are_not_finite_leave_the_weights_too(make_policy: Callable[[], Policy]):
    policy = make_policy()
    plan = planned(policy, two_groups(), recipe_of())
    with torch.no_grad():
        list(policy.trainable.values())[1][0, 0] = math.nan
    (step,) = take_steps(policy, optimizer_of(policy), plan, recipe_of(), LR)
    assert step.not_finite
    assert "not finite" in step.left_out


def test_an_error_of_ours_is_not_taken_for_numbers(make_policy: Callable[[], Policy]):
    policy = make_policy()
    plan = planned(policy, two_groups(), recipe_of())
    with pytest.raises(ValueError, match="form"):
        take_steps(policy, optimizer_of(policy), plan, _with_form(recipe_of(), "sideways"), LR)


def _with_form(recipe: Recipe, form: str) -> Recipe:
    return recipe.model_copy(update={"update": recipe.update.model_copy(update={"form": form})})


def test_two_updates_of_a_batch_are_two_steps_and_the_second_is_clipped_against_the_rollout(
    make_policy: Callable[[], Policy],
):
    policy = make_policy()
    recipe = recipe_of(batch={"updates": 2, "prompts": 2}, loss={"clip": 0.2, "rollout_ratio_cap": 2.0})
    optimizer = optimizer_of(policy)
    first, second = take_steps(policy, optimizer, planned(policy, two_groups(), recipe), recipe, 0.05)
    assert not first.left_out
    assert not second.left_out
    assert first.mismatch_max < 1e-6
    assert second.mismatch_max > 1e-3, "the first step has moved the policy"


def test_the_penalty_pulls_back_to_the_reference_even_where_rewards_are_equal(make_policy: Callable[[], Policy]):
    policy, reference = make_policy(), make_policy()
    recipe = recipe_of(loss={"kl_beta": 1.0})
    groups = two_groups((0.5, 0.5, 0.5))
    plan = planned(policy, groups, recipe)
    (step,) = take_steps(policy, optimizer_of(policy), plan, recipe, LR, reference=reference)
    assert step.gradient_norm == pytest.approx(0.0, abs=1e-6), "at the reference the penalty is flat"
    with torch.no_grad():
        for weight in policy.trainable.values():
            weight.add_(
                0.05 * torch.randn(weight.shape, dtype=weight.dtype, generator=torch.Generator().manual_seed(0))
            )
    (step,) = take_steps(policy, optimizer_of(policy), plan, recipe, LR, reference=reference)
    assert (step.gradient_norm or 0.0) > 1e-3


def test_scores_that_the_rollout_lacks_are_filled_in_and_others_kept(make_policy: Callable[[], Policy]):
    policy = make_policy()
    groups = two_groups()
    told = replace(groups[0].trajectories[0].turns[0], logprobs=(-9.0, -9.0), entropies=(1.0, 1.0))
    half = replace(groups[0].trajectories[1].turns[0], logprobs=(-9.0, -9.0, -9.0))
    trajectories = (
        replace(groups[0].trajectories[0], turns=(told,)),
        replace(groups[0].trajectories[1], turns=(half,)),
        groups[0].trajectories[2],
    )
    filled, several = with_scores(policy, [replace(groups[0], trajectories=trajectories), groups[1]], TEMPERATURE)
    assert filled.trajectories[0].turns[0] is told
    assert filled.trajectories[1].turns[0].logprobs == (-9.0, -9.0, -9.0)
    assert len(filled.trajectories[1].turns[0].entropies or ()) == 3
    for trajectory in (filled.trajectories[2], *several.trajectories):
        for each in trajectory.turns:
            ids, start = [*each.prompt_ids, *each.response_ids], len(each.prompt_ids) - 1
            plain = AutoModelForCausalLM.from_config(policy.model.config, attn_implementation="eager").double()
            plain.load_state_dict(policy.model.state_dict())
            with torch.no_grad():
                logprobs_LV = (logits_of(plain, ids) / TEMPERATURE).log_softmax(-1)
            expected = [float(logprobs_LV[start + place, token]) for place, token in enumerate(each.response_ids)]
            assert each.logprobs == pytest.approx(expected, abs=1e-6)
            entropies = -(logprobs_LV.exp() * logprobs_LV).sum(-1)[start : start + len(each.response_ids)]
            assert each.entropies == pytest.approx(entropies.tolist(), abs=1e-6)
