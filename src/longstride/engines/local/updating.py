"""Optimizer steps from a step's plan: gradients over shared prefixes, clipped, checked, taken or left (paper 4.2-4.4).

A step is left out, and the weights stay as they are, where nothing is to be learnt (all rewards of every group equal,
or all tokens masked: momentum and weight decay alone should move nothing) and where a gradient is NaN or infinite.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from longstride.engines.local.gradients import clip_gradients, gradient_norm
from longstride.engines.local.optimizers import Optimizer
from longstride.engines.local.policy import Policy
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.shared_prefix import share
from longstride.engines.local.step import StepPlan, known_beforehand, objective_gradients, on_policy_gradients
from longstride.engines.local.update import SLICE_TOKENS, TokenScores, accumulate_gradients, logprobs
from longstride.errors import NotFiniteError
from longstride.records import Trajectory, TrajectoryGroup, Turn

NO_SIGNAL = "nothing to learn"


@dataclass(frozen=True)
class Step:
    """What became of one optimizer step."""

    gradient_norm: float | None = None  # before clipping; None where there was no gradient
    positive_norm: float | None = None  # of the gradient of positive advantages alone; None where it was not measured
    negative_norm: float | None = None  # of the others
    mismatch_sum: float = 0.0  # of |log-prob of the trainer - of the rollout| over the tokens that were scored
    mismatch_max: float = 0.0
    scored_tokens: int = 0
    tokens: int = 0  # that went through the model: prefixes once, and rows
    left_out: str = ""  # why the weights stay as they were

    @property
    def not_finite(self) -> bool:
        return self.left_out not in ("", NO_SIGNAL)


def one_line(error: Exception) -> str:
    """What the error says, for a log."""
    return " ".join(str(error).split())


def take_steps(
    policy: Policy,
    optimizer: Optimizer,
    plan: StepPlan,
    recipe: Recipe,
    lr: float,
    *,
    reference: Policy | None = None,
    by_sign: bool = False,
) -> list[Step]:
    """The `batch.updates` optimizer steps of a plan, one after the other.

    reference: the starting model, where the recipe has a penalty.
    by_sign: take the gradients of positive and of negative advantages one after the other and measure both. A prefix
        whose rows have both signs is processed twice, and a copy of the gradients is held.
    """
    old = None
    if recipe.batch.updates > 1:
        old = _old_logprobs(policy, plan, recipe)
    count = int(plan.update_R.max()) + 1
    return [_take_step(policy, optimizer, plan, recipe, lr, update, old, reference, by_sign) for update in range(count)]


def with_scores(policy: Policy, groups: Sequence[TrajectoryGroup], temperature: float) -> list[TrajectoryGroup]:
    """`groups` with the log-probs and entropies that their rollout could not give, by one forward pass (paper 4.3)."""
    turns = [turn for group in groups for trajectory in group.trajectories for turn in trajectory.turns]
    lacking = [place for place, turn in enumerate(turns) if turn.logprobs is None or turn.entropies is None]
    if not lacking:
        return list(groups)
    for shared_turns in share([turns[place] for place in lacking]):
        scores = logprobs(policy, shared_turns.shared, temperature)
        for place, score in zip(shared_turns.places, scores, strict=True):
            turn = turns[lacking[place]]
            turns[lacking[place]] = replace(
                turn,
                logprobs=tuple(score.logprobs_T.tolist()) if turn.logprobs is None else turn.logprobs,
                entropies=tuple(score.entropy_T.tolist()) if turn.entropies is None else turn.entropies,
            )
    return list(_with_turns(groups, turns))


def _take_step(
    policy: Policy,
    optimizer: Optimizer,
    plan: StepPlan,
    recipe: Recipe,
    lr: float,
    update: int,
    old: Sequence[Tensor] | None,
    reference: Policy | None,
    by_sign: bool,
) -> Step:
    parts = [plan.rows(update, sign) for sign in (1, -1)] if by_sign else [plan.rows(update)]
    if not any(parts):
        return Step(left_out=NO_SIGNAL)
    optimizer.zero_grad()
    step, norms = Step(), list[float]()
    before: list[Tensor | None] = [None] * len(optimizer.parameters())
    try:
        for rows in parts:
            step = _joined(step, _accumulate(policy, plan, rows, recipe, old, reference))
            if by_sign:
                norms.append(_norm_since(optimizer, before))
                before = [None if each.grad is None else each.grad.clone() for each in optimizer.parameters()]
    except NotFiniteError as error:
        optimizer.zero_grad()
        return replace(step, left_out=one_line(error))
    if by_sign:
        step = replace(step, positive_norm=norms[0], negative_norm=norms[1])
    norm = clip_gradients(optimizer.parameters(), recipe.optimizer.max_grad_norm)
    if math.isfinite(norm):
        optimizer.step(lr)
        step = replace(step, gradient_norm=norm)
    else:
        step = replace(step, gradient_norm=norm, left_out=f"the gradient's norm is {norm}")
    optimizer.zero_grad()
    return step


def _accumulate(
    policy: Policy,
    plan: StepPlan,
    rows: Sequence[int],
    recipe: Recipe,
    old: Sequence[Tensor] | None,
    reference: Policy | None,
) -> Step:
    """Add the gradients of `rows` to the parameters'."""
    temperature = recipe.rollout.temperature
    step = Step()
    for turns in share([plan.batch.turns[row] for row in rows]):
        chosen = [rows[place] for place in turns.places]
        if known_beforehand(recipe):
            gradients = on_policy_gradients(plan, chosen)
        else:
            gradients = partial(
                _gradients_of_scores,
                plan=plan,
                rows=chosen,
                recipe=recipe,
                old=None if old is None else [old[row] for row in chosen],
                reference=None if reference is None else logprobs(reference, turns.shared, temperature),
            )
        scores = accumulate_gradients(
            policy,
            turns.shared,
            gradients,
            temperature,
            form=recipe.update.form,
            slice_tokens=recipe.update.slice_tokens or SLICE_TOKENS,
        )
        tokens = len(turns.shared.prefix_ids) + sum(len(row.ids) for row in turns.shared.rows)
        step = _joined(step, replace(_mismatch(plan, chosen, scores), tokens=tokens))
    return step


def _gradients_of_scores(
    scores: list[TokenScores],
    *,
    plan: StepPlan,
    rows: Sequence[int],
    recipe: Recipe,
    old: Sequence[Tensor] | None,
    reference: Sequence[TokenScores] | None,
) -> list[Tensor]:
    gradients, _ = objective_gradients(
        plan,
        rows,
        [score.logprobs_T for score in scores],
        recipe.loss,
        old_logprobs=old,
        reference_logprobs=None if reference is None else [score.logprobs_T for score in reference],
    )
    return gradients


def _old_logprobs(policy: Policy, plan: StepPlan, recipe: Recipe) -> list[Tensor]:
    """Of the policy that sampled, a tensor a row: the rollout's own, or, where those are weighed against the trainer's,
    the trainer's before the first step."""
    turns = plan.batch.turns
    old = [torch.tensor(turn.logprobs or ()) for turn in turns]
    if recipe.loss.rollout_ratio_cap is not None:
        for shared_turns in share(turns):
            scores = logprobs(policy, shared_turns.shared, recipe.rollout.temperature)
            for place, score in zip(shared_turns.places, scores, strict=True):
                old[place] = score.logprobs_T
    return old


def _mismatch(plan: StepPlan, rows: Sequence[int], scores: Sequence[TokenScores]) -> Step:
    differences = [
        (score.logprobs_T.double().cpu() - plan.batch.logprobs_RT[row][plan.batch.mask_RT[row]]).abs()
        for row, score in zip(rows, scores, strict=True)
    ]
    difference_N = torch.cat(differences)
    if not len(difference_N):
        return Step()
    return Step(
        mismatch_sum=float(difference_N.sum()), mismatch_max=float(difference_N.max()), scored_tokens=len(difference_N)
    )


def _joined(one: Step, other: Step) -> Step:
    return Step(
        mismatch_sum=one.mismatch_sum + other.mismatch_sum,
        mismatch_max=max(one.mismatch_max, other.mismatch_max),
        scored_tokens=one.scored_tokens + other.scored_tokens,
        tokens=one.tokens + other.tokens,
    )


def _norm_since(optimizer: Optimizer, before: Sequence[Tensor | None]) -> float:
    """The norm of what was added to the gradients since they were `before` (None: zero)."""
    if all(each is None for each in before):
        return gradient_norm(optimizer.parameters())
    squares = 0.0
    for parameter, earlier in zip(optimizer.parameters(), before, strict=True):
        if parameter.grad is not None:
            added = parameter.grad if earlier is None else parameter.grad - earlier
            squares += float(torch.linalg.vector_norm(added)) ** 2
    return math.sqrt(squares)


def _with_turns(groups: Sequence[TrajectoryGroup], turns: Sequence[Turn]) -> Iterator[TrajectoryGroup]:
    remaining = iter(turns)
    for group in groups:
        trajectories: list[Trajectory] = []
        for trajectory in group.trajectories:
            own = tuple(next(remaining) for _ in trajectory.turns)
            trajectories.append(replace(trajectory, turns=own))
        yield replace(group, trajectories=tuple(trajectories))
