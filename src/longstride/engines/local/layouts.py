"""Who attends to whom where a prompt is shared: once causally by itself, and by every row that follows it.

A row's token attends to the whole prefix and causally to its own row. Both parts are exact attention over disjoint
sets of keys, merged by their log-sum-exp (`kernels`); the prefix part is one dense call for the tokens of all rows, so
that ragged rows cost no padding. Where no kernel gives a log-sum-exp that training can trust, or on request, public
operations do the same with one masked call a row.

Layouts travel as arguments of the forward call; recomputing a layer under checkpointing meets its own layout again.

Shapes: 1 sequence, h query heads, k key-value heads (h a multiple of k), P positions of the prefix, N of all rows
together, c of one row, d numbers a head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import scaled_dot_product_attention

from longstride.engines.local.kernels import Kernel, attention_gradients, attention_with_lse, merge, quick

OPERATIONS = ("quick", "public")


@dataclass
class KeysOnly:
    """Takes a layer's keys and values and lets nobody attend."""

    _pair: tuple[Tensor, Tensor] | None = None

    def attend(self, layer: int, query_1hLd: Tensor, key_1kLd: Tensor, value_1kLd: Tensor, scale: float) -> Tensor:
        self._pair = key_1kLd, value_1kLd
        return torch.zeros_like(query_1hLd.detach()).transpose(1, 2)

    def taken(self) -> tuple[Tensor, Tensor]:
        """(key, value); RuntimeError before a layer ran."""
        if self._pair is None:
            raise RuntimeError("no layer has attended yet")
        return self._pair


@dataclass
class Prefix:
    """A prompt by itself: causal attention, and each layer's keys and values kept for the rows.

    They keep their graph. A layer that is recomputed finds its pair taken and leaves it as it is.
    """

    pairs: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict[int, tuple[Tensor, Tensor]])

    def attend(self, layer: int, query_1hPd: Tensor, key_1kPd: Tensor, value_1kPd: Tensor, scale: float) -> Tensor:
        self.pairs.setdefault(layer, (key_1kPd, value_1kPd))
        return causal_attention(query_1hPd, key_1kPd, value_1kPd, scale).transpose(1, 2)


@dataclass(frozen=True)
class Packed:
    """One sequence [prefix, row 1, ..., row G]; the prefix may be empty."""

    prefix_length: int
    lengths: tuple[int, ...]  # of the rows
    operations: str = "quick"

    def attend(self, layer: int, query_1hLd: Tensor, key_1kLd: Tensor, value_1kLd: Tensor, scale: float) -> Tensor:
        sizes = [self.prefix_length, sum(self.lengths)]
        query, key, value = (tensor.split(sizes, dim=2) for tensor in (query_1hLd, key_1kLd, value_1kLd))
        rows_1hNd = shared_attention(
            query[1], key[0], value[0], key[1], value[1], self.lengths, scale, operations=self.operations
        )
        if not self.prefix_length:
            return rows_1hNd.transpose(1, 2)
        prefix_1hPd = causal_attention(query[0], key[0], value[0], scale)
        return torch.cat([prefix_1hPd.transpose(1, 2), rows_1hNd.transpose(1, 2)], dim=1)


class PairsByLayer(Protocol):
    """A layer's (key, value) [1, k, P, d] of a prefix: a dictionary, or `GatheringPrefix`."""

    def __getitem__(self, layer: int, /) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True)
class GatheringPrefix:
    """A prefix cut off from its own graph: what rows send back to its keys and values is summed in float32.

    Rows can so go forward and back one after the other, and the prefix goes back once, with the sums.
    """

    pairs: dict[int, tuple[Tensor, Tensor]]  # with their graph, as `Prefix` took them
    sums: dict[int, tuple[Tensor, Tensor]]

    @classmethod
    def of(cls, pairs: dict[int, tuple[Tensor, Tensor]]) -> GatheringPrefix:
        zeros = {layer: (_zeros(key), _zeros(value)) for layer, (key, value) in pairs.items()}
        return cls(pairs, zeros)

    def __getitem__(self, layer: int, /) -> tuple[Tensor, Tensor]:
        key, value = (
            _Gather.apply(tensor.detach().requires_grad_(), into) if tensor.requires_grad else tensor
            for tensor, into in zip(self.pairs[layer], self.sums[layer], strict=True)
        )
        return key, value

    def backward(self) -> None:
        """Send the sums on through the prefix's own graph, which is used up."""
        roots = [
            (tensor, gathered.to(tensor.dtype))
            for layer, pair in self.pairs.items()
            for tensor, gathered in zip(pair, self.sums[layer], strict=True)
            if tensor.requires_grad
        ]
        if roots:
            torch.autograd.backward([tensor for tensor, _ in roots], [gathered for _, gathered in roots])


@dataclass(frozen=True)
class Rows:
    """Rows alone, one after the other, over the keys and values that each layer has of their prefix."""

    prefix: PairsByLayer
    lengths: tuple[int, ...]
    operations: str = "quick"

    def attend(self, layer: int, query_1hNd: Tensor, key_1kNd: Tensor, value_1kNd: Tensor, scale: float) -> Tensor:
        prefix_key_1kPd, prefix_value_1kPd = self.prefix[layer]
        rows_1hNd = shared_attention(
            query_1hNd,
            prefix_key_1kPd,
            prefix_value_1kPd,
            key_1kNd,
            value_1kNd,
            self.lengths,
            scale,
            operations=self.operations,
        )
        return rows_1hNd.transpose(1, 2)


def causal_attention(query_1hLd: Tensor, key_1kLd: Tensor, value_1kLd: Tensor, scale: float) -> Tensor:
    """[1, h, L, d]: each position attends to itself and those before it."""
    shared = query_1hLd.shape[1] != key_1kLd.shape[1]
    return scaled_dot_product_attention(
        query_1hLd, key_1kLd, value_1kLd, is_causal=True, scale=scale, enable_gqa=shared
    )


def shared_attention(
    query_1hNd: Tensor,
    prefix_key_1kPd: Tensor,
    prefix_value_1kPd: Tensor,
    key_1kNd: Tensor,
    value_1kNd: Tensor,
    lengths: Sequence[int],
    scale: float,
    *,
    operations: str = "quick",
) -> Tensor:
    """[1, h, N, d]: rows of `lengths` tokens, each over the whole prefix and causally over itself.

    operations: "quick" takes torch's flash kernels where they pass a trial (`kernels.quick`), else "public" ones.
    """
    kernel = None
    if operations == "quick":
        kernel = quick(query_1hNd.device.type, query_1hNd.dtype, query_1hNd.shape[-1])
    inputs = (query_1hNd, prefix_key_1kPd, prefix_value_1kPd, key_1kNd, value_1kNd)
    if kernel is None:
        return _public_attention(*inputs, lengths, scale)
    return _SharedAttention.apply(*inputs, tuple(lengths), scale, kernel)


def _public_attention(
    query_1hNd: Tensor,
    prefix_key_1kPd: Tensor,
    prefix_value_1kPd: Tensor,
    key_1kNd: Tensor,
    value_1kNd: Tensor,
    lengths: Sequence[int],
    scale: float,
) -> Tensor:
    """One call of `scaled_dot_product_attention` a row, over its own copy of the prefix's keys."""
    prefix, grouped = prefix_key_1kPd.shape[2], query_1hNd.shape[1] != key_1kNd.shape[1]
    if not prefix:
        rows = zip(*(tensor.split(list(lengths), dim=2) for tensor in (query_1hNd, key_1kNd, value_1kNd)), strict=True)
        return torch.cat([causal_attention(query, key, value, scale) for query, key, value in rows], dim=2)
    masks: dict[int, Tensor] = {}
    outputs: list[Tensor] = []
    splits = (tensor.split(list(lengths), dim=2) for tensor in (query_1hNd, key_1kNd, value_1kNd))
    for query_1hcd, key_1kcd, value_1kcd in zip(*splits, strict=True):
        length = query_1hcd.shape[2]
        if length not in masks:
            seen = torch.ones((length, prefix + length), dtype=torch.bool, device=query_1hNd.device)
            masks[length] = seen.tril_(prefix)
        outputs.append(
            scaled_dot_product_attention(
                query_1hcd,
                torch.cat([prefix_key_1kPd, key_1kcd], dim=2),
                torch.cat([prefix_value_1kPd, value_1kcd], dim=2),
                attn_mask=masks[length],
                scale=scale,
                enable_gqa=grouped,
            )
        )
    return torch.cat(outputs, dim=2)


class _SharedAttention(torch.autograd.Function):
    """Two flash calls merged; the backward pass gives each the merged output and log-sum-exp."""

    @staticmethod
    def forward(
        ctx: Any,
        query_1hNd: Tensor,
        prefix_key_1kPd: Tensor,
        prefix_value_1kPd: Tensor,
        key_1kNd: Tensor,
        value_1kNd: Tensor,
        lengths: tuple[int, ...],
        scale: float,
        kernel: Kernel,
    ) -> Any:
        own = [
            attention_with_lse(query, key, value, causal=True, scale=scale)
            for query, key, value in _by_row(lengths, query_1hNd, key_1kNd, value_1kNd)
        ]
        output_1hNd = torch.cat([output for output, _ in own], dim=2)
        lse_1hN = torch.cat([lse for _, lse in own], dim=2)
        if prefix_key_1kPd.shape[2]:
            over_prefix = attention_with_lse(query_1hNd, prefix_key_1kPd, prefix_value_1kPd, causal=False, scale=scale)
            output_1hNd, lse_1hN = merge((over_prefix[0], output_1hNd), (over_prefix[1], lse_1hN))
        ctx.save_for_backward(
            query_1hNd, prefix_key_1kPd, prefix_value_1kPd, key_1kNd, value_1kNd, output_1hNd, lse_1hN
        )
        ctx.settings = lengths, scale, kernel
        return output_1hNd

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        query, prefix_key, prefix_value, key, value, output, lse = ctx.saved_tensors
        lengths, scale, kernel = ctx.settings
        gradient = gradients[0]
        own = [
            attention_gradients(kernel, *row, causal=True, scale=scale)
            for row in _by_row(lengths, gradient, query, key, value, output, lse)
        ]
        query_gradient, key_gradient, value_gradient = (torch.cat(parts, dim=2) for parts in zip(*own, strict=True))
        prefix_gradients: list[Tensor] | tuple[None, None] = (None, None)
        if prefix_key.shape[2]:
            over_prefix, *prefix_gradients = attention_gradients(
                kernel, gradient, query, prefix_key, prefix_value, output, lse, causal=False, scale=scale
            )
            query_gradient = over_prefix.add_(query_gradient)
        return query_gradient, *prefix_gradients, key_gradient, value_gradient, None, None, None


class _Gather(torch.autograd.Function):
    """The same tensor, whose gradient is added to a sum and goes no further."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, into: Tensor) -> Any:
        ctx.into = into
        return tensor.view_as(tensor)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.into.add_(gradients[0])
        return None, None


def _zeros(tensor: Tensor) -> Tensor:
    return torch.zeros_like(tensor, dtype=torch.promote_types(tensor.dtype, torch.float32))


def _by_row(lengths: Sequence[int], *tensors: Tensor) -> Any:
    """The rows' views of tensors whose positions stand in dimension 2."""
    return zip(*(tensor.split(list(lengths), dim=2) for tensor in tensors), strict=True)
