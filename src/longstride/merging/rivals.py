"""What SCE is measured against: the linear average of models, and task arithmetic (arXiv 2212.04089).

Float64 on blocks that stay in cache, rounded once, as in `sce`. Nothing is selected and nothing erased; of the report,
`sign_conflicts` counts the elements where task vectors pull both ways, which SCE at topk = 1 would resolve.

Shapes: N elements of the tensor, n of a block, M models.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from longstride.merging.sce import BLOCK_ELEMENTS, TensorMergeReport
from longstride.merging.tensors import check_tensors


def linear_average(
    base: Tensor, models: Sequence[Tensor], weights: Sequence[float], dtype: torch.dtype | None = None
) -> tuple[Tensor, TensorMergeReport]:
    """The mean of the models weighted by `weights`, which are divided by their sum; the base has no part in it.

    The result is in `dtype` (the base's if None). ValueError as of `tensors.check_tensors`, and for weights that are
    not one a model or sum to 0.
    """
    _check_weights(weights, models)
    total = sum(weights)
    if total == 0:
        raise ValueError(f"the weights {tuple(weights)} sum to 0")
    shares = tuple(weight / total for weight in weights)
    return _merged(base, models, shares, dtype)


def task_arithmetic(
    base: Tensor, models: Sequence[Tensor], weights: Sequence[float], dtype: torch.dtype | None = None
) -> tuple[Tensor, TensorMergeReport]:
    """The base plus the weighted sum of the task vectors; the weights stand as they are.

    The result is in `dtype` (the base's if None). ValueError as of `tensors.check_tensors`, and for weights that are
    not one a model.
    """
    _check_weights(weights, models)
    return _merged(base, models, tuple(weights), dtype)


@torch.no_grad()
def _merged(
    base: Tensor, models: Sequence[Tensor], weights: tuple[float, ...], dtype: torch.dtype | None
) -> tuple[Tensor, TensorMergeReport]:
    """Base plus weighted deltas; with weights that sum to 1 that is the weighted mean of the models."""
    check_tensors(base, models, dtype)
    base_N, models_MN = base.reshape(-1), [model.reshape(-1) for model in models]
    result_N = torch.empty_like(base_N, dtype=dtype or base.dtype)
    conflicts = changed = 0
    squares_M = [0.0] * len(models)
    for start in range(0, len(base_N), BLOCK_ELEMENTS):
        block = slice(start, min(start + BLOCK_ELEMENTS, len(base_N)))
        base_n = base_N[block].double()
        merged_n = base_n.clone()
        up_n = torch.zeros_like(base_n, dtype=torch.bool)
        down_n = up_n.clone()
        for number, model_N in enumerate(models_MN):
            delta_n = model_N[block].double() - base_n
            up_n |= delta_n > 0
            down_n |= delta_n < 0
            squares_M[number] += delta_n.square().sum().item()
            merged_n += delta_n * weights[number]
        result_N[block] = merged_n.to(result_N.dtype)
        conflicts += int((up_n & down_n).sum())
        changed += int((result_N[block] != base_N[block].to(result_N.dtype)).sum())
    kept = (1.0,) * len(models)
    report = TensorMergeReport(base.numel(), base.numel(), conflicts, changed, weights, kept, tuple(squares_M))
    return result_N.reshape(base.shape), report


def _check_weights(weights: Sequence[float], models: Sequence[Tensor]) -> None:
    if len(weights) != len(models):
        raise ValueError(f"{len(weights)} weights for {len(models)} models")
