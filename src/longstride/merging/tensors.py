"""What every way of merging asks of its tensors (paper 4.1): floats of one shape, all of them finite.

Shapes: N elements of the tensor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

CHECKED_ELEMENTS = 2**16  # at a time, so that no mask of a whole tensor is made


class NotFinite(ValueError):
    """A tensor holds NaN or an infinity. `model`: its number from 0, None for the base; `problem`: what, and where."""

    def __init__(self, model: int | None, value: float, element: int) -> None:
        self.model, self.problem = model, f"holds {value} at element {element}"
        super().__init__(f"{'base' if model is None else f'model {model}'} {self.problem}")


def check_tensors(base: Tensor, models: Sequence[Tensor], dtype: torch.dtype | None = None) -> None:
    """Refuse what cannot be merged.

    With a `dtype` for the result the inputs may be of different floats, else they must be of the base's.

    ValueError: no models, another shape or dtype than the base's, integers. NotFinite: NaN and infinities.
    """
    if not models:
        raise ValueError("no models to merge")
    for number, tensor in enumerate((base, *models), start=-1):
        name = "base" if number < 0 else f"model {number}"
        if not tensor.is_floating_point():
            raise ValueError(f"{name} is {tensor.dtype}, expected floats")
        if tensor.shape != base.shape or (dtype is None and tensor.dtype != base.dtype):
            described = f"{tuple(tensor.shape)} {tensor.dtype}"
            raise ValueError(f"{name} is {described}, the base is {tuple(base.shape)} {base.dtype}; cast one first")
        _check_finite(None if number < 0 else number, tensor.reshape(-1))


def _check_finite(model: int | None, flat_N: Tensor) -> None:
    for start in range(0, len(flat_N), CHECKED_ELEMENTS):
        block_n = flat_N[start : start + CHECKED_ELEMENTS]
        if math.isfinite(block_n.sum(dtype=torch.promote_types(block_n.dtype, torch.float32)).item()):
            continue  # ten times as fast as a look at each element; a sum may overflow where none is infinite
        strange_n = (~block_n.isfinite()).nonzero()
        if len(strange_n):
            place = start + int(strange_n[0])
            raise NotFinite(model, flat_N[place].item(), place)
