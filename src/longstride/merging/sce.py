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

The arithmetic is float64 on blocks that stay in cache; the result is rounded once, to the base's dtype. Variances are
compared as float32 and coefficients kept to float32's precision, so that the size of the blocks and the order of the
models do not show. Memory beside inputs and result: some tens of MB, whatever the size of a (contiguous) tensor. The
k-th largest variance is found exactly by counting, the high halves of all bits and then the low, instead of by a sort.

Shapes: N elements of the tensor, n of a block, M models.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

Variant = Literal["masked", "unmasked"]
BLOCK_ELEMENTS = 2**18  # 2 MiB of float64 for each tensor of a block


@dataclass(frozen=True)
class TensorMergeReport:
    """What a merge did to one tensor."""

    elements: int
    selected: int  # by Select; all for topk = 1
    sign_conflicts: int  # elements where Erase dropped something
    changed: int  # elements of the result that differ from the base, in the base's dtype
    coefficients: tuple[float, ...]  # one a model, summing to 1
    retention: tuple[float, ...]  # of each model's squared task vector, the share that neither step removed; 1 for none

    @property
    def selected_share(self) -> float:
        return self.selected / max(1, self.elements)

    @property
    def conflict_share(self) -> float:
        return self.sign_conflicts / max(1, self.elements)

    @property
    def changed_share(self) -> float:
        return self.changed / max(1, self.elements)


def merge_tensors(base: Tensor, models: Sequence[Tensor], topk: float = 1.0, variant: Variant = "masked") -> Tensor:
    """Merge one tensor of any shape from several models by SCE; the result has the base's shape, dtype and device.

    `topk` in (0, 1]. ValueError: a topk outside of it or NaN, an unknown variant, no models, a shape or dtype that is
    not the base's (to merge from float32 masters cast the base too), integers, and NaN or infinities, naming the model.
    """
    return merge_tensors_with_report(base, models, topk, variant)[0]


@torch.no_grad()
def merge_tensors_with_report(
    base: Tensor, models: Sequence[Tensor], topk: float = 1.0, variant: Variant = "masked"
) -> tuple[Tensor, TensorMergeReport]:
    """`merge_tensors`, and what it did: shares selected, in conflict and changed, coefficients, retention."""
    _check(base, models, topk, variant)
    base_N, models_MN = base.reshape(-1), [model.reshape(-1) for model in models]
    selection = _Selection.of(base_N, models_MN, topk) if topk < 1 else None

    squares_M, selected_squares_M = [0.0] * len(models), [0.0] * len(models)
    for _, deltas_Mn, selected_n in _blocks(base_N, models_MN, selection):
        for number, delta_n in enumerate(deltas_Mn):
            square_n = delta_n.square()
            squares_M[number] += square_n.sum().item()
            selected_squares_M[number] += (square_n if selected_n is None else square_n.mul_(selected_n)).sum().item()
    coefficients = _coefficients(selected_squares_M)

    result_N = torch.empty_like(base_N)
    conflicts = changed = 0
    kept_squares_M = [0.0] * len(models)
    for block, deltas_Mn, selected_n in _blocks(base_N, models_MN, selection):
        if selected_n is not None and variant == "masked":
            for delta_n in deltas_Mn:
                delta_n.mul_(selected_n)
        positive_n = sum(deltas_Mn[1:], start=deltas_Mn[0]) >= 0
        merged_n, weight_n = torch.zeros_like(deltas_Mn[0]), torch.zeros_like(deltas_Mn[0])
        conflict_n = torch.zeros_like(positive_n)
        for number, delta_n in enumerate(deltas_Mn):
            kept_n = (delta_n != 0) & ((delta_n > 0) == positive_n)
            conflict_n |= (delta_n != 0) & ~kept_n
            delta_n.mul_(kept_n)
            merged_n += delta_n * coefficients[number]
            weight_n += kept_n * coefficients[number]
            kept_squares_M[number] += delta_n.square().sum().item()
        merged_n.div_(weight_n.masked_fill_(weight_n == 0, 1.0))
        result_N[block] = (base_N[block].double() + merged_n).to(base.dtype)
        conflicts += int(conflict_n.sum())
        changed += int((result_N[block] != base_N[block]).sum())

    retention = tuple(kept / whole if whole else 1.0 for kept, whole in zip(kept_squares_M, squares_M, strict=True))
    selected = selection.count if selection else base.numel()
    report = TensorMergeReport(base.numel(), selected, conflicts, changed, coefficients, retention)
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
        high_counts = torch.zeros(2**16, dtype=torch.int64)
        varying = 0
        for _, deltas_Mn, _ in _blocks(base_N, models_MN, None):
            bits_n = _variance(deltas_Mn).view(torch.int32)
            varying += int(bits_n.count_nonzero())
            high_counts += torch.bincount(bits_n >> 16, minlength=2**16).cpu()
        count = math.floor(topk * varying)
        if count == 0:
            return cls(0, math.inf, 0)
        high, wanted = _bucket(high_counts, count)
        low_counts = torch.zeros(2**16, dtype=torch.int64)
        for _, deltas_Mn, _ in _blocks(base_N, models_MN, None):
            bits_n = _variance(deltas_Mn).view(torch.int32)
            low_counts += torch.bincount(bits_n[bits_n >> 16 == high] & 0xFFFF, minlength=2**16).cpu()
        low, at_edge = _bucket(low_counts, wanted)
        edge = torch.tensor(high << 16 | low, dtype=torch.int32).view(torch.float32).item()
        return cls(count, edge, at_edge)


def _bucket(counts: Tensor, wanted: int) -> tuple[int, int]:
    """(the bucket that holds the `wanted`-th largest, how many of that bucket are wanted)."""
    from_above = counts.flip(0).cumsum(0)
    place = int((from_above < wanted).sum())
    above = int(from_above[place - 1]) if place else 0
    return len(counts) - 1 - place, wanted - above


def _blocks(
    base_N: Tensor, models_MN: Sequence[Tensor], selection: _Selection | None
) -> Iterator[tuple[slice, list[Tensor], Tensor | None]]:
    """Blocks in order: their place, the models' deltas in float64, and which elements are selected (None: all)."""
    left = selection.at_edge if selection else 0
    for start in range(0, len(base_N), BLOCK_ELEMENTS):
        block = slice(start, min(start + BLOCK_ELEMENTS, len(base_N)))
        base_n = base_N[block].double()
        deltas_Mn = [model_N[block].double() - base_n for model_N in models_MN]  # never in place: double() may alias
        if selection is None:
            yield block, deltas_Mn, None
            continue
        variance_n = _variance(deltas_Mn)
        edge_n = variance_n == selection.edge
        selected_n = variance_n > selection.edge
        selected_n |= edge_n & (edge_n.cumsum(0) <= left)
        left = max(0, left - int(edge_n.sum()))
        yield block, deltas_Mn, selected_n


def _variance(deltas_Mn: Sequence[Tensor]) -> Tensor:
    """Population variance across models, rounded to float32 [n]."""
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


def _check(base: Tensor, models: Sequence[Tensor], topk: float, variant: str) -> None:
    if variant not in get_args(Variant):
        raise ValueError(f"unknown variant {variant!r}; known: {', '.join(get_args(Variant))}")
    if not 0 < topk <= 1:  # NaN too
        raise ValueError(f"topk is {topk}, expected a share in (0, 1]")
    if not models:
        raise ValueError("no models to merge")
    if not base.is_floating_point():
        raise ValueError(f"base is {base.dtype}, expected floats")
    for name, tensor in (("base", base), *((f"model {number}", model) for number, model in enumerate(models))):
        if tensor.shape != base.shape or tensor.dtype != base.dtype:
            described = f"{tuple(tensor.shape)} {tensor.dtype}"
            raise ValueError(f"{name} is {described}, the base is {tuple(base.shape)} {base.dtype}; cast one first")
        flat_N = tensor.reshape(-1)
        for start in range(0, len(flat_N), BLOCK_ELEMENTS):
            finite_n = flat_N[start : start + BLOCK_ELEMENTS].isfinite()
            if not bool(finite_n.all()):
                place = start + int((~finite_n).nonzero()[0])
                raise ValueError(f"{name} holds {flat_N[place].item()} at element {place}")
