"""The norm of all gradients together, and clipping by it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor


def gradient_norm(parameters: Iterable[Tensor]) -> float:
    """The Euclidean norm over every `.grad`, or 0.0 where there is none; NaN or infinite where a gradient is.

    Squares of a tensor are summed in float32 at least, those of the tensors in float64, in the order given.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return 0.0
    norms = [torch.linalg.vector_norm(each, dtype=torch.promote_types(each.dtype, torch.float32)) for each in gradients]
    device = norms[0].device
    return float(torch.linalg.vector_norm(torch.stack([norm.to(device, torch.float64) for norm in norms])))


@torch.no_grad()
def clip_gradients(parameters: Iterable[Tensor], max_norm: float | None) -> float:
    """Scale the gradients, in place, to a norm of at most `max_norm` (None leaves them); the norm before comes back.

    Gradients that are NaN or infinite stay as they are: see that the norm is finite before a step.
    """
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}, expected more than 0, or None")
    held = list(parameters)
    norm = gradient_norm(held)
    if max_norm is not None and math.isfinite(norm) and norm > max_norm:
        for parameter in held:
            if parameter.grad is not None:
                parameter.grad.mul_(max_norm / norm)
    return norm
