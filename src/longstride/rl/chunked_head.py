"""Log-probs and entropies of chosen tokens straight from hidden states, never holding all logits (Eqs. 4, 9, 11).

A plain head makes logits [T, V] and keeps several tensors of that size for the backward pass. Here T is walked in
chunks: one buffer [c, V] lives at a time, is turned into probabilities and then into its own gradient in place, tile by
tile while a tile is in cache. Two forms, equal to the plain one up to rounding:

- `chunked_logprobs`: for any loss; the backward pass computes the logits again (4 matrix products instead of 3).
- `policy_gradient_head`, `head_gradients`: for on-policy updates (Eq. 4 with rho = 1), where d loss / d log-prob is
  known beforehand (it is -A_i over the count); gradients are taken during the forward pass (3 products).

Arithmetic is float32 on 16-bit inputs (float64 if an input is float64); the weight's gradient is summed in it and cast
once, at the end. On CUDA `torch.set_float32_matmul_precision("high")` is quicker, and exact for the logits of 16-bit
inputs at temperature 1.

Shapes: T tokens, H hidden width, V vocabulary, c tokens of a chunk, r tokens of a tile, b vocabulary rows of a block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from longstride.errors import NotFiniteError
from longstride.rl.entropy import FLOOR

CHUNK_ELEMENTS = {"cpu": 40_000_000}  # c * V, 160 MB in float32; larger chunks were measured to be no quicker
CHUNK_ELEMENTS_ELSEWHERE = 2**28  # accelerators (by reckoning): outweighs one pass over the weight's gradient
TILE_ELEMENTS = {"cpu": 2**19}  # r * V; two tiles of float32 stay in cache
TILE_ELEMENTS_ELSEWHERE = 2**25
BLOCK_ELEMENTS = {"cpu": 2**20}  # b * H; a block of the weight stays in cache, or is what is held of it in float32
BLOCK_ELEMENTS_ELSEWHERE = 2**26


class PolicyGradientHead(NamedTuple):
    loss: Tensor  # [], sum over t of token_gradients_T[t] * logprobs_T[t]; its backward gives the gradients taken
    logprobs_T: Tensor  # detached
    entropy_T: Tensor  # nats, detached


class HeadGradients(NamedTuple):
    logprobs_T: Tensor
    entropy_T: Tensor  # nats
    hidden_TH: Tensor | None  # in the hidden states' dtype
    weight_VH: Tensor | None  # in the weight's dtype, or the buffer that was handed in
    bias_V: Tensor | None


def default_chunk_tokens(vocabulary: int, device: torch.device | str) -> int:
    """Tokens a chunk so that one float32 buffer [c, V] takes 160 MB on a CPU, 1 GiB elsewhere; a multiple of 32."""
    tokens = CHUNK_ELEMENTS.get(torch.device(device).type, CHUNK_ELEMENTS_ELSEWHERE) // max(1, vocabulary)
    return max(1, tokens if tokens < 32 else tokens // 32 * 32)


def chunked_logprobs(
    hidden_TH: Tensor,
    weight_VH: Tensor,
    targets_T: Tensor,
    *,
    bias_V: Tensor | None = None,
    temperature: float = 1.0,
    chunk_tokens: int | None = None,
) -> tuple[Tensor, Tensor]:
    """(logprobs_T, entropy_T) of softmax((hidden @ weight.T + bias) / temperature); entropy in nats.

    Both are differentiable once, in hidden, weight and bias. A bias of -inf takes a word out of the vocabulary. T = 0
    gives empty results. Tokens that receive no gradient cost nothing in the backward pass.
    ValueError: mismatched shapes or dtypes, targets outside [0, V), hidden states that are not finite,
    temperature <= 0, or weights or a bias that leave a token without a distribution.
    """
    head = _checked(hidden_TH, weight_VH, targets_T, bias_V, temperature, chunk_tokens)
    logprobs_T, entropy_T = _ChunkedLogprobs.apply(hidden_TH, weight_VH, bias_V, head)
    return logprobs_T, entropy_T


def policy_gradient_head(
    hidden_TH: Tensor,
    weight_VH: Tensor,
    targets_T: Tensor,
    token_gradients_T: Tensor,
    *,
    bias_V: Tensor | None = None,
    temperature: float = 1.0,
    chunk_tokens: int | None = None,
) -> PolicyGradientHead:
    """The head of an on-policy update whose d loss / d log-prob is known: gradients are taken in the forward pass.

    `token_gradients_T` for Eq. 4 is -A_i / count, and 0 for tokens that are masked: they cost no backward product. What
    needs no gradient (a frozen head under LoRA, or all under `no_grad`) is neither computed nor held. `loss.backward()`
    works once. Arguments and errors as in `chunked_logprobs`; ValueError too where a token gradient is not finite.
    """
    head = _checked(hidden_TH, weight_VH, targets_T, bias_V, temperature, chunk_tokens)
    gradient_T = _checked_token_gradients(token_gradients_T, targets_T)
    inputs, learns = (hidden_TH, weight_VH, bias_V), torch.is_grad_enabled()
    return PolicyGradientHead(*_PolicyGradientHead.apply(*inputs, head, gradient_T, learns))


@torch.no_grad()
def head_gradients(
    hidden_TH: Tensor,
    weight_VH: Tensor,
    targets_T: Tensor,
    token_gradients_T: Tensor,
    *,
    bias_V: Tensor | None = None,
    temperature: float = 1.0,
    hidden: bool = True,
    weight: bool = True,
    bias: bool = True,
    weight_gradient_VH: Tensor | None = None,
    chunk_tokens: int | None = None,
) -> HeadGradients:
    """What `policy_gradient_head` computes, as data: gradients of sum(token_gradients * logprobs) and no graph.

    `hidden`, `weight` and `bias` say which gradients are wanted. `weight_gradient_VH` (float32, or float64 where the
    arithmetic is) is added to and handed back: pass `weight.grad` and no second [V, H] tensor exists. Continue with
    `hidden_TH.backward(result.hidden_TH)`. Errors as in `policy_gradient_head`, and for a buffer that does not fit.
    """
    head = _checked(hidden_TH, weight_VH, targets_T, bias_V, temperature, chunk_tokens)
    gradient_T = _checked_token_gradients(token_gradients_T, targets_T)
    if weight_gradient_VH is not None:
        expected = f"{tuple(weight_VH.shape)} {head.dtype}"
        if _described(weight_gradient_VH) != expected:
            raise ValueError(f"weight_gradient_VH is {_described(weight_gradient_VH)}, expected {expected}")
        if not weight:
            raise ValueError("weight_gradient_VH was handed in, but weight=False")
    return _gradients_in_forward(head, gradient_T, (hidden, weight, bias), weight_gradient_VH)


class _Head:
    """The tensors of one call, detached, and how they are walked."""

    def __init__(
        self,
        hidden_TH: Tensor,
        weight_VH: Tensor,
        bias_V: Tensor | None,
        targets_T: Tensor,
        temperature: float,
        chunk: int,
    ) -> None:
        self.hidden_TH, self.weight_VH, self.bias_V = hidden_TH.detach(), weight_VH.detach(), bias_V
        self.targets_T, self.temperature, self.chunk = targets_T.long(), float(temperature), chunk
        double = any(t is not None and t.dtype == torch.float64 for t in (hidden_TH, weight_VH, bias_V))
        self.dtype = torch.float64 if double else torch.float32
        self.scaled_bias_V = None if bias_V is None else bias_V.detach().to(self.dtype) / temperature

    def vector(self) -> Tensor:
        return torch.zeros(self.targets_T.shape, dtype=self.dtype, device=self.hidden_TH.device)

    def buffers(self) -> tuple[Tensor, Tensor]:
        """One chunk of logits and one tile for their exponentials: the only tensors with a side V, gradients apart."""
        device, words = self.hidden_TH.device, len(self.weight_VH)
        tokens = min(self.chunk, len(self.targets_T))
        tile = max(1, min(tokens, TILE_ELEMENTS.get(device.type, TILE_ELEMENTS_ELSEWHERE) // words))
        return (
            torch.empty((tokens, words), dtype=self.dtype, device=device),
            torch.empty((tile, words), dtype=self.dtype, device=device),
        )

    def blocks(self) -> Iterator[tuple[slice, Tensor]]:
        """Blocks [b, H] of the weight in the arithmetic's dtype; only a 16-bit weight is copied."""
        limit = BLOCK_ELEMENTS.get(self.weight_VH.device.type, BLOCK_ELEMENTS_ELSEWHERE)
        rows = max(256, limit // max(1, self.weight_VH.shape[1]))
        for block in _slices(len(self.weight_VH), rows):
            yield block, self.weight_VH[block].to(self.dtype)

    def logits(self, rows_c: Tensor, buffer_cV: Tensor) -> tuple[Tensor, Tensor]:
        """(hidden [c, H], logits less bias [c, V], in the buffer), both over temperature.

        Scaling H numbers a token instead of V is cheaper and as exact.
        """
        hidden_cH = self.hidden_TH.index_select(0, rows_c).to(self.dtype) / self.temperature
        logits_cV = buffer_cV[: len(rows_c)]
        for block, weight_bH in self.blocks():
            torch.mm(hidden_cH, weight_bH.t(), out=logits_cV[:, block])
        return hidden_cH, logits_cV

    def full_precision(self) -> torch.autocast:
        return torch.autocast(self.hidden_TH.device.type, enabled=False)


class _Sums:
    """Gradients of hidden, weight and bias; None where nobody wants one."""

    def __init__(self, head: _Head, wanted: Sequence[bool], weight_gradient_VH: Tensor | None = None) -> None:
        self.head = head
        self.hidden_TH = torch.zeros_like(head.hidden_TH) if wanted[0] else None
        self.weight_VH, self.weight_dtype = weight_gradient_VH, head.weight_VH.dtype
        if weight_gradient_VH is not None:
            self.weight_dtype = weight_gradient_VH.dtype
        elif wanted[1]:
            self.weight_VH = torch.zeros_like(head.weight_VH, dtype=head.dtype)
        self.bias_V = torch.zeros_like(head.scaled_bias_V) if wanted[2] and head.scaled_bias_V is not None else None

    def add(self, rows_c: Tensor, hidden_cH: Tensor, gradient_cV: Tensor) -> None:
        """Take in a chunk's gradient with respect to its logits over temperature."""
        sum_cH = torch.zeros_like(hidden_cH)
        for block, weight_bH in self.head.blocks():
            if self.hidden_TH is not None:
                sum_cH.addmm_(gradient_cV[:, block], weight_bH)
            if self.weight_VH is not None:
                self.weight_VH[block].addmm_(gradient_cV[:, block].t(), hidden_cH)
        if self.hidden_TH is not None:
            self.hidden_TH.index_copy_(0, rows_c, sum_cH.div_(self.head.temperature).to(self.hidden_TH.dtype))
        if self.bias_V is not None:
            self.bias_V.add_(gradient_cV.sum(0))

    def results(self) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """In the dtypes of the tensors whose gradients they are."""
        weight_VH = None if self.weight_VH is None else self.weight_VH.to(self.weight_dtype)
        bias_V = None
        if self.bias_V is not None and self.head.bias_V is not None:
            bias_V = self.bias_V.div_(self.head.temperature).to(self.head.bias_V.dtype)
        return self.hidden_TH, weight_VH, bias_V


class _Statistics(NamedTuple):
    logprobs_T: Tensor
    entropy_T: Tensor
    lse_T: Tensor


def _forward_chunk(
    head: _Head, rows_c: Tensor, buffers: tuple[Tensor, Tensor], into: _Statistics, gradient_T: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Write the rows' statistics; with `gradient_T` turn the logits into gradient_T * d logprob / d logit, in place."""
    chunk_cV, exp_tV = buffers
    hidden_cH, logits_cV = head.logits(rows_c, chunk_cV)
    for tile in _slices(len(rows_c), len(exp_tV)):
        rows_r, tile_rV = rows_c[tile], logits_cV[tile]
        target_r1 = head.targets_T[rows_r][:, None]
        if head.scaled_bias_V is not None:
            tile_rV.add_(head.scaled_bias_V)
        maximum_r1 = tile_rV.amax(-1, keepdim=True)
        tile_rV.sub_(maximum_r1)
        chosen_r1 = tile_rV.gather(-1, target_r1)
        if head.scaled_bias_V is not None:
            tile_rV.clamp_(min=FLOOR)
        exp_rV = torch.exp(tile_rV, out=exp_tV[: len(rows_r)])
        sum_r1 = exp_rV.sum(-1, keepdim=True)
        log_sum_r1 = sum_r1.log()
        logprob_r1 = chosen_r1 - log_sum_r1
        into.logprobs_T.index_copy_(0, rows_r, logprob_r1[:, 0])
        into.lse_T.index_copy_(0, rows_r, (maximum_r1 + log_sum_r1)[:, 0])
        entropy_r1 = log_sum_r1 - tile_rV.mul_(exp_rV).sum(-1, keepdim=True) / sum_r1
        into.entropy_T.index_copy_(0, rows_r, entropy_r1[:, 0])
        if gradient_T is not None:  # d logprob / d logit_v is (v is the target) - p_v
            gradient_r1 = gradient_T[rows_r][:, None]
            torch.mul(exp_rV, -gradient_r1 / sum_r1, out=tile_rV)
            tile_rV.scatter_(-1, target_r1, -torch.expm1(logprob_r1) * gradient_r1)
    return hidden_cH, logits_cV


def _gradients_in_forward(
    head: _Head, gradient_T: Tensor, wanted: Sequence[bool], weight_gradient_VH: Tensor | None = None
) -> HeadGradients:
    statistics = _Statistics(head.vector(), head.vector(), head.vector())
    sums = _Sums(head, wanted, weight_gradient_VH)
    learning_T = gradient_T != 0 if any(wanted) else torch.zeros_like(gradient_T, dtype=torch.bool)
    gradient_T = gradient_T.to(head.dtype)
    with head.full_precision():
        buffers = head.buffers()
        for rows_c in _chunks(learning_T, head.chunk):
            sums.add(rows_c, *_forward_chunk(head, rows_c, buffers, statistics, gradient_T))
        for rows_c in _chunks(~learning_T, head.chunk):
            _forward_chunk(head, rows_c, buffers, statistics, None)
    _refuse_nan(statistics.entropy_T)
    return HeadGradients(statistics.logprobs_T, statistics.entropy_T, *sums.results())


class _ChunkedLogprobs(torch.autograd.Function):
    """Forward keeps T-sized statistics only; backward computes the logits again and turns them into their gradient."""

    @staticmethod
    def forward(ctx: Any, hidden_TH: Tensor, weight_VH: Tensor, bias_V: Tensor | None, head: _Head) -> Any:
        statistics = _Statistics(head.vector(), head.vector(), head.vector())
        with head.full_precision():
            buffers = head.buffers()
            for rows_c in _chunks(torch.ones_like(head.targets_T, dtype=torch.bool), head.chunk):
                _forward_chunk(head, rows_c, buffers, statistics, None)
        _refuse_nan(statistics.entropy_T)
        ctx.save_for_backward(hidden_TH, weight_VH, bias_V, head.targets_T, *statistics)
        ctx.settings = head.temperature, head.chunk
        ctx.set_materialize_grads(False)
        return statistics.logprobs_T, statistics.entropy_T

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        hidden_TH, weight_VH, bias_V, targets_T, logprobs_T, entropy_T, lse_T = ctx.saved_tensors
        head = _Head(hidden_TH, weight_VH, bias_V, targets_T, *ctx.settings)
        logprob_gradient_T = torch.zeros_like(lse_T) if gradients[0] is None else gradients[0]
        entropy_gradient_T: Tensor | None = gradients[1]
        learning_T = logprob_gradient_T != 0
        if entropy_gradient_T is not None:
            learning_T = learning_T | (entropy_gradient_T != 0)
        sums = _Sums(head, ctx.needs_input_grad[:3])
        with head.full_precision():
            chunk_cV, exp_tV = head.buffers()
            for rows_c in _chunks(learning_T, head.chunk):
                hidden_cH, logits_cV = head.logits(rows_c, chunk_cV)
                for tile in _slices(len(rows_c), len(exp_tV)):
                    rows_r, tile_rV = rows_c[tile], logits_cV[tile]
                    tile_rV.sub_(lse_T[rows_r][:, None])
                    if head.scaled_bias_V is not None:
                        tile_rV.add_(head.scaled_bias_V).clamp_(min=FLOOR)
                    logprob_r1 = logprobs_T[rows_r][:, None].clamp(min=FLOOR)
                    gradient_r1 = logprob_gradient_T[rows_r][:, None]
                    at_target_r1 = -torch.expm1(logprob_r1) * gradient_r1
                    if entropy_gradient_T is None:
                        tile_rV.exp_().mul_(-gradient_r1)
                    else:  # d entropy / d logit_v is -p_v (log p_v + entropy)
                        entropy_r1, weight_r1 = entropy_T[rows_r][:, None], entropy_gradient_T[rows_r][:, None]
                        exp_rV = torch.exp(tile_rV, out=exp_tV[: len(rows_r)])
                        tile_rV.add_(entropy_r1).mul_(-weight_r1).sub_(gradient_r1).mul_(exp_rV)
                        at_target_r1 -= weight_r1 * logprob_r1.exp() * (logprob_r1 + entropy_r1)
                    tile_rV.scatter_(-1, head.targets_T[rows_r][:, None], at_target_r1)
                sums.add(rows_c, hidden_cH, logits_cV)
        return *sums.results(), None


class _PolicyGradientHead(torch.autograd.Function):
    """Holds the gradients from forward to backward, where they are scaled in place and given away."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden_TH: Tensor,
        weight_VH: Tensor,
        bias_V: Tensor | None,
        head: _Head,
        gradient_T: Tensor,
        learns: bool,
    ) -> Any:
        wanted = [learns and needed for needed in ctx.needs_input_grad[:3]]
        logprobs_T, entropy_T, *ctx.gradients = _gradients_in_forward(head, gradient_T, wanted)
        ctx.mark_non_differentiable(logprobs_T, entropy_T)
        loss = torch.where(gradient_T == 0, 0.0, gradient_T * logprobs_T).sum()  # 0 * -inf counts as 0
        return loss, logprobs_T, entropy_T

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        if ctx.gradients is None:
            raise RuntimeError("the gradients of policy_gradient_head were given away by a first backward()")
        held, ctx.gradients = ctx.gradients, None
        return *(None if gradient is None else gradient.mul_(gradients[0]) for gradient in held), None, None, None


def _chunks(chosen_T: Tensor, chunk: int) -> Iterator[Tensor]:
    """The numbers of the chosen rows, `chunk` at a time."""
    rows_N = chosen_T.nonzero().squeeze(-1)
    return iter(rows_N.split(chunk) if len(rows_N) else ())


def _slices(length: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def _described(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {tensor.dtype}"


def _checked(
    hidden_TH: Tensor,
    weight_VH: Tensor,
    targets_T: Tensor,
    bias_V: Tensor | None,
    temperature: float,
    chunk_tokens: int | None,
) -> _Head:
    """The call's tensors, once everything fits; reads from the device once."""
    if hidden_TH.ndim != 2 or not hidden_TH.is_floating_point():
        raise ValueError(f"hidden_TH is {_described(hidden_TH)}, expected floats [T, H]")
    tokens, width = hidden_TH.shape
    if weight_VH.ndim != 2 or weight_VH.shape[1] != width or not len(weight_VH) or not weight_VH.is_floating_point():
        raise ValueError(f"weight_VH is {_described(weight_VH)}, expected floats [V, {width}] with V > 0")
    if targets_T.shape != (tokens,) or targets_T.is_floating_point() or targets_T.dtype == torch.bool:
        raise ValueError(f"targets_T is {_described(targets_T)}, expected integers [{tokens}]")
    if bias_V is not None and (bias_V.shape != weight_VH.shape[:1] or not bias_V.is_floating_point()):
        raise ValueError(f"bias_V is {_described(bias_V)}, expected floats [{len(weight_VH)}]")
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature is {temperature}, expected a finite number above 0")
    if chunk_tokens is not None and chunk_tokens < 1:
        raise ValueError(f"chunk_tokens is {chunk_tokens}, expected at least 1")
    if tokens:
        finite_T = hidden_TH.detach().isfinite().all(-1)
        known_T = (targets_T >= 0) & (targets_T < len(weight_VH))
        all_finite, all_known = torch.stack([finite_T.all(), known_T.all()]).tolist()
        if not all_finite:
            raise NotFiniteError(f"hidden_TH is not finite at token {int((~finite_T).nonzero()[0])}")
        if not all_known:
            row = int((~known_T).nonzero()[0])
            raise ValueError(f"targets_T[{row}] is {int(targets_T[row])}, outside [0, {len(weight_VH)})")
    chunk = chunk_tokens or default_chunk_tokens(len(weight_VH), hidden_TH.device)
    return _Head(hidden_TH, weight_VH, bias_V, targets_T, temperature, chunk)


def _checked_token_gradients(token_gradients_T: Tensor, targets_T: Tensor) -> Tensor:
    gradient_T = token_gradients_T.detach()
    if gradient_T.shape != targets_T.shape or not gradient_T.is_floating_point():
        raise ValueError(f"token_gradients_T is {_described(gradient_T)}, expected floats {tuple(targets_T.shape)}")
    if not bool(gradient_T.isfinite().all()):
        raise NotFiniteError(f"token_gradients_T is not finite at token {int((~gradient_T.isfinite()).nonzero()[0])}")
    return gradient_T


def _refuse_nan(entropy_T: Tensor) -> None:
    if len(entropy_T) and bool(entropy_T.isnan().any()):
        row = int(entropy_T.isnan().nonzero()[0])
        raise NotFiniteError(
            f"token {row} has no distribution: weight_VH or bias_V is NaN, infinite, or masks every word"
        )
