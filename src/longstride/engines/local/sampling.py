"""Drawing tokens, and what is recorded of each draw (paper 5.1: temperature 0.7, top-p 0.95).

Log-probs and entropies are those of the full softmax at the sampling temperature, as the loss needs them (Eqs. 4, 9),
whatever share of it top-p and top-k leave to draw from. Arithmetic is float32, sums along the vocabulary that decide
a draw are float64.

Shapes: R rows, H hidden width, V vocabulary, K most probable tokens, v vocabulary rows of a block.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from longstride.errors import InputError
from longstride.rl.entropy import FLOOR

ELEMENTS_AT_A_TIME = 2**24  # R * V of logits: 64 MiB in float32, and as much again five times over
HEAD_ELEMENTS_AT_A_TIME = 2**24  # v * H of a 16-bit head that is widened to float32
SORTED_WHOLE = 8192  # a larger vocabulary is sorted on a CPU only where its most probable tokens do not suffice
MOST_PROBABLE = 1024


@dataclass(frozen=True)
class SamplingSettings:
    """How tokens are drawn. Raises InputError for values without a meaning."""

    temperature: float = 0.7  # paper 5.1; 0 takes the most probable token
    top_p: float = 0.95  # paper 5.1; 1: no limit
    top_k: int = 0  # 0: no limit
    stop_token_ids: tuple[int, ...] = ()  # beside those of the model and its tokenizer

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise InputError(f"is {self.temperature}, expected a number from 0 on", field="temperature")
        if not 0 < self.top_p <= 1:
            raise InputError(f"is {self.top_p}, expected a share above 0 and up to 1", field="top_p")
        if self.top_k < 0:
            raise InputError(f"is {self.top_k}, expected 0 for no limit, or a number of tokens", field="top_k")

    @property
    def greedy(self) -> bool:
        return self.temperature == 0


class Draws(NamedTuple):
    token_R: Tensor  # int64
    logprob_R: Tensor  # of the full softmax at the sampling temperature (1 where it is 0), float32
    entropy_R: Tensor  # of the same, nats, float32; NaN where the logits give no distribution
    nucleus_mass_R: Tensor  # the share of it that was drawn from, float32


def draw_tokens(
    hidden_RH: Tensor, head_weight_VH: Tensor, head_bias_V: Tensor | None, uniform_R: Tensor, settings: SamplingSettings
) -> Draws:
    """`draw` from the head's logits, some rows at a time."""
    rows = max(1, ELEMENTS_AT_A_TIME // len(head_weight_VH))
    parts = [
        draw(head_logits(hidden_rH, head_weight_VH, head_bias_V), uniform_r, settings)
        for hidden_rH, uniform_r in zip(hidden_RH.split(rows), uniform_R.split(rows), strict=True)
    ]
    return parts[0] if len(parts) == 1 else Draws(*(torch.cat(values) for values in zip(*parts, strict=True)))


def head_logits(hidden_RH: Tensor, head_weight_VH: Tensor, head_bias_V: Tensor | None) -> Tensor:
    """[R, V] in float32 (float64 for float64), also from 16-bit states: rounded to 16 bits, logits tie by the dozen."""
    if head_weight_VH.dtype in (torch.float32, torch.float64):
        return torch.nn.functional.linear(hidden_RH.to(head_weight_VH.dtype), head_weight_VH, head_bias_V)
    if head_weight_VH.is_cuda:
        logits_RV = torch.mm(hidden_RH, head_weight_VH.T, out_dtype=torch.float32)
    else:
        wide_RH = hidden_RH.float()
        blocks = head_weight_VH.split(max(1, HEAD_ELEMENTS_AT_A_TIME // head_weight_VH.shape[1]))
        logits_RV = torch.cat([wide_RH @ block_vH.float().T for block_vH in blocks], dim=1)
    return logits_RV if head_bias_V is None else logits_RV.add_(head_bias_V)


def draw(logits_RV: Tensor, uniform_R: Tensor, settings: SamplingSettings) -> Draws:
    """One token a row. `uniform_R`: float64 numbers as `noise.uniform` gives them; not read where greedy.

    The token is where the cumulative share, in the order of the vocabulary, passes the row's number: rounding moves
    it only where the number falls within rounding of a step. Greedy takes the first of the most probable tokens, and
    their share is what it draws from.
    """
    scaled_RV = logits_RV if settings.greedy else logits_RV / settings.temperature
    scaled_RV = (scaled_RV - scaled_RV.amax(-1, keepdim=True)).clamp_(min=FLOOR)
    weight_RV = scaled_RV.exp()
    sum_R1 = weight_RV.sum(-1, keepdim=True)
    entropy_R = (sum_R1.log() - (scaled_RV * weight_RV).sum(-1, keepdim=True) / sum_R1).squeeze(-1)
    if settings.greedy:
        token_R = logits_RV.argmax(-1)
        mass_R = weight_RV.gather(-1, token_R[:, None]).div_(sum_R1).squeeze(-1)
    else:
        mass_R = torch.ones_like(entropy_R)
        if settings.top_p < 1 or settings.top_k:
            smallest_R1 = smallest_kept(weight_RV, sum_R1, settings.top_p, settings.top_k)
            weight_RV.masked_fill_(weight_RV < smallest_R1, 0)
            mass_R = (weight_RV.sum(-1, keepdim=True) / sum_R1).clamp_(max=1).squeeze(-1)
        cumulative_RV = weight_RV.cumsum(-1, dtype=torch.float64)
        target_R1 = uniform_R[:, None] * cumulative_RV[:, -1:]
        token_R = torch.searchsorted(cumulative_RV, target_R1, right=True).squeeze(-1)
        token_R.clamp_(max=logits_RV.shape[-1] - 1)  # of a row of NaN
    logprob_R = (scaled_RV.gather(-1, token_R[:, None]) - sum_R1.log()).squeeze(-1)
    return Draws(token_R, logprob_R, entropy_R, mass_R)


def smallest_kept(weight_RV: Tensor, sum_R1: Tensor, top_p: float, top_k: int) -> Tensor:
    """[R, 1]: the weight of the last token that stays, going from the most probable one down.

    At most `top_k` tokens stay (0: all), of them as few as hold at least `top_p` of their common mass, and with the
    last one all that are exactly as probable: so what stays does not hang on the order of equal ones.
    """
    vocabulary = weight_RV.shape[-1]
    if top_k:
        sorted_RK = weight_RV.topk(min(top_k, vocabulary)).values
        wanted_R1 = top_p * sorted_RK.sum(-1, keepdim=True, dtype=torch.float64)
        return _where_reached(sorted_RK, wanted_R1) if top_p < 1 else sorted_RK[:, -1:]
    wanted_R1 = top_p * sum_R1.double()
    if vocabulary > SORTED_WHOLE and not weight_RV.is_cuda:
        sorted_RK = weight_RV.topk(MOST_PROBABLE).values
        if bool((sorted_RK.sum(-1, keepdim=True, dtype=torch.float64) >= wanted_R1).all()):
            return _where_reached(sorted_RK, wanted_R1)
    return _where_reached(_sorted(weight_RV), wanted_R1)


def _sorted(weight_RV: Tensor) -> Tensor:
    """Largest first. On a CPU by numpy, which takes a tenth of torch's time."""
    if weight_RV.device.type == "cpu":
        return torch.from_numpy(np.sort(weight_RV.detach().numpy(), axis=-1)).flip(-1)
    return weight_RV.sort(-1, descending=True).values


def _where_reached(sorted_RK: Tensor, wanted_R1: Tensor) -> Tensor:
    """The value at which the running sum of each row first reaches what is wanted; the last where rounding hinders."""
    place_R1 = torch.searchsorted(sorted_RK.cumsum(-1, dtype=torch.float64), wanted_R1)
    return sorted_RK.gather(-1, place_R1.clamp_(max=sorted_RK.shape[-1] - 1))


def stop_ids(*sources: int | Collection[int] | None) -> frozenset[int]:
    """The union of what configurations say: one id, several, or none."""
    return frozenset(
        token
        for source in sources
        if source is not None
        for token in ((source,) if isinstance(source, int) else source)
    )
