"""The policy-gradient loss (paper Eq. 1, 2, 4, 8).

Three plain steps, so that an engine can take the weights of a whole batch first and then the loss of one micro-batch
after the other: `token_weights` (how much each token counts), `token_objective` (what it says), and their sum.

Shapes: R rows (one a turn; a trajectory has one or several), T response positions of the longest row.
"""

from __future__ import annotations

from collections.abc import Hashable

import torch
from torch import Tensor

from longstride.errors import unknown_name
from longstride.rl.groups import Labels, check_finite, check_labels, check_shape, label_indices, mean_by, sum_by

LEVELS = ("token", "sequence")
SCOPES = ("group", "batch")
COUNTS = ("all", "kept")
KL_ESTIMATORS = ("k1", "k2", "k3")


def policy_loss(
    logprobs_RT: Tensor,
    advantages_R: Tensor,
    loss_mask_RT: Tensor,
    groups: Labels,
    *,
    keep_RT: Tensor | None = None,
    trajectories: Labels | None = None,
    level: str = "token",  # paper 2.2, after DAPO
    scope: str = "group",  # paper Eq. 4
    count: str = "all",  # paper Eq. 8
    old_logprobs_RT: Tensor | None = None,
    clip: float | tuple[float, float] | None = None,
    reference_logprobs_RT: Tensor | None = None,
    kl_beta: float = 0.0,  # paper 2.2
    kl_estimator: str = "k3",
    rollout_logprobs_RT: Tensor | None = None,
    rollout_ratio_cap: float | None = None,
) -> Tensor:
    """The loss to minimise, a scalar: minus the objective of Eq. 4, or of Eq. 2, with the indicator of Eq. 8.

    logprobs_RT: of the response tokens under the policy that learns, from the full softmax at the sampling
        temperature, in nats; carries the gradient. Positions outside `loss_mask_RT` may hold anything.
    advantages_R: each row's; `broadcast_to_turns` gives a trajectory's to its turns.
    loss_mask_RT: true at the response tokens.
    groups: the group of each row.
    keep_RT: the indicator I(t, i) of Eq. 8; None keeps every token.
    trajectories: the trajectory of each row, where some have several turns; only `level="sequence"` asks.
    level, scope, count: how tokens are averaged; see `token_weights`.
    old_logprobs_RT: of the policy that sampled. None says strictly on-policy: the ratio is 1, its gradient is kept.
    clip: epsilon, or (low, high): the ratio is clipped to 1 - low .. 1 + high (Eq. 2). None does not clip.
    reference_logprobs_RT, kl_beta, kl_estimator: the penalty of Eq. 1-2; see `kl_divergence`.
    rollout_logprobs_RT, rollout_ratio_cap: truncated importance sampling: the token's term is weighed by
        min(pi_old / pi_rollout, cap), where the rollout engine's own numbers differ from the trainer's.

    Raises ValueError for an empty batch, shapes and lengths that do not agree, NaN or infinite values at response
    tokens, unknown names, and options that lack their partner.
    """
    weights_RT = token_weights(
        loss_mask_RT, groups, keep_RT=keep_RT, trajectories=trajectories, level=level, scope=scope, count=count
    )
    objective_RT = token_objective(
        logprobs_RT,
        advantages_R,
        loss_mask_RT,
        keep_RT=keep_RT,
        old_logprobs_RT=old_logprobs_RT,
        clip=clip,
        reference_logprobs_RT=reference_logprobs_RT,
        kl_beta=kl_beta,
        kl_estimator=kl_estimator,
        rollout_logprobs_RT=rollout_logprobs_RT,
        rollout_ratio_cap=rollout_ratio_cap,
    )
    return -(weights_RT.to(objective_RT.dtype) * objective_RT).sum()


def token_weights(
    loss_mask_RT: Tensor,
    groups: Labels,
    *,
    keep_RT: Tensor | None = None,
    trajectories: Labels | None = None,
    level: str = "token",
    scope: str = "group",
    count: str = "all",
) -> Tensor:
    """[R, T] float32: what each token weighs in the batch's objective; 0 outside the mask.

    level "token" (Eq. 4): all tokens of the scope weigh the same: 1 / its tokens, over all turns.
    level "sequence" (Eq. 2): all trajectories of the scope weigh the same: 1 / (its trajectories * |y_i|).
    scope "group": each group is averaged, then the groups, equally. "batch": one average over the batch.
    count "all": masked tokens stay in the sums that divide, so that masking makes the step smaller. "kept": they
        leave them, and so does, in "sequence", a trajectory of which nothing is kept. A group of which nothing is
        kept gives 0 and still counts among the groups.
    """
    _check_names(level, scope, count)
    mask_RT = _checked_mask(loss_mask_RT)
    rows = len(mask_RT)
    check_labels("groups", groups, rows, "rows")
    if keep_RT is not None:
        check_shape("keep_RT", keep_RT, mask_RT.shape)
    counted_RT = mask_RT & keep_RT.bool() if keep_RT is not None and count == "kept" else mask_RT
    tokens_R = counted_RT.sum(-1).to(torch.float64)
    group_R, names = label_indices(groups, mask_RT.device)
    scope_R = group_R if scope == "group" else torch.zeros_like(group_R)
    scopes = len(names) if scope == "group" else 1
    if level == "token":
        share_R = _inverse(sum_by(tokens_R, scope_R, scopes))[scope_R]
    else:
        trajectory_R, ids = _trajectory_indices(trajectories, groups, group_R)
        length_I = sum_by(tokens_R, trajectory_R, len(ids))
        scope_I = mean_by(scope_R.to(torch.float64), trajectory_R, len(ids)).long()
        present_I = (length_I > 0).to(torch.float64) if count == "kept" else torch.ones_like(length_I)
        trajectories_S = sum_by(present_I, scope_I, scopes)
        share_R = (_inverse(length_I) * _inverse(trajectories_S)[scope_I])[trajectory_R]
    return (counted_RT * (share_R / scopes).unsqueeze(-1)).to(torch.float32)


def token_objective(
    logprobs_RT: Tensor,
    advantages_R: Tensor,
    loss_mask_RT: Tensor,
    *,
    keep_RT: Tensor | None = None,
    old_logprobs_RT: Tensor | None = None,
    clip: float | tuple[float, float] | None = None,
    reference_logprobs_RT: Tensor | None = None,
    kl_beta: float = 0.0,
    kl_estimator: str = "k3",
    rollout_logprobs_RT: Tensor | None = None,
    rollout_ratio_cap: float | None = None,
) -> Tensor:
    """[R, T] min(rho A, clip(rho) A) I(t, i) - beta KL for each response token (Eq. 2, 8); 0 outside the mask.

    The penalty falls on every response token: the indicator drops a token's gradient, not its tie to the reference.
    Arguments and errors as `policy_loss`.
    """
    mask_RT = _checked_mask(loss_mask_RT)
    check_shape("advantages_R", advantages_R, mask_RT.shape[:1])
    check_finite("advantages_R", advantages_R)
    current_RT = _masked("logprobs_RT", logprobs_RT, mask_RT)
    sampled_RT = current_RT.detach()
    if old_logprobs_RT is not None:
        sampled_RT = _masked("old_logprobs_RT", old_logprobs_RT, mask_RT).detach()
    ratio_RT = (current_RT - sampled_RT).exp()
    advantage_R1 = advantages_R.detach().to(ratio_RT.dtype).unsqueeze(-1)
    objective_RT = ratio_RT * advantage_R1
    if clip is not None:
        low, high = _clip_range(clip)
        objective_RT = torch.minimum(objective_RT, ratio_RT.clamp(1 - low, 1 + high) * advantage_R1)
    if (rollout_logprobs_RT is None) != (rollout_ratio_cap is None):
        raise ValueError("rollout_logprobs_RT and rollout_ratio_cap must stand together")
    if rollout_logprobs_RT is not None and rollout_ratio_cap is not None:
        if not rollout_ratio_cap > 0:
            raise ValueError(f"rollout_ratio_cap is {rollout_ratio_cap}, expected more than 0")
        rollout_RT = _masked("rollout_logprobs_RT", rollout_logprobs_RT, mask_RT).detach()
        objective_RT = objective_RT * (sampled_RT - rollout_RT).exp().clamp(max=rollout_ratio_cap)
    if keep_RT is not None:
        check_shape("keep_RT", keep_RT, mask_RT.shape)
        objective_RT = objective_RT * keep_RT.bool()
    if kl_beta < 0:
        raise ValueError(f"kl_beta is {kl_beta}, expected 0 or more")
    if kl_beta > 0:
        if reference_logprobs_RT is None:
            raise ValueError(f"kl_beta is {kl_beta}, but there are no reference_logprobs_RT")
        reference_RT = _masked("reference_logprobs_RT", reference_logprobs_RT, mask_RT)
        objective_RT = objective_RT - kl_beta * kl_divergence(current_RT, reference_RT, kl_estimator)
    return torch.where(mask_RT, objective_RT, 0.0)


def kl_divergence(logprobs: Tensor, reference_logprobs: Tensor, estimator: str = "k3") -> Tensor:
    """Each token's estimate of KL(policy || reference), in nats, from the token that the policy drew (Eq. 1-2).

    k1: log p - log q, unbiased, may be negative. k2: half its square. k3: q/p - 1 - log(q/p), unbiased and never
    negative, as GRPO's authors take it. The reference gets no gradient.
    """
    difference = reference_logprobs.detach() - logprobs
    if estimator == "k1":
        return -difference
    if estimator == "k2":
        return difference.square() / 2
    if estimator == "k3":
        return difference.exp() - 1 - difference
    raise unknown_name("estimator", estimator, KL_ESTIMATORS)


def _check_names(level: str, scope: str, count: str) -> None:
    for kind, name, known in (("level", level, LEVELS), ("scope", scope, SCOPES), ("count", count, COUNTS)):
        if name not in known:
            raise unknown_name(kind, name, known)


def _checked_mask(loss_mask_RT: Tensor) -> Tensor:
    if loss_mask_RT.ndim != 2:
        raise ValueError(f"loss_mask_RT has shape {tuple(loss_mask_RT.shape)}, expected [rows, tokens]")
    if not len(loss_mask_RT):
        raise ValueError("loss_mask_RT is empty, expected at least one row")
    return loss_mask_RT.bool()


def _masked(name: str, values_RT: Tensor, mask_RT: Tensor) -> Tensor:
    """`values_RT` with 0 outside the mask, so that what stands there reaches neither the loss nor its gradient."""
    check_shape(name, values_RT, mask_RT.shape)
    values_RT = torch.where(mask_RT, values_RT, 0.0)
    check_finite(name, values_RT.detach())
    return values_RT


def _trajectory_indices(
    trajectories: Labels | None, groups: Labels, group_R: Tensor
) -> tuple[Tensor, list[Hashable] | range]:
    if trajectories is None:
        return torch.arange(len(group_R), device=group_R.device), range(len(group_R))
    check_labels("trajectories", trajectories, len(group_R), "rows")
    trajectory_R, ids = label_indices(trajectories, group_R.device)
    first: dict[int, int] = {}
    for row, (trajectory, group) in enumerate(zip(trajectory_R.tolist(), group_R.tolist(), strict=True)):
        if first.setdefault(trajectory, group) != group:
            raise ValueError(f"trajectory {ids[trajectory]!r} stands in two groups, the second {groups[row]!r}")
    return trajectory_R, ids


def _clip_range(clip: float | tuple[float, float]) -> tuple[float, float]:
    low, high = clip if isinstance(clip, tuple) else (clip, clip)
    if not (0 <= low <= 1 and high >= 0):
        raise ValueError(f"clip is {clip}, expected 0 <= low <= 1 and high >= 0")
    return low, high


def _inverse(values: Tensor) -> Tensor:
    """1 / value, and 0 for 0."""
    return torch.where(values > 0, 1 / values.clamp(min=1), 0.0)
