import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.rl.loss import kl_divergence, policy_loss, token_objective, token_weights

# Two groups. Group a: trajectories of 1 and 3 tokens; group b: of 2 and 2.
MASK = torch.tensor([[1, 0, 0], [1, 1, 1], [1, 1, 0], [1, 1, 0]], dtype=torch.bool)
GROUPS = ["a", "a", "b", "b"]
ADVANTAGES = torch.tensor([1.0, -1.0, 2.0, -2.0])
KEEP = torch.tensor([[1, 1, 1], [0, 1, 1], [1, 1, 1], [0, 0, 1]], dtype=torch.bool)


@pytest.mark.parametrize(
    ("options", "per_row"),
    [
        ({}, [1 / 8, 1 / 8, 1 / 8, 1 / 8]),  # 1/4 of each group's 4 tokens, half for each group
        ({"scope": "batch"}, [1 / 8, 1 / 8, 1 / 8, 1 / 8]),  # 8 tokens
        ({"level": "sequence"}, [1 / 4, 1 / 12, 1 / 8, 1 / 8]),  # 1/2 group * 1/2 trajectory * 1/|y|
        ({"level": "sequence", "scope": "batch"}, [1 / 4, 1 / 12, 1 / 8, 1 / 8]),
    ],
)
def test_tokens_weigh_as_the_equations_say(options: dict[str, Any], per_row: list[float]):
    expected = MASK * torch.tensor(per_row).unsqueeze(-1)
    torch.testing.assert_close(token_weights(MASK, GROUPS, **options), expected)
    masked = token_weights(MASK, GROUPS, keep_RT=KEEP, **options)  # count="all": dropping changes no weight
    torch.testing.assert_close(masked, expected)


def test_a_group_of_many_tokens_weighs_no_more_than_another():
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0]], dtype=torch.bool)
    by_group = token_weights(mask, ["a", "b"])
    assert by_group.sum(-1).tolist() == [0.5, 0.5]
    by_batch = token_weights(mask, ["a", "b"], scope="batch")
    assert by_batch.sum(-1).tolist() == pytest.approx([0.8, 0.2])


def test_kept_tokens_alone_may_be_counted():
    # group a keeps 3 of 4 tokens, group b 2 of 4
    expected = torch.tensor([[1 / 6, 0, 0], [0, 1 / 6, 1 / 6], [1 / 4, 1 / 4, 0], [0, 0, 0]])
    torch.testing.assert_close(token_weights(MASK, GROUPS, keep_RT=KEEP, count="kept"), expected)
    # over the batch, 5 of 8: the effect of the README's code
    expected = torch.tensor([[1 / 5, 0, 0], [0, 1 / 5, 1 / 5], [1 / 5, 1 / 5, 0], [0, 0, 0]])
    torch.testing.assert_close(token_weights(MASK, GROUPS, keep_RT=KEEP, count="kept", scope="batch"), expected)
    # by sequence, the last trajectory is gone whole: group b has one left
    expected = torch.tensor([[1 / 4, 0, 0], [0, 1 / 8, 1 / 8], [1 / 4, 1 / 4, 0], [0, 0, 0]])
    torch.testing.assert_close(token_weights(MASK, GROUPS, keep_RT=KEEP, count="kept", level="sequence"), expected)


@pytest.mark.parametrize("level", ["token", "sequence"])
def test_a_group_masked_whole_gives_nothing_and_still_counts(level: str):
    keep = torch.tensor([[0, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 1]], dtype=torch.bool)
    weights = token_weights(MASK, GROUPS, keep_RT=keep, count="kept", level=level)
    assert weights[:2].sum() == 0
    assert weights[2:].sum() == pytest.approx(0.5)


def test_turns_of_a_trajectory_share_its_weight():
    # trajectory x has turns of 1 and 3 tokens, y one of 2, z one of 2; one group
    options: dict[str, Any] = {"trajectories": ["x", "x", "y", "z"], "level": "sequence"}
    weights = token_weights(MASK, ["g"] * 4, **options)
    assert weights.sum(-1).tolist() == pytest.approx([1 / 12, 3 / 12, 1 / 3, 1 / 3])
    assert token_weights(MASK, ["g"] * 4, trajectories=options["trajectories"])[0, 0] == pytest.approx(1 / 8)


def test_the_loss_on_policy_is_minus_the_weighted_advantage():
    logprobs = torch.full((4, 3), -0.7, requires_grad=True)
    loss = policy_loss(logprobs, ADVANTAGES, MASK, GROUPS)
    # group a: (1*1 - 1*3) / 4, group b: (2*2 - 2*2) / 4; the mean of both, with its sign turned
    assert loss.item() == pytest.approx(0.25)
    loss.backward()
    assert logprobs.grad is not None
    torch.testing.assert_close(logprobs.grad, -(MASK * ADVANTAGES.unsqueeze(-1)) / 8)


def test_the_indicator_drops_a_tokens_gradient_and_keeps_its_place_in_the_sum():
    logprobs = torch.full((4, 3), -0.7, requires_grad=True)
    loss = policy_loss(logprobs, ADVANTAGES, MASK, GROUPS, keep_RT=KEEP)
    assert loss.item() == pytest.approx(-(((1 - 2) / 4) + (4 / 4)) / 2)
    loss.backward()
    assert logprobs.grad is not None
    torch.testing.assert_close(logprobs.grad, -(MASK * KEEP * ADVANTAGES.unsqueeze(-1)) / 8)


def test_the_ratio_is_clipped_on_the_side_that_would_go_too_far():
    old = torch.zeros(4, 1)
    logprobs = torch.tensor([[0.5], [0.5], [-0.5], [-0.5]], requires_grad=True)  # ratios 1.65, 1.65, 0.61, 0.61
    advantages = torch.tensor([1.0, -1.0, 1.0, -1.0])
    mask = torch.ones(4, 1, dtype=torch.bool)
    objective = token_objective(logprobs, advantages, mask, old_logprobs_RT=old, clip=(0.2, 0.3))
    up, down = math.exp(0.5), math.exp(-0.5)
    torch.testing.assert_close(objective.squeeze(), torch.tensor([1.3, -up, down, -0.8]))
    objective.sum().backward()
    assert logprobs.grad is not None
    assert (logprobs.grad.squeeze() != 0).tolist() == [False, True, True, False]


def test_clipping_does_nothing_on_policy():
    logprobs = torch.randn(4, 3)
    plain = policy_loss(logprobs, ADVANTAGES, MASK, GROUPS)
    assert policy_loss(logprobs, ADVANTAGES, MASK, GROUPS, clip=0.2) == plain


def test_rollout_mismatch_is_weighed_and_capped():
    logprobs = torch.zeros(1, 2, requires_grad=True)
    rollout = torch.tensor([[math.log(2.0), -math.log(10.0)]])  # pi_old / pi_rollout: 0.5 and 10
    mask = torch.ones(1, 2, dtype=torch.bool)
    options: dict[str, Any] = {"rollout_logprobs_RT": rollout, "rollout_ratio_cap": 2.0}
    objective = token_objective(logprobs, torch.tensor([1.0]), mask, **options)
    torch.testing.assert_close(objective, torch.tensor([[0.5, 2.0]]))


def test_kl_of_one_token_by_hand():
    logprobs, reference = torch.tensor(math.log(0.5)), torch.tensor(math.log(0.25))
    assert kl_divergence(logprobs, reference, "k1").item() == pytest.approx(math.log(2))
    assert kl_divergence(logprobs, reference, "k2").item() == pytest.approx(math.log(2) ** 2 / 2)
    assert kl_divergence(logprobs, reference, "k3").item() == pytest.approx(0.5 - 1 + math.log(2))


@pytest.mark.parametrize("estimator", ["k1", "k3"])
def test_kl_estimators_are_unbiased(estimator: str):
    policy, reference = torch.randn(2, 50, dtype=torch.float64).log_softmax(-1)
    exact = (policy.exp() * (policy - reference)).sum()
    torch.testing.assert_close((policy.exp() * kl_divergence(policy, reference, estimator)).sum(), exact)


def test_the_penalty_is_the_objectives_and_falls_on_dropped_tokens_too():
    logprobs, reference = torch.full((4, 3), -1.0), torch.full((4, 3), -1.5)
    penalty = 0.1 * (math.exp(-0.5) - 1 + 0.5)
    plain = policy_loss(logprobs, ADVANTAGES, MASK, GROUPS, keep_RT=KEEP)
    options: dict[str, Any] = {"reference_logprobs_RT": reference, "kl_beta": 0.1}
    penalised = policy_loss(logprobs, ADVANTAGES, MASK, GROUPS, keep_RT=KEEP, **options)
    assert (penalised - plain).item() == pytest.approx(penalty, rel=1e-5)


def reckoned(rows: dict[str, Any], level: str, scope: str, count: str) -> float:
    """The objective of Eq. 2, 4 and 8 in plain Python, sum by sum as they are printed."""
    trajectories: dict[Any, list[int]] = {}
    for row, name in enumerate(rows["trajectories"]):
        trajectories.setdefault(name, []).append(row)
    groups: dict[Any, list[Any]] = {}
    for name, members in trajectories.items():
        groups.setdefault(rows["groups"][members[0]] if scope == "group" else "all", []).append(name)
    total = 0.0
    for names in groups.values():
        numerators, lengths = [], []
        for name in names:
            numerator, length = 0.0, 0
            for row in trajectories[name]:
                for t in range(len(rows["mask"][row])):
                    if rows["mask"][row][t]:
                        keep = rows["keep"][row][t]
                        ratio = math.exp(rows["logprobs"][row][t] - rows["old"][row][t])
                        a = rows["advantages"][row]
                        clipped = min(max(ratio, 0.8), 1.2)
                        numerator += min(ratio * a, clipped * a) if keep else 0.0
                        length += 1 if keep or count == "all" else 0
            numerators.append(numerator)
            lengths.append(length)
        if level == "token":
            total += sum(numerators) / sum(lengths) if sum(lengths) else 0.0
        else:
            present = sum(1 for length in lengths if length) if count == "kept" else len(lengths)
            terms = [n / length for n, length in zip(numerators, lengths, strict=True) if length]
            total += sum(terms) / present if present else 0.0
    return -total / len(groups)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 6),
    st.integers(1, 4),
    st.sampled_from(["token", "sequence"]),
    st.sampled_from(["group", "batch"]),
    st.sampled_from(["all", "kept"]),
    st.integers(0, 2**31),
)
def test_against_the_printed_sums_in_float64(rows: int, length: int, level: str, scope: str, count: str, seed: int):
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    trajectories = torch.randint(0, 4, (rows,), generator=generator).tolist()
    values = {
        "logprobs": -uniform(rows, length),
        "old": -uniform(rows, length),
        "advantages": uniform(rows) - 0.5,
        "mask": uniform(rows, length) < 0.7,
        "keep": uniform(rows, length) < 0.6,
    }
    plain = {name: tensor.tolist() for name, tensor in values.items()}
    groups = [trajectory % 2 for trajectory in trajectories]
    loss = policy_loss(
        values["logprobs"],
        values["advantages"],
        values["mask"],
        groups,
        keep_RT=values["keep"],
        trajectories=trajectories,
        level=level,
        scope=scope,
        count=count,
        old_logprobs_RT=values["old"],
        clip=0.2,
    )
    expected = reckoned({**plain, "groups": groups, "trajectories": trajectories}, level, scope, count)
    assert loss.item() == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("options", [{}, {"clip": 0.2}, {"kl_beta": 0.3}, {"kl_beta": 0.3, "kl_estimator": "k2"}])
def test_the_gradient_is_the_derivative(options: dict[str, Any]):
    torch.manual_seed(0)
    logprobs = (-torch.rand(4, 3, dtype=torch.float64)).requires_grad_()
    old, reference = -torch.rand(4, 3, dtype=torch.float64), -torch.rand(4, 3, dtype=torch.float64)

    def loss(values: torch.Tensor) -> torch.Tensor:
        return policy_loss(
            values,
            ADVANTAGES.double(),
            MASK,
            GROUPS,
            keep_RT=KEEP,
            old_logprobs_RT=old,
            reference_logprobs_RT=reference,
            **options,
        )

    assert torch.autograd.gradcheck(loss, (logprobs,))


def test_micro_batches_add_up_to_the_batch():
    logprobs = torch.randn(4, 3)
    weights = token_weights(MASK, GROUPS)
    parts = [token_objective(logprobs[i : i + 1], ADVANTAGES[i : i + 1], MASK[i : i + 1]) for i in range(4)]
    total = -sum((weights[i] * part).sum() for i, part in enumerate(parts))
    torch.testing.assert_close(total, policy_loss(logprobs, ADVANTAGES, MASK, GROUPS))


def test_what_stands_outside_the_mask_does_not_matter():
    logprobs = torch.full((4, 3), -0.7)
    plain = policy_loss(logprobs, ADVANTAGES, MASK, GROUPS)
    dirty = torch.where(MASK, logprobs, float("nan")).requires_grad_()
    loss = policy_loss(dirty, ADVANTAGES, MASK, GROUPS, old_logprobs_RT=torch.where(MASK, logprobs, -torch.inf))
    loss.backward()
    assert loss == plain
    assert dirty.grad is not None
    assert bool(torch.isfinite(dirty.grad).all())
    assert dirty.grad[~MASK].abs().sum() == 0


def test_an_empty_response_gives_nothing():
    mask = torch.tensor([[1, 1], [0, 0]], dtype=torch.bool)
    for level in ("token", "sequence"):
        weights = token_weights(mask, ["a", "a"], level=level)
        assert weights[1].sum() == 0
        assert bool(torch.isfinite(weights).all())
    assert token_weights(~mask[:1], ["a"]).sum() == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS, level="word"), "unknown level 'word'; known: token, seq"),
        (lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS, scope="x"), "unknown scope 'x'; known: group, batch"),
        (lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS, count="x"), "unknown count 'x'; known: all, kept"),
        (lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS[:3]), "groups has 3 entries for 4 rows"),
        (lambda lp: policy_loss(lp, ADVANTAGES[:3], MASK, GROUPS), r"advantages_R has shape \(3,\), expected \(4,\)"),
        (lambda lp: policy_loss(lp[:, :2], ADVANTAGES, MASK, GROUPS), r"logprobs_RT has shape \(4, 2\)"),
        (lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS, keep_RT=KEEP[:2]), r"keep_RT has shape"),
        (lambda lp: policy_loss(lp / 0, ADVANTAGES, MASK, GROUPS), r"logprobs_RT\[0, 0\] is -inf"),
        (lambda lp: policy_loss(lp, ADVANTAGES / 0, MASK, GROUPS), r"advantages_R\[0\] is inf"),
        (lambda lp: policy_loss(lp[:0], ADVANTAGES[:0], MASK[:0], []), "loss_mask_RT is empty"),
        (lambda lp: policy_loss(lp[0], ADVANTAGES, MASK[0], GROUPS), r"loss_mask_RT has shape \(3,\)"),
        (lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS, clip=-0.1), "clip is -0.1"),
        (lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS, kl_beta=0.1), "no reference_logprobs_RT"),
        (lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS, kl_beta=-1), "kl_beta is -1"),
        (lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS, rollout_ratio_cap=2.0), "must stand together"),
        (lambda lp: kl_divergence(lp, lp, "k4"), "unknown estimator 'k4'; known: k1, k2, k3"),
        (
            lambda lp: policy_loss(lp, ADVANTAGES, MASK, GROUPS, trajectories=[1, 2, 2, 3], level="sequence"),
            "trajectory 2 stands in two groups",
        ),
    ],
)
def test_bad_input_is_named(call: Callable[[torch.Tensor], torch.Tensor], message: str):
    with pytest.raises(ValueError, match=message):
        call(torch.full((4, 3), -0.5))
