"""One step of the recipe as plain functions: from graded trajectories to what each token's log-prob receives.

The order is the paper's (4.2-4.4): rewards -> advantages -> entropy of the batch -> controller, on the same batch ->
masks (Eq. 9 needs A_i) -> loss. The engine then takes one optimizer step, or `batch.updates` of them.

Shapes: B trajectories, R rows (one a turn), T response positions of the longest row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from longstride.engines.local.recipe import AdvantageRecipe, AepoRecipe, LossRecipe, NegativeClippingRecipe, Recipe
from longstride.records import TrajectoryGroup, Turn
from longstride.rl import (
    Entrocraft,
    EntropyController,
    EntropyLatch,
    KeepAll,
    PositivesOnly,
    ReadmeBand,
    batch_advantages,
    batch_entropy,
    broadcast_to_turns,
    group_advantages,
    negative_clipping,
    task_advantages,
    tmn_advantages,
    token_mean_entropy,
    token_objective,
    token_weights,
)


@dataclass(frozen=True)
class Batch:
    """The trajectories of a step, a row for each of their turns."""

    groups: tuple[TrajectoryGroup, ...]
    turns: tuple[Turn, ...]  # R
    trajectory_R: tuple[int, ...]  # 0 .. B-1
    group_R: tuple[int, ...]  # the group's place in `groups`
    group_B: tuple[int, ...]
    rewards_B: Tensor  # float64
    mask_RT: Tensor  # true at response tokens
    logprobs_RT: Tensor  # of the rollout, float32; 0 outside the mask
    entropy_RT: Tensor  # of the rollout, nats, float32; 0 outside the mask

    @property
    def tasks_B(self) -> list[str]:
        return [self.groups[place].task for place in self.group_B]


@dataclass(frozen=True)
class StepPlan:
    """What a batch teaches, before the policy is asked again."""

    batch: Batch
    advantages_B: Tensor
    advantages_R: Tensor
    batch_entropy: float  # Eq. 11, nats
    token_entropy: float  # the mean over all response tokens, nats
    keep_B: Tensor  # the controller's mask
    keep_RT: Tensor  # that and negative clipping: the indicator of Eq. 8
    weights_RT: Tensor  # of each token in the loss of its update
    update_R: Tensor  # which of the optimizer steps a row belongs to
    learns_R: Tensor  # false for a row whose gradient is 0 whatever the policy says: it need not be forwarded

    @property
    def kept_share(self) -> float:
        """Of the response tokens, how many the masks leave in."""
        tokens = int(self.batch.mask_RT.sum())
        return int((self.keep_RT & self.batch.mask_RT).sum()) / tokens if tokens else 0.0

    def rows(self, update: int, sign: int = 0) -> list[int]:
        """The rows of an optimizer step that learn; with `sign` 1 or -1 only those whose advantage has it.

        Rows of advantage 0, which learn from the penalty alone, go with the negative ones.
        """
        chosen_R = self.learns_R & (self.update_R == update)
        if sign:
            chosen_R &= (self.advantages_R > 0) == (sign > 0)
        return chosen_R.nonzero().flatten().tolist()


def lay_out(groups: Sequence[TrajectoryGroup]) -> Batch:
    """Put the turns of `groups` into rows, group after group, trajectory after trajectory.

    Raises ValueError for no groups, a group id that stands twice, and a turn without log-probs or entropies: an engine
    whose rollout cannot give them asks the policy for them first.
    """
    if not groups:
        raise ValueError("there are no groups")
    if len({group.id for group in groups}) < len(groups):
        raise ValueError("two groups have the same id")
    turns: list[Turn] = []
    trajectory_R: list[int] = []
    group_R: list[int] = []
    group_B: list[int] = []
    rewards: list[float] = []
    for place, group in enumerate(groups):
        for trajectory in group.trajectories:
            turns += trajectory.turns
            trajectory_R += [len(rewards)] * len(trajectory.turns)
            group_R += [place] * len(trajectory.turns)
            group_B.append(place)
            rewards.append(trajectory.reward)
    lengths = torch.tensor([len(turn.response_ids) for turn in turns])
    mask_RT = torch.arange(max(1, int(lengths.max()))) < lengths.unsqueeze(-1)
    for place, turn in zip(group_R, turns, strict=True):
        if turn.logprobs is None or turn.entropies is None:
            raise ValueError(f"a turn of group {groups[place].id!r} has no log-probs or no entropies")
    return Batch(
        groups=tuple(groups),
        turns=tuple(turns),
        trajectory_R=tuple(trajectory_R),
        group_R=tuple(group_R),
        group_B=tuple(group_B),
        rewards_B=torch.tensor(rewards, dtype=torch.float64),
        mask_RT=mask_RT,
        logprobs_RT=padded([torch.tensor(turn.logprobs or ()) for turn in turns], mask_RT),
        entropy_RT=padded([torch.tensor(turn.entropies or ()) for turn in turns], mask_RT),
    )


def padded(values: Sequence[Tensor], mask_RT: Tensor) -> Tensor:
    """[R, T] float32: each row's values where its mask is true, from the left; 0 elsewhere."""
    values_RT = torch.zeros(mask_RT.shape)
    if any(len(row) for row in values):
        values_RT[mask_RT] = torch.cat([row.to(torch.float32).cpu() for row in values])
    return values_RT


def plan_step(
    batch: Batch, recipe: Recipe, controller: EntropyController, clipping_threshold: float | None = None
) -> StepPlan:
    """Advantages, entropies, the controller's word, masks and weights of a batch.

    controller: is asked once, and may change its state.
    clipping_threshold: nats; of negative clipping, where the recipe has it.
    """
    advantages_B = advantages_of(batch, recipe.advantage)
    turns_B = torch.bincount(torch.tensor(batch.trajectory_R), minlength=len(batch.group_B))
    advantages_R = broadcast_to_turns(advantages_B, turns_B)
    sequence_mean, token_mean = entropies_of(batch)
    keep_B = controller.keep_mask(sequence_mean, advantages_B, batch.rewards_B)
    keep_RT = keep_B[torch.tensor(batch.trajectory_R)].unsqueeze(-1).expand_as(batch.mask_RT)
    if recipe.negative_clipping.tokens != "none":
        keep_RT = keep_RT & clipped_tokens(batch, advantages_R, recipe.negative_clipping, clipping_threshold)
    updates = min(recipe.batch.updates, len(batch.groups))
    update_R = torch.tensor([place * updates // len(batch.groups) for place in batch.group_R])
    weights_RT = weights_of(batch, keep_RT, update_R, recipe.loss)
    signal_RT = (weights_RT * advantages_R.unsqueeze(-1)).abs() * keep_RT
    penalized_RT = weights_RT * (recipe.loss.kl_beta > 0)
    return StepPlan(
        batch=batch,
        advantages_B=advantages_B,
        advantages_R=advantages_R,
        batch_entropy=sequence_mean,
        token_entropy=token_mean,
        keep_B=keep_B,
        keep_RT=keep_RT,
        weights_RT=weights_RT,
        update_R=update_R,
        learns_R=((signal_RT + penalized_RT) > 0).any(-1),
    )


def advantages_of(batch: Batch, recipe: AdvantageRecipe) -> Tensor:
    """[B] float32: the advantages by the recipe's kind."""
    rewards_B, groups, tasks = batch.rewards_B, batch.group_B, batch.tasks_B
    if recipe.kind == "task":
        advantages_B = task_advantages(rewards_B, groups, tasks, recipe.unbiased)
    elif recipe.kind == "tmn":
        advantages_B = tmn_advantages(rewards_B, groups, tasks, recipe.unbiased)
    elif recipe.kind == "group":
        advantages_B = group_advantages(rewards_B, groups, recipe.unbiased)
    else:
        advantages_B = batch_advantages(rewards_B, groups, recipe.unbiased)
    return advantages_B.to(torch.float32)


def entropies_of(batch: Batch) -> tuple[float, float]:
    """(Eq. 11, the mean over all tokens), in nats. A trajectory that said nothing has no entropy and is left out."""
    trajectory_R = torch.tensor(batch.trajectory_R)
    tokens_B = torch.zeros(len(batch.group_B), dtype=torch.int64).index_add_(0, trajectory_R, batch.mask_RT.sum(-1))
    spoke_R = tokens_B[trajectory_R] > 0
    if not bool(spoke_R.any()):
        return 0.0, 0.0
    entropy_RT, mask_RT = batch.entropy_RT[spoke_R], batch.mask_RT[spoke_R]
    return (
        float(batch_entropy(entropy_RT, mask_RT, trajectory_R[spoke_R])),
        float(token_mean_entropy(entropy_RT, mask_RT)),
    )


def clipped_tokens(
    batch: Batch, advantages_R: Tensor, recipe: NegativeClippingRecipe, threshold: float | None
) -> Tensor:
    """[R, T] bool: false at the tokens that negative clipping drops (Eq. 9)."""
    if threshold is None:
        raise ValueError("negative clipping needs a threshold")
    side, _, level = recipe.tokens.partition("_")
    spoke_R = batch.mask_RT.any(-1)
    keep_RT = torch.ones_like(batch.mask_RT)
    if bool(spoke_R.any()):
        keep_RT[spoke_R] = negative_clipping(
            advantages_R[spoke_R],
            batch.entropy_RT[spoke_R],
            batch.mask_RT[spoke_R],
            threshold=threshold,
            level=level,
            side=side,
            trajectories=torch.tensor(batch.trajectory_R)[spoke_R],
        )
    return keep_RT


def weights_of(batch: Batch, keep_RT: Tensor, update_R: Tensor, recipe: LossRecipe) -> Tensor:
    """[R, T] float32: the weight of each token in the mean that its own optimizer step takes."""
    groups, trajectories = torch.tensor(batch.group_R), torch.tensor(batch.trajectory_R)
    weights_RT = torch.zeros(batch.mask_RT.shape)
    for update in update_R.unique():
        rows = update_R == update
        weights_RT[rows] = token_weights(
            batch.mask_RT[rows],
            groups[rows],
            keep_RT=keep_RT[rows],
            trajectories=trajectories[rows],
            level=recipe.level,
            scope=recipe.scope,
            count=recipe.count,
        )
    return weights_RT


def on_policy_gradients(plan: StepPlan, rows: Sequence[int]) -> list[Tensor]:
    """d loss / d log-prob of each response token of `rows`, a tensor a row: -w A I, Eq. 8 at a ratio of 1.

    Known before the policy is asked, so that gradients are taken as it goes forward.
    """
    gradient_RT = -plan.weights_RT * plan.advantages_R.unsqueeze(-1) * plan.keep_RT
    return [gradient_RT[row][plan.batch.mask_RT[row]] for row in rows]


def objective_gradients(
    plan: StepPlan,
    rows: Sequence[int],
    logprobs: Sequence[Tensor],
    recipe: LossRecipe,
    *,
    old_logprobs: Sequence[Tensor] | None = None,
    reference_logprobs: Sequence[Tensor] | None = None,
) -> tuple[list[Tensor], float]:
    """(d loss / d log-prob of each response token of `rows`, their part of the loss): the whole of Eq. 2 and 8.

    logprobs: of the policy as it is, a tensor a row. old_logprobs: of the policy that sampled; None says that it is
    the same one. reference_logprobs: of the starting model, where the recipe has a penalty. The rollout's own numbers
    are the batch's.
    """
    mask_RT = plan.batch.mask_RT[list(rows)]
    mask_RT = mask_RT[:, : max(1, int(mask_RT.sum(-1).max()))]
    width = mask_RT.shape[1]
    current_RT = padded(logprobs, mask_RT).requires_grad_()
    with torch.enable_grad():
        objective_RT = token_objective(
            current_RT,
            plan.advantages_R[list(rows)],
            mask_RT,
            keep_RT=plan.keep_RT[list(rows), :width],
            old_logprobs_RT=None if old_logprobs is None else padded(old_logprobs, mask_RT),
            clip=recipe.clip,
            reference_logprobs_RT=None if reference_logprobs is None else padded(reference_logprobs, mask_RT),
            kl_beta=recipe.kl_beta,
            kl_estimator=recipe.kl_estimator,
            rollout_logprobs_RT=None
            if recipe.rollout_ratio_cap is None
            else plan.batch.logprobs_RT[list(rows), :width],
            rollout_ratio_cap=recipe.rollout_ratio_cap,
        )
        loss = -(plan.weights_RT[list(rows), :width] * objective_RT).sum()
    (gradient_RT,) = torch.autograd.grad(loss, current_RT)
    return [gradient[mask] for gradient, mask in zip(gradient_RT, mask_RT, strict=True)], float(loss.detach())


def known_beforehand(recipe: Recipe) -> bool:
    """True where the gradients of the log-probs do not depend on the log-probs: `on_policy_gradients` is the loss's."""
    return recipe.batch.updates == 1 and recipe.loss.kl_beta == 0 and recipe.loss.rollout_ratio_cap is None


def make_controller(recipe: AepoRecipe, start_entropy: float) -> EntropyController:
    """The controller that the recipe names; `start_entropy` (nats, of the first batch) scales shares of it."""
    scale = start_entropy if recipe.unit == "start" else 1.0
    if recipe.controller == "none":
        return KeepAll()
    if recipe.controller == "positives_only":
        return PositivesOnly()
    if recipe.controller == "entrocraft":
        assert recipe.start is not None and recipe.end is not None
        assert recipe.width is not None and recipe.steps is not None
        return Entrocraft(recipe.start * scale, recipe.end * scale, recipe.steps, recipe.width * scale)
    assert recipe.low is not None and recipe.high is not None
    kind = EntropyLatch if recipe.controller == "latch" else ReadmeBand
    return kind(recipe.low * scale, recipe.high * scale)


def clipping_threshold(recipe: NegativeClippingRecipe, start_entropy: float) -> float | None:
    """The threshold of Eq. 9 in nats; None where nothing is clipped."""
    if recipe.tokens == "none" or recipe.threshold is None:
        return None
    return recipe.threshold * (start_entropy if recipe.unit == "start" else 1.0)
