"""Attention with its log-sum-exp, so that attention over a shared prompt and over a row's own tokens merge exactly.

softmax over the union of two sets of keys is a weighted sum of the softmaxes over each, with weights exp(lse_i - lse).
The backward pass of a flash kernel needs of the forward pass its output and log-sum-exp alone; given the merged ones,
its gradients over one set of keys are this set's share of the gradients over the union.

torch's kernels that give the log-sum-exp are not part of its public interface. So `quick` tries one on a small problem
before it is trusted, and wherever none is there or none agrees, plain operations do the work.

Shapes: B rows, h query heads, k key-value heads (h a multiple of k), L queries, M keys, d numbers a head.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import torch
from torch import Tensor

SCORES_AT_A_TIME = 2**22  # of the plain form: 16 MiB in float32
TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-4}  # of the trial, relative; 16-bit numbers get 5e-2


class Kernel(Protocol):
    """A forward and a backward pass on equal numbers of query and key-value heads."""

    def forward(
        self, query_BhLd: Tensor, key_BhMd: Tensor, value_BhMd: Tensor, causal: bool, scale: float
    ) -> tuple[Tensor, Tensor]:
        """(output_BhLd, lse_BhL)."""
        ...

    def backward(
        self,
        gradient_BhLd: Tensor,
        query_BhLd: Tensor,
        key_BhMd: Tensor,
        value_BhMd: Tensor,
        output_BhLd: Tensor,
        lse_BhL: Tensor,
        causal: bool,
        scale: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of query, key and value; `output` and `lse` may be those of a larger set of keys."""
        ...


def attention_with_lse(
    query_BhLd: Tensor, key_BkMd: Tensor, value_BkMd: Tensor, *, causal: bool, scale: float
) -> tuple[Tensor, Tensor]:
    """(output_BhLd in the query's dtype, lse_BhL in float32, or float64 for float64): no gradient is recorded.

    `causal` lets query i see the keys 0 .. i and asks for L == M. M = 0 gives zeros and a log-sum-exp of -inf.
    """
    batch, heads, queries, width = query_BhLd.shape
    shared = heads // key_BkMd.shape[1]
    if causal and queries != key_BkMd.shape[2]:
        raise ValueError(f"causal attention of {queries} queries over {key_BkMd.shape[2]} keys, expected as many")
    with torch.no_grad():
        if not query_BhLd.numel() or not key_BkMd.numel():
            lse_BhL = query_BhLd.new_full((batch, heads, queries), -torch.inf, dtype=_wide(query_BhLd.dtype))
            return torch.zeros_like(query_BhLd), lse_BhL
        kernel = quick(query_BhLd.device.type, query_BhLd.dtype, width)
        forward = kernel.forward if kernel else plain_forward
        if causal:
            return forward(query_BhLd, _repeated(key_BkMd, shared), _repeated(value_BkMd, shared), True, scale)
        folded_BkNd = query_BhLd.reshape(batch, heads // shared, shared * queries, width)
        output_BkNd, lse_BkN = forward(folded_BkNd, key_BkMd, value_BkMd, False, scale)
        return output_BkNd.reshape(query_BhLd.shape), lse_BkN.reshape(batch, heads, queries)


def attention_gradients(
    kernel: Kernel,
    gradient_BhLd: Tensor,
    query_BhLd: Tensor,
    key_BkMd: Tensor,
    value_BkMd: Tensor,
    output_BhLd: Tensor,
    lse_BhL: Tensor,
    *,
    causal: bool,
    scale: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of query, key and value over these keys, given the output and log-sum-exp over all keys."""
    batch, heads, queries, width = query_BhLd.shape
    keys = key_BkMd.shape[1]
    shared = heads // keys
    if causal:
        query_gradient_BhLd, *expanded = kernel.backward(
            gradient_BhLd,
            query_BhLd,
            _repeated(key_BkMd, shared),
            _repeated(value_BkMd, shared),
            output_BhLd,
            lse_BhL,
            True,
            scale,
        )
        key_gradient, value_gradient = (
            gradient.reshape(batch, keys, shared, -1, width).sum(2) if shared > 1 else gradient for gradient in expanded
        )
        return query_gradient_BhLd, key_gradient, value_gradient
    folded = (batch, keys, shared * queries, width)
    query_gradient_BkNd, key_gradient, value_gradient = kernel.backward(
        gradient_BhLd.reshape(folded),
        query_BhLd.reshape(folded),
        key_BkMd,
        value_BkMd,
        output_BhLd.reshape(folded),
        lse_BhL.reshape(folded[:3]),
        False,
        scale,
    )
    return query_gradient_BkNd.reshape(query_BhLd.shape), key_gradient, value_gradient


def merge(outputs: Sequence[Tensor], lses: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """(output, lse) over the union of disjoint sets of keys, from each set's output [..., d] and log-sum-exp [...].

    Weights are taken in float32 (float64 for float64), the output is given in the dtype of the first. A set without
    keys (log-sum-exp -inf) weighs nothing, whatever its output holds, as long as some set has keys.
    """
    stacked = torch.stack([lse.to(_wide(lse.dtype)) for lse in lses])
    lse = stacked.logsumexp(0)
    merged: Tensor | None = None
    for output, weight in zip(outputs, (stacked - lse).exp(), strict=True):
        part = output * weight.unsqueeze(-1)
        merged = part if merged is None else merged.add_(part)
    if merged is None:
        raise ValueError("nothing to merge")
    return merged.to(outputs[0].dtype), lse


def plain_forward(
    query_BhLd: Tensor, key_BhMd: Tensor, value_BhMd: Tensor, causal: bool, scale: float
) -> tuple[Tensor, Tensor]:
    """`Kernel.forward` in plain operations, some queries at a time: the reference, and the fallback."""
    wide = _wide(query_BhLd.dtype)
    batch, heads, queries, _ = query_BhLd.shape
    keys = key_BhMd.shape[2]
    output_BhLd = torch.empty_like(query_BhLd)
    lse_BhL = query_BhLd.new_empty((batch, heads, queries), dtype=wide)
    key_BhdM, value_BhMd = key_BhMd.to(wide).transpose(2, 3), value_BhMd.to(wide)
    step = max(1, SCORES_AT_A_TIME // (batch * heads * keys))
    for start in range(0, queries, step):
        block = slice(start, min(start + step, queries))
        score_BhlM = (query_BhLd[:, :, block].to(wide) * scale) @ key_BhdM
        if causal:
            late_lM = torch.ones(score_BhlM.shape[2:], dtype=torch.bool, device=score_BhlM.device).triu(start + 1)
            score_BhlM.masked_fill_(late_lM, -torch.inf)
        lse_Bhl = score_BhlM.logsumexp(-1)
        lse_BhL[:, :, block] = lse_Bhl
        output_BhLd[:, :, block] = (score_BhlM.sub_(lse_Bhl.unsqueeze(-1)).exp_() @ value_BhMd).to(output_BhLd.dtype)
    return output_BhLd, lse_BhL


class _CpuFlash:
    def forward(
        self, query_BhLd: Tensor, key_BhMd: Tensor, value_BhMd: Tensor, causal: bool, scale: float
    ) -> tuple[Tensor, Tensor]:
        return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            query_BhLd, key_BhMd, value_BhMd, 0.0, causal, scale=scale
        )

    def backward(
        self,
        gradient_BhLd: Tensor,
        query_BhLd: Tensor,
        key_BhMd: Tensor,
        value_BhMd: Tensor,
        output_BhLd: Tensor,
        lse_BhL: Tensor,
        causal: bool,
        scale: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(
            gradient_BhLd, query_BhLd, key_BhMd, value_BhMd, output_BhLd, lse_BhL, 0.0, causal, scale=scale
        )


class _CudaFlash:
    """16-bit numbers on recent GPUs; heads of a multiple of 8 numbers."""

    def forward(
        self, query_BhLd: Tensor, key_BhMd: Tensor, value_BhMd: Tensor, causal: bool, scale: float
    ) -> tuple[Tensor, Tensor]:
        output_BhLd, lse_BhL, *_ = torch.ops.aten._scaled_dot_product_flash_attention(
            query_BhLd, key_BhMd, value_BhMd, 0.0, causal, False, scale=scale
        )
        return output_BhLd, lse_BhL

    def backward(
        self,
        gradient_BhLd: Tensor,
        query_BhLd: Tensor,
        key_BhMd: Tensor,
        value_BhMd: Tensor,
        output_BhLd: Tensor,
        lse_BhL: Tensor,
        causal: bool,
        scale: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        dropout_state = torch.zeros(2, dtype=torch.uint64, device=query_BhLd.device)  # unread: there is no dropout
        return torch.ops.aten._scaled_dot_product_flash_attention_backward(
            gradient_BhLd,
            query_BhLd,
            key_BhMd,
            value_BhMd,
            output_BhLd,
            lse_BhL.contiguous(),
            None,
            None,
            query_BhLd.shape[2],
            key_BhMd.shape[2],
            0.0,
            causal,
            dropout_state,
            dropout_state[:0],
            scale=scale,
        )


class _CudaEfficient:
    """float32 too; its log-sum-exp is padded to a multiple of 32 queries."""

    def forward(
        self, query_BhLd: Tensor, key_BhMd: Tensor, value_BhMd: Tensor, causal: bool, scale: float
    ) -> tuple[Tensor, Tensor]:
        output_BhLd, lse_BhL, *_ = torch.ops.aten._scaled_dot_product_efficient_attention(
            query_BhLd, key_BhMd, value_BhMd, None, True, 0.0, causal, scale=scale
        )
        return output_BhLd, lse_BhL[..., : query_BhLd.shape[2]]

    def backward(
        self,
        gradient_BhLd: Tensor,
        query_BhLd: Tensor,
        key_BhMd: Tensor,
        value_BhMd: Tensor,
        output_BhLd: Tensor,
        lse_BhL: Tensor,
        causal: bool,
        scale: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        padded = torch.nn.functional.pad(lse_BhL, (0, -query_BhLd.shape[2] % 32), value=torch.inf)
        dropout_state = torch.zeros((), dtype=torch.int64, device=query_BhLd.device)  # unread: there is no dropout
        query_gradient, key_gradient, value_gradient, _ = (
            torch.ops.aten._scaled_dot_product_efficient_attention_backward(
                gradient_BhLd,
                query_BhLd,
                key_BhMd,
                value_BhMd,
                None,
                output_BhLd,
                padded,
                dropout_state,
                dropout_state,
                0.0,
                [True, True, True, False],
                causal,
                scale=scale,
            )
        )
        return query_gradient, key_gradient, value_gradient


CANDIDATES: dict[str, tuple[type[Kernel], ...]] = {"cpu": (_CpuFlash,), "cuda": (_CudaFlash, _CudaEfficient)}


@lru_cache(maxsize=64)
def quick(device_type: str, dtype: torch.dtype, width: int) -> Kernel | None:
    """torch's quickest kernel for heads of `width` numbers that passes a trial on this device; None: plain operations.

    The trial's numbers are fixed and leave torch's random state alone.
    """
    for candidate in CANDIDATES.get(device_type, ()):
        kernel = candidate()
        if passes_trial(kernel, device_type, dtype, width):
            return kernel
    return None


def passes_trial(kernel: Kernel, device_type: str, dtype: torch.dtype, width: int) -> bool:
    """Whether outputs, log-sum-exp and gradients over keys in two parts, merged, are those of the plain form."""
    generator = torch.Generator().manual_seed(0)
    shape, scale = (1, 2, 40, width), width**-0.5
    query, key, value, gradient = (torch.randn(shape, generator=generator).to(device_type, dtype) for _ in range(4))
    for causal, second in ((False, slice(24, 40)), (True, slice(0, 40))):
        first = slice(0, 24) if not causal else slice(0, 40)
        expected = _expected(query, key, value, gradient, scale, causal, first, second)
        try:
            parts = [
                kernel.forward(query, key[:, :, first], value[:, :, first], False, scale),
                kernel.forward(query, key[:, :, second], value[:, :, second], causal, scale),
            ]
            output, lse = merge(*zip(*parts, strict=True))
            one = kernel.backward(gradient, query, key[:, :, first], value[:, :, first], output, lse, False, scale)
            two = kernel.backward(gradient, query, key[:, :, second], value[:, :, second], output, lse, causal, scale)
        except (RuntimeError, NotImplementedError, AttributeError, TypeError, ValueError):
            return False
        found = (output, lse, one[0] + two[0], *one[1:], *two[1:])
        tolerance = TOLERANCES.get(dtype, 5e-2)
        if not all(_agree(ours, theirs, tolerance) for ours, theirs in zip(found, expected, strict=True)):
            return False
    return True


def _expected(
    query: Tensor, key: Tensor, value: Tensor, gradient: Tensor, scale: float, causal: bool, first: slice, second: slice
) -> tuple[Tensor, ...]:
    """Output, log-sum-exp and the gradients of query, first keys and values, second keys and values, in float64."""
    double = [
        tensor.detach().double().requires_grad_()
        for tensor in (query, key[:, :, first], value[:, :, first], key[:, :, second], value[:, :, second])
    ]
    with torch.enable_grad():
        score = scale * double[0] @ torch.cat([double[1], double[3]], 2).transpose(2, 3)
        if causal:
            late = torch.ones_like(score[0, 0], dtype=torch.bool).triu(1 + double[1].shape[2])
            score = score.masked_fill(late, -torch.inf)
        output = score.softmax(-1) @ torch.cat([double[2], double[4]], 2)
        gradients = torch.autograd.grad(output, double, gradient.double())
    return output.detach(), score.detach().logsumexp(-1), *gradients


def _agree(ours: Tensor, theirs: Tensor, tolerance: float) -> bool:
    return ours.shape == theirs.shape and bool(((ours.double() - theirs).norm() <= tolerance * theirs.norm()).item())


def _repeated(key_BkMd: Tensor, times: int) -> Tensor:
    """[B, k * times, M, d]: each key-value head for the query heads that share it."""
    return key_BkMd if times == 1 else key_BkMd.repeat_interleave(times, dim=1)


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32
