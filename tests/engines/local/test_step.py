"""One step as data: the order of its parts, and token gradients against autograd of the loss itself."""

import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from longstride.engines.local.recipe import Recipe
from longstride.engines.local.step import (
    clipping_threshold,
    known_beforehand,
    lay_out,
    make_controller,
    objective_gradients,
    on_policy_gradients,
    plan_step,
)
from longstride.records import Trajectory, TrajectoryGroup, Turn
from longstride.rl import EntropyLatch, KeepAll, negative_clipping, policy_loss


def recipe_of(**tables: Any) -> Recipe:
    return Recipe.model_validate({"model": {"path": "m"}, "data": {"folders": ["d"]}, **tables})


def turn(length: int, entropy: float = 1.0, draw: random.Random | None = None) -> Turn:
    draw = draw or random.Random(0)
    return Turn(
        prompt_ids=(1, 2),
        response_ids=tuple(range(length)),
        logprobs=tuple(-draw.random() for _ in range(length)),
        entropies=(entropy,) * length,
    )


def group_of(
    name: str,
    rewards: Sequence[float],
    turns: Sequence[tuple[Turn, ...]] | None = None,
    task: str = "multi_hop",
) -> TrajectoryGroup:
    """Trajectories with these rewards; `turns` holds the turns of each, one of two tokens unless said."""
    turns = turns or [(turn(2),)] * len(rewards)
    trajectories = tuple(
        Trajectory(turns=each, reward=reward, task=task, group_id=name, rollout_index=index)
        for index, (reward, each) in enumerate(zip(rewards, turns, strict=True))
    )
    return TrajectoryGroup(name, name, task, trajectories)


def several_turns(seed: int = 1) -> list[TrajectoryGroup]:
    """Three groups of two tasks whose trajectories have one to three turns of 0 to 5 tokens."""
    draw = random.Random(seed)
    groups = []
    for place, task in enumerate(("multi_hop", "numerical", "multi_hop")):
        turns = []
        for _ in range(4):
            lengths = [draw.randrange(1, 6), *(draw.randrange(0, 6) for _ in range(draw.randrange(0, 3)))]
            turns.append(tuple(turn(length, draw.random(), draw) for length in lengths))
        groups.append(group_of(f"g{place}", [draw.choice([0.0, 0.5, 1.0]) for _ in range(3)] + [0.25], turns, task))
    return groups


def test_advantages_are_of_the_task_and_reach_every_turn():
    groups = [
        group_of("a", [1.0, 0.0], [(turn(2), turn(1)), (turn(2),)]),
        group_of("b", [1.0, 1.0]),
        group_of("c", [0.2, 0.8], task="numerical"),
    ]
    plan = plan_step(lay_out(groups), recipe_of(), KeepAll())
    assert plan.advantages_B.tolist() == pytest.approx([1.0, -1.0, 0.0, 0.0, -0.7071, 0.7071], abs=1e-4)
    assert plan.advantages_R.tolist() == pytest.approx([1.0, 1.0, -1.0, 0.0, 0.0, -0.7071, 0.7071], abs=1e-4)
    assert plan.batch.group_R == (0, 0, 0, 1, 1, 2, 2)
    assert plan.learns_R.tolist() == [True, True, True, False, False, True, True]


def test_entropy_of_the_batch_counts_a_trajectory_once_and_the_token_mean_counts_tokens():
    groups = [group_of("a", [1.0, 0.0], [(turn(1, 3.0), turn(1, 1.0)), (turn(6, 0.5),)])]
    plan = plan_step(lay_out(groups), recipe_of(), KeepAll())
    assert plan.batch_entropy == pytest.approx((2.0 + 0.5) / 2)
    assert plan.token_entropy == pytest.approx((3.0 + 1.0 + 6 * 0.5) / 8)


def test_the_controller_rules_on_the_batch_whose_entropy_it_reads():
    latch = EntropyLatch(low=0.2, high=0.8)
    plan = plan_step(lay_out([group_of("a", [1.0, 0.0, 0.0])]), recipe_of(), latch)
    assert plan.batch_entropy == pytest.approx(1.0)
    assert plan.keep_B.tolist() == [True, False, False]
    assert plan.kept_share == pytest.approx(1 / 3)
    assert plan.rows(0) == [0]
    assert not latch.keep_negatives


def test_weights_of_eq_8_keep_masked_tokens_in_the_denominator_and_the_variant_does_not():
    groups = [group_of("a", [1.0, 0.0], [(turn(2),), (turn(6),)])]
    latch = {"controller": "latch", "low": 0.1, "high": 0.5}
    for count, expected in (("all", 1 / 8), ("kept", 1 / 2)):
        recipe = recipe_of(aepo=latch, loss={"count": count})
        plan = plan_step(lay_out(groups), recipe, make_controller(recipe.aepo, 1.0))
        gradients = on_policy_gradients(plan, plan.rows(0))
        assert len(gradients) == 1
        assert gradients[0].tolist() == pytest.approx([-expected * 0.7071] * 2, abs=1e-4)


def test_negative_clipping_drops_the_tokens_of_wrong_responses_that_are_beyond_the_threshold():
    sure, unsure = turn(2, 0.1), turn(2, 2.0)
    groups = [group_of("a", [1.0, 0.0, 0.0], [(unsure,), (sure,), (unsure,)])]
    recipe = recipe_of(negative_clipping={"tokens": "high_sequence", "threshold": 0.5, "unit": "start"})
    threshold = clipping_threshold(recipe.negative_clipping, 2.0)
    assert threshold == 1.0
    plan = plan_step(lay_out(groups), recipe, KeepAll(), threshold)
    assert plan.keep_RT.all(-1).tolist() == [True, True, False]


CASES = list(itertools.product(("token", "sequence"), ("group", "batch"), ("all", "kept")))


@pytest.mark.parametrize(("level", "scope", "count"), CASES)
def test_on_policy_gradients_are_those_of_the_loss(level: str, scope: str, count: str):
    """Autograd of `policy_loss` in float64, over trajectories of several turns, some of them empty."""
    clip = {"tokens": "high_token", "threshold": 0.7}
    recipe = recipe_of(loss={"level": level, "scope": scope, "count": count}, negative_clipping=clip)
    batch = lay_out(several_turns())
    plan = plan_step(batch, recipe, KeepAll(), 0.7)
    logprobs_RT = batch.logprobs_RT.double().requires_grad_()
    loss = policy_loss(
        logprobs_RT,
        plan.advantages_R.double(),
        batch.mask_RT,
        torch.tensor(batch.group_R),
        keep_RT=negative_clipping(
            plan.advantages_R, batch.entropy_RT, batch.mask_RT, threshold=0.7, level="token", side="high"
        ),
        trajectories=torch.tensor(batch.trajectory_R),
        level=level,
        scope=scope,
        count=count,
    )
    (expected_RT,) = torch.autograd.grad(loss, logprobs_RT)
    rows = range(len(batch.turns))
    for row, gradient in zip(rows, on_policy_gradients(plan, rows), strict=True):
        expected = expected_RT[row][batch.mask_RT[row]]
        torch.testing.assert_close(gradient.double(), expected, rtol=1e-5, atol=1e-9)
    learning = set(plan.rows(0))
    assert all(float(expected_RT[row].abs().sum()) == 0 for row in rows if row not in learning)
    assert any(float(expected_RT[row].abs().sum()) > 0 for row in learning)


def test_the_general_form_gives_the_same_gradients_when_nothing_is_off_policy():
    recipe = recipe_of()
    plan = plan_step(lay_out(several_turns()), recipe, KeepAll())
    rows = plan.rows(0)
    current = [torch.tensor(plan.batch.turns[row].logprobs) for row in rows]
    gradients, loss = objective_gradients(plan, rows, current, recipe.loss)
    for general, known in zip(gradients, on_policy_gradients(plan, rows), strict=True):
        torch.testing.assert_close(general, known)
    expected = -(plan.weights_RT * plan.advantages_R.unsqueeze(-1) * plan.keep_RT).sum()
    assert loss == pytest.approx(float(expected), abs=1e-6)


def test_clipping_the_penalty_and_importance_weights_reach_the_gradients():
    """One token each, by hand: ratio 2 is clipped for A > 0; the penalty pulls; weights are cut at the cap."""
    groups = [group_of("a", [1.0, 0.0], [(turn(1),), (turn(1),)])]
    rows, half = [0, 1], torch.tensor([-0.5])
    old = [half - torch.tensor([2.0]).log(), half]
    clipped = recipe_of(loss={"clip": 0.2}, batch={"updates": 2, "prompts": 2})
    plan = plan_step(lay_out(groups), clipped, KeepAll())
    first, second = objective_gradients(plan, rows, [half, half], clipped.loss, old_logprobs=old)[0]
    assert first.tolist() == [0.0]
    assert second.tolist() == pytest.approx([0.5 * 0.7071], abs=1e-4)

    tied = recipe_of(loss={"kl_beta": 0.1, "kl_estimator": "k2"})
    plan = plan_step(lay_out([group_of("a", [1.0, 1.0], [(turn(1),), (turn(1),)])]), tied, KeepAll())
    assert plan.rows(0) == [0, 1], "equal rewards still learn from the penalty"
    reference = [half - 1.0, half]
    first, second = objective_gradients(plan, rows, [half, half], tied.loss, reference_logprobs=reference)[0]
    assert (first.tolist(), second.tolist()) == (pytest.approx([0.1 * 1.0 / 2]), pytest.approx([0.0]))

    capped = recipe_of(loss={"rollout_ratio_cap": 1.5})
    plan = plan_step(lay_out(groups), capped, KeepAll())
    rollout = [torch.tensor(each.logprobs) for each in plan.batch.turns]
    current = [rollout[0] + torch.tensor([3.0]).log(), rollout[1] + torch.tensor([0.5]).log()]
    first, second = objective_gradients(plan, rows, current, capped.loss)[0]
    assert first.tolist() == pytest.approx([-0.5 * 0.7071 * 1.5], abs=1e-4)
    assert second.tolist() == pytest.approx([0.5 * 0.7071 * 0.5], abs=1e-4)


def test_only_a_strictly_on_policy_loss_is_known_beforehand():
    assert known_beforehand(recipe_of())
    assert not known_beforehand(recipe_of(loss={"kl_beta": 0.1}))
    assert not known_beforehand(recipe_of(loss={"rollout_ratio_cap": 2.0}))
    assert not known_beforehand(recipe_of(batch={"updates": 2}))


def test_several_updates_share_the_batch_by_whole_groups_and_each_takes_its_own_mean():
    groups = [group_of(f"g{place}", [1.0, 0.0]) for place in range(5)]
    plan = plan_step(lay_out(groups), recipe_of(batch={"updates": 2}), KeepAll())
    assert [plan.rows(0), plan.rows(1)] == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]
    assert plan.weights_RT[0].tolist() == pytest.approx([1 / 12] * 2)
    assert plan.weights_RT[9].tolist() == pytest.approx([1 / 8] * 2)


def test_rows_part_by_the_sign_of_their_advantage():
    plan = plan_step(lay_out([group_of("a", [1.0, 0.0, 1.0])]), recipe_of(), KeepAll())
    assert (plan.rows(0, 1), plan.rows(0, -1), plan.rows(0)) == ([0, 2], [1], [0, 1, 2])


def test_a_batch_that_says_nothing_teaches_nothing():
    plan = plan_step(lay_out([group_of("a", [1.0, 0.0], [(turn(0),), (turn(0),)])]), recipe_of(), KeepAll())
    assert (plan.rows(0), plan.batch_entropy, plan.kept_share) == ([], 0.0, 0.0)


def test_thresholds_may_be_shares_of_the_first_batch_entropy():
    latch = make_controller(recipe_of(aepo={"controller": "latch", "low": 0.5, "high": 1.5, "unit": "start"}).aepo, 0.4)
    assert isinstance(latch, EntropyLatch)
    assert (latch.low, latch.high) == (pytest.approx(0.2), pytest.approx(0.6))


def test_what_cannot_be_laid_out_is_refused():
    with pytest.raises(ValueError, match="no groups"):
        lay_out([])
    with pytest.raises(ValueError, match="same id"):
        lay_out([group_of("a", [1.0]), group_of("a", [1.0])])
    with pytest.raises(ValueError, match="no log-probs or no entropies"):
        lay_out([group_of("a", [1.0], [(Turn(prompt_ids=(1,), response_ids=(1,)),)])])
