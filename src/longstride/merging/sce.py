"""SCE merging of one tensor: Select, Calculate, Erase (FuseChat, arXiv 2408.07990; used in paper 4.1).

With task vectors delta_i = model_i - base:

- Select: the `topk` share of elements where the deltas vary most across models (population variance). The share is of
  the elements whose variance is not 0, rounded down, as both published codes count it. topk = 1 leaves the step out.
- Calculate: one coefficient a model and tensor, its sum of squared selected deltas over that of all models; equal
  coefficients if every selected delta is 0.
- Erase: an element's sign is that of the plain sum of its deltas; deltas of the other sign are dropped. The merged
  delta is the mean of the rest, weighted by the coefficients (divided by the sum of those left at the element).

`variant="masked"` erases and sums the selected deltas, so what is not selected keeps the base (as mergekit does);
`variant="unmasked"` uses the selection for the coefficients only (as the FuseAI code does). They differ for topk < 1.

Where the two codes leave something open or differ from each other, it is defined here:
- elements that tie at the edge of the selection: the lowest index first (theirs: whatever `torch.topk` returns);
- a sum of exactly 0 counts as positive: the positive deltas are kept (theirs too); a delta of 0 carries no sign;
- where no weight is left the element keeps the base, so deltas that are all 0 give the base back;
- one model has no variance: with topk < 1 nothing is selected, so "masked" gives the base, "unmasked" the model;
- no small constants: mergekit of 2026 takes equal coefficients below a mean square of 1e-6 and divides by at least
  1e-6. The deltas of RL at a learning rate of 2e-6 lie below that, and would never get coefficients of their own.

The arithmetic is float64 on blocks that stay in cache; the result is rounded once, to its dtype. Variances are
compared as float32 (those of two models, which need no base, are computed so too) and coefficients kept to float32's
precision, so that the size of the blocks and the order of the models do not show. Memory beside inputs and result: some
tens of MB, whatever the size of a (contiguous) tensor. The k-th largest variance is found exactly by counting, the high
halves of all bits and then the low, instead of by a sort.

Shapes: N elements of the tensor, n of a block, M models.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from longstride.merging.tensors import check_tensors

Variant = Literal["masked", "unmasked"]
BLOCK_ELEMENTS = 2**16  # 512 KiB of float64 for each tensor of a block, which stays in cache


@dataclass(frozen=True)
class TensorMergeReport:
    """What a merge did to one tensor."""

    elements: int
    selected: int  # by Select; all for topk = 1
    sign_conflicts: int  # elements where Erase dropped something
    changed: int  # elements of the result that differ from the base, in the result's dtype
    coefficients: tuple[float, ...]  # one a model, summing to 1
    retention: tuple[float, ...]  # of each model's squared task vector, the share that neither step removed; 1 for none
    squares: tuple[float, ...]  # each model's squared task vector

    @property
    def selected_share(self) -> float:
        return self.selected / max(1, self.elements)

    @property
    def conflict_share(self) -> float:
        return self.sign_conflicts / max(1, self.elements)

    @property
    def changed_share(self) -> float:
        return self.changed / max(1, self.elements)


def merge_tensors(
    base: Tensor,
    models: Sequence[Tensor],
    topk: float = 1.0,
    variant: Variant = "masked",
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Merge one tensor of any shape from several models by SCE; the result has the base's shape and device.

    `topk` in (0, 1]. `dtype` of the result: the base's if None, and then the models must be of it too; where one is
    given, each may be of its own (a base of bfloat16 under float32 masters, say). ValueError: a topk outside of its
    range or NaN, an unknown variant, and what `tensors.check_tensors` refuses.
    """
    return merge_tensors_with_report(base, models, topk, variant, dtype)[0]


@torch.no_grad()
def merge_tensors_with_report(
    base: Tensor,
    models: Sequence[Tensor],
    topk: float = 1.0,
    variant: Variant = "masked",
    dtype: torch.dtype | None = None,
) -> tuple[Tensor, TensorMergeReport]:
    """`merge_tensors`, and what it did: shares selected, in conflict and changed, coefficients, retention."""
    _check_settings(topk, variant)
    check_tensors(base, models, dtype)
    base_N, models_MN = base.reshape(-1), [model.reshape(-1) for model in models]
    selection = _Selection.of(base_N, models_MN, topk) if topk < 1 else None

    squares_M, selected_squares_M = [0.0] * len(models), [0.0] * len(models)
    for block, place_k in _blocks(base_N, models_MN, selection):
        _, deltas_Mn = _deltas(base_N[block], [model_N[block] for model_N in models_MN], None)
        for number, delta_n in enumerate(deltas_Mn):
            delta_k = delta_n if place_k is None else delta_n.index_select(0, place_k)
            squares_M[number] += delta_n.dot(delta_n).item()
            selected_squares_M[number] += delta_k.dot(delta_k).item()
    coefficients = _coefficients(selected_squares_M)

    result_N = torch.empty_like(base_N, dtype=dtype or base.dtype)
    conflicts = changed = 0
    kept_squares_M = [0.0] * len(models)
    for block, place_k in _blocks(base_N, models_MN, selection if variant == "masked" else None):
        base_k, deltas_Mk = _deltas(base_N[block], [model_N[block] for model_N in models_MN], place_k)
        conflicts += _erase(deltas_Mk)
        for number, delta_k in enumerate(deltas_Mk):
            kept_squares_M[number] += delta_k.dot(delta_k).item()
        merged_k = (base_k + _weighted_mean(deltas_Mk, coefficients)).to(result_N.dtype)
        changed += int((merged_k != base_k.to(result_N.dtype)).sum())
        if place_k is None:
            result_N[block] = merged_k
        else:
            result_N[block] = base_N[block]
            result_N[block].index_copy_(0, place_k, merged_k)

    retention = tuple(kept / whole if whole else 1.0 for kept, whole in zip(kept_squares_M, squares_M, strict=True))
    selected = selection.count if selection else base.numel()
    report = TensorMergeReport(base.numel(), selected, conflicts, changed, coefficients, retention, tuple(squares_M))
    return result_N.reshape(base.shape), report


@dataclass(frozen=True)
class _Selection:
    """The `count` elements of largest variance: all above `edge`, and the first `at_edge` of those that equal it."""

    count: int
    edge: float
    at_edge: int

    @classmethod
    def of(cls, base_N: Tensor, models_MN: Sequence[Tensor], topk: float) -> _Selection:
        """Exact selection in two counts: float32 >= 0 sort as their bits do, so the high 16 bits, then the low 16."""
        high_counts = torch.zeros(2**15, dtype=torch.int64)  # the sign bit is never set
        varying = 0
        for block in _places(base_N):
            bits_n = _variance(base_N, models_MN, block).view(torch.int32)
            varying += int(bits_n.count_nonzero())
            high_counts += torch.bincount(bits_n >> 16, minlength=2**15).cpu()
        count = math.floor(topk * varying)
        if count == 0:
            return cls(0, math.inf, 0)
        high, wanted = _bucket(high_counts, count)
        low_counts = torch.zeros(2**16, dtype=torch.int64)
        for block in _places(base_N):
            bits_n = _variance(base_N, models_MN, block).view(torch.int32)
            low_k = (bits_n[bits_n >> 16 == high] & 0xFFFF).long().cpu()
            low_counts.index_add_(0, low_k, torch.ones_like(low_k))
        low, at_edge = _bucket(low_counts, wanted)
        edge = torch.tensor(high << 16 | low, dtype=torch.int32).view(torch.float32).item()
        return cls(count, edge, at_edge)


def _bucket(counts: Tensor, wanted: int) -> tuple[int, int]:
    """(the bucket that holds the `wanted`-th largest, how many of that bucket are wanted)."""
    from_above = counts.flip(0).cumsum(0)
    place = int((from_above < wanted).sum())
    above = int(from_above[place - 1]) if place else 0
    return len(counts) - 1 - place, wanted - above


def _places(base_N: Tensor) -> Iterator[slice]:
    for start in range(0, len(base_N), BLOCK_ELEMENTS):
        yield slice(start, min(start + BLOCK_ELEMENTS, len(base_N)))


def _blocks(
    base_N: Tensor, models_MN: Sequence[Tensor], selection: _Selection | None
) -> Iterator[tuple[slice, Tensor | None]]:
    """Blocks in order: where they lie, and the places of the selected elements in them (None: all)."""
    left = selection.at_edge if selection else 0
    for block in _places(base_N):
        if selection is None:
            yield block, None
            continue
        variance_n = _variance(base_N, models_MN, block)
        selected_n = variance_n > selection.edge
        if left:
            edge_n = variance_n == selection.edge
            at_edge = int(edge_n.count_nonzero())
            selected_n |= edge_n if at_edge <= left else edge_n & (edge_n.cumsum(0) <= left)
            left = max(0, left - at_edge)
        yield block, selected_n.nonzero()[:, 0]


def _deltas(base_n: Tensor, models_Mn: Sequence[Tensor], place_k: Tensor | None) -> tuple[Tensor, list[Tensor]]:
    """Base and deltas at `place_k` (None: everywhere) in float64; the deltas are memory of their own."""
    chosen = [each if place_k is None else each.index_select(0, place_k) for each in (base_n, *models_Mn)]
    base_k = chosen[0].double()
    return base_k, [model_k.double() - base_k for model_k in chosen[1:]]


def _erase(deltas_Mk: Sequence[Tensor]) -> int:
    """Set deltas against the sign of the sum to 0, in place; gives the number of elements where any was."""
    positive_k = sum(deltas_Mk[1:], start=deltas_Mk[0]) >= 0
    conflict_k = torch.zeros_like(positive_k)
    for delta_k in deltas_Mk:
        against_k = torch.where(positive_k, delta_k < 0, delta_k > 0)
        conflict_k |= against_k
        delta_k.masked_fill_(against_k, 0.0)
    return int(conflict_k.sum())


def _weighted_mean(deltas_Mk: Sequence[Tensor], coefficients: Sequence[float]) -> Tensor:
    """Mean of the deltas that are not 0, weighted by the coefficients; 0 where no weight is left."""
    merged_k, weight_k = torch.zeros_like(deltas_Mk[0]), torch.zeros_like(deltas_Mk[0])
    for delta_k, coefficient in zip(deltas_Mk, coefficients, strict=True):
        merged_k.add_(delta_k, alpha=coefficient)
        weight_k.add_(delta_k != 0, alpha=coefficient)
    return merged_k.div_(weight_k.masked_fill_(weight_k == 0, 1.0))


def _variance(base_N: Tensor, models_MN: Sequence[Tensor], block: slice) -> Tensor:
    """Population variance across models, as float32 [n]; of two models, the square of half their difference."""
    if len(models_MN) == 2:
        one_n, other_n = (model_N[block] for model_N in models_MN)
        dtype = torch.promote_types(torch.promote_types(one_n.dtype, other_n.dtype), torch.float32)
        half_n = (one_n.to(dtype) - other_n).mul_(0.5).float()
        return half_n.square_()
    _, deltas_Mn = _deltas(base_N[block], [model_N[block] for model_N in models_MN], None)
    mean_n = sum(deltas_Mn[1:], start=deltas_Mn[0]) / len(deltas_Mn)
    total_n = torch.zeros_like(mean_n)
    for delta_n in deltas_Mn:
        total_n += (delta_n - mean_n).square_()
    return (total_n / len(deltas_Mn)).float()


def _coefficients(squares_M: Sequence[float]) -> tuple[float, ...]:
    total = math.fsum(squares_M)
    if total == 0:
        return (1 / len(squares_M),) * len(squares_M)
    return tuple(torch.tensor([square / total for square in squares_M]).tolist())  # float32: see the file's head


def _check_settings(topk: float, variant: str) -> None:
    if variant not in get_args(Variant):
        raise ValueError(f"unknown variant {variant!r}; known: {', '.join(get_args(Variant))}")
    if not 0 < topk <= 1:  # NaN too
        raise ValueError(f"topk is {topk}, expected a share in (0, 1]")
