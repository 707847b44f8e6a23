"""Advantages: how much better a trajectory did than the others (paper 2.2 Eq. 3, 4.2 Eq. 7), and their rivals.

A trajectory counts once, however many turns it has; `broadcast_to_turns` then gives each turn its advantage.
Every function takes the rewards of a batch (a tensor [B], or any sequence of numbers) with the group of each and
gives [B] in the rewards' floating type (float32 for a sequence), reckoned in float64. A group whose rewards are all
equal gives 0, never 0 / eps; so do a group of one and a task, or batch, without any spread.

All raise ValueError for an empty batch, NaN or infinite rewards and lists of another length, naming the offender.
Shapes: B trajectories, R turns.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from longstride.rl.groups import (
    Labels,
    all_equal_by,
    check_finite,
    check_labels,
    label_indices,
    mean_by,
    sum_by,
    variance_by,
)

Rewards = Sequence[float] | Tensor


def group_advantages(rewards: Rewards, groups: Labels, unbiased: bool = True) -> Tensor:
    """GRPO: (r_i - mean of its group) / std of its group (Eq. 3).

    `unbiased` takes the sample std, as the authors' code, verl and TRL do; False takes the population's.
    """
    reward_B, index_B, count = _checked(rewards, groups)
    std_B = variance_by(reward_B, index_B, count, unbiased).sqrt()[index_B]
    return _given_back(_divide(_centered(reward_B, index_B, count), std_B), rewards)


def batch_advantages(rewards: Rewards, groups: Labels, unbiased: bool = True) -> Tensor:
    """(r_i - mean of its group) / std of all rewards of the batch (REINFORCE++; the third arm of Table 2)."""
    reward_B, index_B, count = _checked(rewards, groups)
    std_B = variance_by(reward_B, torch.zeros_like(index_B), 1, unbiased).sqrt().expand_as(reward_B)
    return _given_back(_divide(_centered(reward_B, index_B, count), std_B), rewards)


def task_advantages(rewards: Rewards, groups: Labels, tasks: Labels, unbiased: bool = True) -> Tensor:
    """(r_i - mean of its group) / std of all rewards of its task in the batch (Eq. 7).

    Raises ValueError also for a group that holds two tasks.
    """
    reward_B, index_B, count = _checked(rewards, groups)
    task_B, task_count = _checked_tasks(tasks, groups, index_B)
    std_B = variance_by(reward_B, task_B, task_count, unbiased).sqrt()[task_B]
    return _given_back(_divide(_centered(reward_B, index_B, count), std_B), rewards)


def tmn_advantages(rewards: Rewards, groups: Labels, tasks: Labels, unbiased: bool = True) -> Tensor:
    """(r_i - mean of its group) / root of the mean, over the task's groups, of the variance within a group.

    Task mean normalisation (TMN, arXiv 2605.19577), a rival of Eq. 7: the spread between the groups of a task, easy
    and hard questions, does not enter. A group of one has no variance and is left out of the mean.
    """
    reward_B, index_B, count = _checked(rewards, groups)
    task_B, task_count = _checked_tasks(tasks, groups, index_B)
    variance_K = variance_by(reward_B, index_B, count, unbiased)
    task_K = torch.zeros(count, dtype=torch.int64, device=reward_B.device).scatter_(0, index_B, task_B)
    several_K = (sum_by(torch.ones_like(reward_B), index_B, count) > 1).to(reward_B.dtype)
    groups_of_task = sum_by(several_K, task_K, task_count).clamp(min=1)
    std_B = (sum_by(variance_K, task_K, task_count) / groups_of_task).sqrt()[task_B]
    return _given_back(_divide(_centered(reward_B, index_B, count), std_B), rewards)


def broadcast_to_turns(advantages: Tensor, turn_counts: Sequence[int] | Tensor) -> Tensor:
    """Give every turn of a trajectory its advantage (paper 2.3): [B] and B counts -> [R], R their sum.

    Raises ValueError for another number of counts, and for a trajectory without turns.
    """
    counts = turn_counts.tolist() if isinstance(turn_counts, Tensor) else list(turn_counts)
    check_labels("turn_counts", counts, len(advantages), "advantages")
    for index, count in enumerate(counts):
        if count < 1:
            raise ValueError(f"turn_counts[{index}] is {count}, expected at least one turn")
    return advantages.repeat_interleave(torch.tensor(counts, dtype=torch.int64, device=advantages.device))


def _checked(rewards: Rewards, groups: Labels) -> tuple[Tensor, Tensor, int]:
    """(rewards in float64, each one's group number, the number of groups)."""
    reward_B = torch.as_tensor(rewards).detach().to(torch.float64)
    if reward_B.ndim != 1:
        raise ValueError(f"rewards has shape {tuple(reward_B.shape)}, expected one number a trajectory")
    if not len(reward_B):
        raise ValueError("rewards is empty, expected at least one trajectory")
    check_finite("rewards", reward_B)
    check_labels("groups", groups, len(reward_B), "rewards")
    index_B, names = label_indices(groups, reward_B.device)
    return reward_B, index_B, len(names)


def _checked_tasks(tasks: Labels, groups: Labels, index_B: Tensor) -> tuple[Tensor, int]:
    """(each trajectory's task number, the number of tasks)."""
    check_labels("tasks", tasks, len(index_B), "rewards")
    task_B, names = label_indices(tasks, index_B.device)
    task_of_group: dict[int, int] = {}
    for place, (group, task) in enumerate(zip(index_B.tolist(), task_B.tolist(), strict=True)):
        first = task_of_group.setdefault(group, task)
        if first != task:
            raise ValueError(f"group {groups[place]!r} holds the tasks {names[first]!r} and {names[task]!r}")
    return task_B, len(names)


def _centered(reward_B: Tensor, index_B: Tensor, count: int) -> Tensor:
    """r_i minus its group's mean, exactly 0 where the group's rewards are all equal."""
    centered_B = reward_B - mean_by(reward_B, index_B, count)[index_B]
    return centered_B.masked_fill(all_equal_by(reward_B, index_B, count)[index_B], 0.0)


def _divide(centered_B: Tensor, std_B: Tensor) -> Tensor:
    """centered / std, and 0 where the std is 0."""
    return torch.where(std_B > 0, centered_B / std_B.masked_fill(std_B == 0, 1.0), 0.0)


def _given_back(advantage_B: Tensor, rewards: Rewards) -> Tensor:
    floating = isinstance(rewards, Tensor) and rewards.is_floating_point()
    return advantage_B.to(rewards.dtype if floating and isinstance(rewards, Tensor) else torch.float32)
