"""Sums over the members of a group, and the checks that every function over a batch shares.

Shapes: B trajectories of a batch, R rows (one a turn), T token positions, K distinct labels.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from longstride.errors import NotFiniteError

Labels = Sequence[Hashable] | Tensor


def label_indices(labels: Labels, device: torch.device | None = None) -> tuple[Tensor, list[Hashable]]:
    """Number the labels in the order of their first appearance: (index_B int64 in 0..K-1, the K distinct labels)."""
    values = labels.tolist() if isinstance(labels, Tensor) else labels
    numbers: dict[Hashable, int] = {}
    index_B = torch.tensor(
        [numbers.setdefault(label, len(numbers)) for label in values], dtype=torch.int64, device=device
    )
    return index_B, list(numbers)


def sum_by(values_B: Tensor, index_B: Tensor, count: int) -> Tensor:
    """[K] the sum of `values_B` over each label's members."""
    return values_B.new_zeros(count).index_add_(0, index_B, values_B)


def mean_by(values_B: Tensor, index_B: Tensor, count: int) -> Tensor:
    """[K] the mean of `values_B` over each label's members."""
    return sum_by(values_B, index_B, count) / sum_by(torch.ones_like(values_B), index_B, count)


def variance_by(values_B: Tensor, index_B: Tensor, count: int, unbiased: bool = True) -> Tensor:
    """[K] the variance over each label's members; exactly 0 where they are all equal, and for one member.

    Equality is tested on the values themselves: float64 [0.1] * 3 has a computed std of 1e-17.
    """
    sizes_K = sum_by(torch.ones_like(values_B), index_B, count)
    deviations_B = values_B - mean_by(values_B, index_B, count)[index_B]
    freedom_K = (sizes_K - 1 if unbiased else sizes_K).clamp(min=1)
    variance_K = sum_by(deviations_B.square(), index_B, count) / freedom_K
    return variance_K.masked_fill(all_equal_by(values_B, index_B, count), 0.0)


def all_equal_by(values_B: Tensor, index_B: Tensor, count: int) -> Tensor:
    """[K] bool: max == min over each label's members."""
    high_K = values_B.new_full((count,), -torch.inf).scatter_reduce_(0, index_B, values_B, "amax")
    low_K = values_B.new_full((count,), torch.inf).scatter_reduce_(0, index_B, values_B, "amin")
    return high_K == low_K


def check_labels(name: str, labels: Labels, count: int, of: str) -> None:
    """Raise ValueError unless there is one label for each of `count` `of`."""
    if len(labels) != count:
        raise ValueError(f"{name} has {len(labels)} entries for {count} {of}")


def check_shape(name: str, tensor: Tensor, shape: Sequence[int]) -> None:
    """Raise ValueError unless `tensor` has `shape`."""
    if tuple(tensor.shape) != tuple(shape):
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}, expected {tuple(shape)}")


def check_finite(name: str, tensor: Tensor) -> None:
    """Raise NotFiniteError naming the first entry that is NaN or infinite."""
    finite = torch.isfinite(tensor)
    if not bool(finite.all()):
        place = tuple((~finite).nonzero()[0].tolist())
        raise NotFiniteError(
            f"{name}[{', '.join(map(str, place))}] is {tensor[place].item()}, expected a finite number"
        )
