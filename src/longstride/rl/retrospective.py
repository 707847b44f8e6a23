"""Difficulty-aware retrospective sampling between stages (paper 4.1, after QwenLong-L1): hard samples weigh more."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence


def retrospective_weights(
    mean_rewards: Sequence[float],
    rollouts: int,
    max_never_solved_share: float,
    solved: float = 1.0,
) -> list[float]:
    """What each sample weighs in the next stage: 1 / max(mean reward, 1 / 2n), scaled so that the weights sum to 1.

    mean_rewards: of each sample over `rollouts` rollouts (n), measured at the next stage's lengths, in [0, 1].
    max_never_solved_share: samples of mean reward 0 carry at most this share of the whole weight; what is cut goes
        to the others in proportion. Unpublished: a recipe must state it.
    solved: a sample with this mean reward or more has nothing left to teach and gets 0.

    Raises ValueError for an empty list, rewards outside [0, 1], NaN, no rollouts, a share outside [0, 1], and where
    nothing would be left: all always solved, or none ever while their share is 0.
    """
    if not mean_rewards:
        raise ValueError("mean_rewards is empty, expected at least one sample")
    if rollouts < 1:
        raise ValueError(f"rollouts is {rollouts}, expected at least one")
    if not 0 <= max_never_solved_share <= 1:
        raise ValueError(f"max_never_solved_share is {max_never_solved_share}, expected 0..1")
    for index, reward in enumerate(mean_rewards):
        if not 0 <= reward <= 1:
            raise ValueError(f"mean_rewards[{index}] is {reward}, expected 0..1")
    floor = 1 / (2 * rollouts)
    weights = [0.0 if reward >= solved else 1 / max(reward, floor) for reward in mean_rewards]
    never = [index for index, reward in enumerate(mean_rewards) if reward == 0 and weights[index] > 0]
    of_never = math.fsum(weights[index] for index in never)
    of_others = math.fsum(weights) - of_never
    if never and of_others > 0 and of_never > max_never_solved_share * (of_never + of_others):
        # share s of the new total: w / (w + others) = s
        allowed = of_others * max_never_solved_share / (1 - max_never_solved_share)
        for index in never:
            weights[index] *= allowed / of_never
    elif of_others == 0 and max_never_solved_share == 0:
        weights = [0.0] * len(weights)
    total = math.fsum(weights)
    if total == 0:
        raise ValueError("no sample is left: each is always solved, or never while max_never_solved_share is 0")
    return [weight / total for weight in weights]


def weighted_draw(weights: Sequence[float], count: int, seed: int) -> list[int]:
    """`count` different indices, in increasing order, each round's chance in proportion to the weights left.

    The same seed gives the same draw. Raises ValueError for negative or infinite weights, and where fewer than
    `count` are above 0.
    """
    for index, weight in enumerate(weights):
        if not 0 <= weight < math.inf:
            raise ValueError(f"weights[{index}] is {weight}, expected 0 or more")
    able = [index for index, weight in enumerate(weights) if weight > 0]
    if not 0 <= count <= len(able):
        raise ValueError(f"cannot draw {count} of the {len(able)} samples that have a weight")
    generator = random.Random(f"{seed}/weighted_draw")
    # exponential races (Efraimidis and Spirakis 2006): the first to arrive at rate w is w's share of the time
    arrivals = {index: -math.log(1 - generator.random()) / weights[index] for index in able}
    return sorted(sorted(able, key=arrivals.__getitem__)[:count])
