"""Entropy of the policy: of a token (paper 4.3, Eq. 9), of a response, and of a batch (4.4, Eq. 11). All in nats.

Where only hidden states are at hand, `rl.chunked_head` gives the same token entropies without any logits.

Shapes: V vocabulary, N tokens of any leading shape, R rows of T tokens, B trajectories. A row is one turn (prompt and
response, padded); a memory agent's trajectory has several rows, a full-context one has one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from longstride.errors import NotFiniteError
from longstride.rl.groups import Labels, check_labels, label_indices, sum_by

BLOCK_ELEMENTS = 2**22  # logits held in float32 at a time
FLOOR = -1000.0  # exp of it is 0 in float64 too: stands for -inf where 0 * -inf would give NaN


def token_entropy(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """H = -sum over v of p_v log p_v of softmax(logits / temperature): [..., V] -> [...], nats (H(t|i) of Eq. 9).

    Arithmetic and result are float32 for 16-bit logits. A logit of -inf (a word out of the vocabulary) adds nothing and
    receives a gradient of 0. Differentiable once: dH / d logit_v = -p_v (log p_v + H) / temperature. A few rows are
    held in float32 at a time.
    ValueError: logits that are not floats, V = 0, NaN or +inf, a row of -inf only, temperature <= 0.
    """
    if not logits.is_floating_point() or logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits are {tuple(logits.shape)} {logits.dtype}, expected floats [..., V] with V > 0")
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature is {temperature}, expected a finite number above 0")
    entropy_N = _TokenEntropy.apply(logits.reshape(-1, logits.shape[-1]), float(temperature))
    if bool(entropy_N.detach().isnan().any()):
        row = int(entropy_N.detach().isnan().nonzero()[0])
        raise NotFiniteError(f"logits of token {row} are NaN, +inf, or all -inf: they give no distribution")
    return entropy_N.reshape(logits.shape[:-1])


def sequence_entropy(entropy_RT: Tensor, mask_RT: Tensor, trajectories: Labels | None = None) -> Tensor:
    """Mean entropy of each trajectory's response tokens [B], nats: H(i) of Eq. 9, over all turns of the trajectory.

    `mask_RT` is true (or 1) on response tokens; what stands elsewhere is never read, NaN or not. `trajectories` names
    the trajectory of each row; B follows their first appearance. None: each row is one.
    ValueError: shapes that differ, an empty batch, a mask of other values, NaN or infinity on a response token, or a
    trajectory without a response token (a single turn may be empty; a mean over nothing is refused).
    """
    sum_B, count_B = _sums(entropy_RT, mask_RT, trajectories)
    return sum_B / count_B


def batch_entropy(entropy_RT: Tensor, mask_RT: Tensor, trajectories: Labels | None = None) -> Tensor:
    """H(pi, batch) of Eq. 11 [], nats: the mean over trajectories of the mean over their tokens. AEPO's input.

    A short response weighs as much as a long one. Arguments and errors as in `sequence_entropy`.
    """
    return sequence_entropy(entropy_RT, mask_RT, trajectories).mean()


def token_mean_entropy(entropy_RT: Tensor, mask_RT: Tensor) -> Tensor:
    """The mean over all response tokens of the batch [], nats: to be logged beside Eq. 11, long responses weigh more.

    Arguments and errors as in `sequence_entropy`, but a row without response tokens is allowed; a batch is not.
    """
    everything = ["the batch"] * len(entropy_RT)
    return sequence_entropy(entropy_RT, mask_RT, everything).squeeze(0)


class _TokenEntropy(torch.autograd.Function):
    """Walks rows in blocks, forward and backward; keeps the logits and two numbers a row."""

    @staticmethod
    def forward(ctx: Any, logits_NV: Tensor, temperature: float) -> Tensor:
        dtype = torch.promote_types(logits_NV.dtype, torch.float32)
        entropy_N = torch.empty(len(logits_NV), dtype=dtype, device=logits_NV.device)
        lse_N1 = torch.empty((len(logits_NV), 1), dtype=dtype, device=logits_NV.device)
        for rows in _row_blocks(logits_NV):
            scaled_rV = logits_NV[rows].to(dtype) / temperature
            maximum_r1 = scaled_rV.amax(-1, keepdim=True)
            scaled_rV.sub_(maximum_r1).clamp_(min=FLOOR)  # keeps NaN
            exp_rV = scaled_rV.exp()
            sum_r = exp_rV.sum(-1)
            entropy_N[rows] = sum_r.log() - scaled_rV.mul_(exp_rV).sum(-1) / sum_r
            lse_N1[rows] = maximum_r1 + sum_r.log()[:, None]
        ctx.save_for_backward(logits_NV, entropy_N, lse_N1)
        ctx.temperature = temperature
        return entropy_N

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        logits_NV, entropy_N, lse_N1 = ctx.saved_tensors
        scale_N1 = (-gradients[0] / ctx.temperature)[:, None]
        gradient_NV = torch.empty_like(logits_NV)
        for rows in _row_blocks(logits_NV):
            logprob_rV = logits_NV[rows].to(lse_N1.dtype) / ctx.temperature
            logprob_rV.sub_(lse_N1[rows]).clamp_(min=FLOOR)
            probability_rV = logprob_rV.exp()
            gradient_NV[rows] = logprob_rV.add_(entropy_N[rows, None]).mul_(probability_rV).mul_(scale_N1[rows])
        return gradient_NV, None


def _row_blocks(logits_NV: Tensor) -> Iterator[slice]:
    rows = max(1, BLOCK_ELEMENTS // logits_NV.shape[1])
    return (slice(start, start + rows) for start in range(0, len(logits_NV), rows))


def _sums(entropy_RT: Tensor, mask_RT: Tensor, trajectories: Labels | None) -> tuple[Tensor, Tensor]:
    """Sum of entropies and number of response tokens of each trajectory, both [B]."""
    if entropy_RT.ndim != 2 or not entropy_RT.is_floating_point() or not len(entropy_RT):
        raise ValueError(f"entropy_RT is {tuple(entropy_RT.shape)} {entropy_RT.dtype}, expected floats [R, T], R > 0")
    if mask_RT.shape != entropy_RT.shape:
        raise ValueError(f"mask_RT is {tuple(mask_RT.shape)}, entropy_RT is {tuple(entropy_RT.shape)}")
    chosen_RT = mask_RT if mask_RT.dtype == torch.bool else mask_RT == 1
    if mask_RT.dtype != torch.bool and not bool((chosen_RT | (mask_RT == 0)).all()):
        raise ValueError("mask_RT holds values other than 0 and 1")
    names = range(len(entropy_RT)) if trajectories is None else trajectories
    check_labels("trajectories", names, len(entropy_RT), "rows")
    kept_RT = torch.where(chosen_RT, entropy_RT.to(torch.promote_types(entropy_RT.dtype, torch.float32)), 0.0)
    bad_RT = ~kept_RT.detach().isfinite()
    if bool(bad_RT.any()):
        row, token = bad_RT.nonzero()[0].tolist()
        raise NotFiniteError(f"entropy of row {row}, token {token} is {kept_RT[row, token].item()}")
    place_R, ids = label_indices(names, kept_RT.device)
    sum_B = sum_by(kept_RT.sum(-1), place_R, len(ids))
    count_B = sum_by(chosen_RT.sum(-1).to(kept_RT.dtype), place_R, len(ids))
    if bool((count_B == 0).any()):
        place = int((count_B == 0).nonzero()[0])
        raise ValueError(f"trajectory {ids[place]!r} has no response token")
    return sum_B, count_B
