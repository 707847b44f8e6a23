"""Negative gradient clipping: which tokens of wrong responses are left out of the loss (paper 4.3, Eq. 9-10).

Shapes: R rows (one a turn), T response positions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from longstride.errors import unknown_name
from longstride.rl.entropy import sequence_entropy
from longstride.rl.groups import Labels, check_finite, check_shape, label_indices

LEVELS = ("token", "sequence")
SIDES = ("high", "low")


def negative_clipping(
    advantages_R: Tensor,
    entropy_RT: Tensor,
    loss_mask_RT: Tensor,
    *,
    threshold: float,
    level: str = "sequence",
    side: str = "high",
    trajectories: Labels | None = None,
) -> Tensor:
    """[R, T] bool: the indicator I(t, i) of Eq. 9; False drops the token.

    A token is dropped where A_i < 0 and an entropy lies strictly beyond `threshold` (nats; the paper publishes none):
    that of the token, H(t|i), for `level="token"`; the mean over the response, H(i), over all turns of its
    trajectory, for `level="sequence"`. `side="high"` drops above the threshold, `side="low"` below it: with the two
    levels, the four arms of Table 4. What lies outside the mask is kept.

    Raises ValueError for unknown names, shapes that do not agree, NaN or infinite values, a threshold under 0.
    """
    if level not in LEVELS:
        raise unknown_name("level", level, LEVELS)
    if side not in SIDES:
        raise unknown_name("side", side, SIDES)
    if not threshold >= 0:
        raise ValueError(f"threshold is {threshold}, expected 0 nats or more")
    check_shape("entropy_RT", entropy_RT, loss_mask_RT.shape)
    check_shape("advantages_R", advantages_R, loss_mask_RT.shape[:1])
    check_finite("advantages_R", advantages_R)
    mask_RT = loss_mask_RT.bool()
    entropy_RT = torch.where(mask_RT, entropy_RT.detach(), 0.0)
    check_finite("entropy_RT", entropy_RT)
    if level == "sequence":
        names = range(len(mask_RT)) if trajectories is None else trajectories
        index_R, _ = label_indices(names, entropy_RT.device)
        mean_B = sequence_entropy(entropy_RT, mask_RT, names)
        entropy_RT = mean_B[index_R].unsqueeze(-1).expand_as(entropy_RT)
    beyond_RT = entropy_RT > threshold if side == "high" else entropy_RT < threshold
    return ~((advantages_R < 0).unsqueeze(-1) & beyond_RT & mask_RT)
