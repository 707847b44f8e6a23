"""Weights that copy before any training: an induction circuit over two layers, written down instead of learnt.

A plainly initialised model of this size does not learn to look facts up within minutes, since it must first find the
circuit that does: one head brings to each token those before it, a later head looks for the place whose past is the
present, and copies what stands there (Elhage et al. 2021; Olsson et al. 2022, "In-context Learning and Induction
Heads"). Here layer 0 has one head for each of the last K tokens, exact by rotary position, and layer 1 matches all K
at once, so that "Kestrel is based in" finds the place that says so and not another "is based in".

The residual stream is split into orthogonal parts: a *constant* direction, in which all embeddings agree; the
*identity* of the token, d numbers; K *pasts* of w numbers each, which layer 0 fills with the identities of the tokens
before, through one projection common to all; and one direction for *how much* a token that is a number says.

Shapes: H hidden width, V vocabulary, d numbers a head, f = d/2 rotary frequencies, w numbers of a past.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from torch import Generator, Tensor
from torch.nn import Linear
from transformers import Qwen3ForCausalLM

# Measured on look-ups in the small world at 128 and 512 tokens, untrained; none is from a paper.
EMBEDDING_RMS = 0.2  # of the identity, spread over H
CONSTANT = 0.7  # length of the constant part over that of the identity
QUANTITY = 1.0  # length of the largest quantity over that of the identity
ELSEWHERE = 0.1  # random part of an embedding outside its identity, over EMBEDDING_RMS
PAST = 0.7  # length of a past over that of the identity
COPY = 2.0  # what a copied token weighs against the token itself
SHARPNESS = (3.0, 2.0)  # norm gains of queries and keys in layer 0 and in those above
POSITIONAL = 0.02  # radians a token: quicker rotary frequencies tell offsets apart
STEADY = 0.005  # slower ones hardly turn within a context and carry what a token is
FREEDOM = 0.05  # random part of the weights that are written down, over a plain initialisation
SMALLEST_PAST = 8  # numbers; with fewer, tokens look too much alike


@dataclass(frozen=True)
class Parts:
    """The orthogonal parts of the residual stream."""

    constant_H: Tensor
    quantity_H: Tensor
    identity_Hd: Tensor
    past_Hw: tuple[Tensor, ...]  # of the token before, of the one before that, ...
    squeeze_wd: Tensor  # from an identity to what a past holds of it; keeps lengths, on average


class _Attention(Protocol):
    q_proj: Linear
    k_proj: Linear
    v_proj: Linear
    o_proj: Linear


@torch.no_grad()
def initialise_induction(model: Qwen3ForCausalLM, seed: int, quantity_V: Tensor | None = None) -> None:
    """Overwrite every weight of `model`: layers 0 and 1 copy, further ones and the MLPs are small and random.

    quantity_V: for each token how much it says, -1 to 1, and 0 for all that are no numbers; None: none is.

    Layer 0 looks back 1, 2, ... tokens, a head each. Raises ValueError for a model with one layer, with fewer
    key-value heads than heads, with a head apart from the embedding, or too narrow to hold so many pasts.
    """
    config = model.config
    heads, width, size = config.num_attention_heads, config.hidden_size, cast(int, config.head_dim)
    if config.num_hidden_layers < 2 or config.num_key_value_heads != heads or not config.tie_word_embeddings:
        raise ValueError("an induction circuit needs two layers, a key-value head for each head, and a tied embedding")
    draw = torch.Generator().manual_seed(seed)
    parts = _parts(width, size, heads, draw)
    _randomise(model, draw)
    if quantity_V is None:
        quantity_V = torch.zeros(config.vocab_size)
    _embed(model.model.embed_tokens.weight, parts, quantity_V, draw)
    theta = cast(dict[str, float], config.rope_parameters)["rope_theta"]
    frequency_f = 1 / theta ** (torch.arange(0, size, 2) / size)
    layers = [cast(_Attention, cast(Any, layer).self_attn) for layer in model.model.layers]
    _look_back(layers[0], parts, frequency_f)
    _match_and_copy(layers[1], parts, frequency_f, draw)


def _parts(width: int, size: int, pasts: int, draw: Generator) -> Parts:
    room = (width - 2 - size) // pasts
    if room < SMALLEST_PAST:
        raise ValueError(f"width {width} leaves {room} numbers for each of {pasts} pasts, expected {SMALLEST_PAST}")
    past_width = min(room, size)
    basis_HH = _orthonormal(width, width, draw)
    begins = [2 + size + number * past_width for number in range(pasts)]
    return Parts(
        constant_H=basis_HH[:, 0],
        quantity_H=basis_HH[:, 1],
        identity_Hd=basis_HH[:, 2 : 2 + size],
        past_Hw=tuple(basis_HH[:, begin : begin + past_width] for begin in begins),
        squeeze_wd=_orthonormal(size, past_width, draw).T * math.sqrt(size / past_width),
    )


def _randomise(model: Qwen3ForCausalLM, draw: Generator) -> None:
    """Every layer as if there were no circuit: what is written to the stream is small beside an embedding."""
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2 and "embed_tokens" not in name:
            gain = 0.2 if "o_proj" in name or "down_proj" in name else 0.7
            parameter.copy_(_normal(parameter.shape, draw) * gain / math.sqrt(parameter.shape[1]))
        elif "q_norm" in name or "k_norm" in name:
            parameter.fill_(SHARPNESS[0 if "layers.0." in name else 1])
        elif name == "model.norm.weight":
            parameter.fill_(0.5)  # logits of a moderate size: the first gradients are not those of certainty


def _embed(weight_VH: Tensor, parts: Parts, quantity_V: Tensor, draw: Generator) -> None:
    length = EMBEDDING_RMS * math.sqrt(weight_VH.shape[1])
    identity_Vd = _normal((weight_VH.shape[0], parts.identity_Hd.shape[1]), draw)
    identity_Vd *= length / identity_Vd.norm(dim=1, keepdim=True)
    elsewhere_VH = _normal(weight_VH.shape, draw) * EMBEDDING_RMS * ELSEWHERE
    elsewhere_VH -= torch.outer(elsewhere_VH @ parts.constant_H, parts.constant_H)
    weight_VH.copy_(identity_Vd @ parts.identity_Hd.T + elsewhere_VH + CONSTANT * length * parts.constant_H)
    weight_VH += QUANTITY * length * torch.outer(quantity_V, parts.quantity_H)


def _look_back(attention: _Attention, parts: Parts, frequency_f: Tensor) -> None:
    """Head n attends to the token n + 1 back, whatever it is, and writes its identity to past n.

    All queries are one vector, and so are all keys, turned ahead by the offset: by rotary position the product of a
    query at m and a key at n is the sum of cos(frequency * (m - n - offset)), which is largest at the offset.
    """
    size = parts.identity_Hd.shape[1]
    positional_f = (frequency_f > POSITIONAL).float()
    query_d = torch.cat([positional_f, torch.zeros_like(positional_f)])
    seen = math.sqrt(1 + CONSTANT**2) * EMBEDDING_RMS  # the norm layer divides an embedding by this
    for head, past_Hw in enumerate(parts.past_Hw):
        rows, offset = slice(head * size, (head + 1) * size), head + 1
        key_d = torch.cat([positional_f * (frequency_f * offset).cos(), positional_f * (frequency_f * offset).sin()])
        attention.q_proj.weight[rows] *= FREEDOM
        attention.q_proj.weight[rows] += torch.outer(query_d, parts.constant_H)
        attention.k_proj.weight[rows] *= FREEDOM
        attention.k_proj.weight[rows] += torch.outer(key_d, parts.constant_H)
        attention.v_proj.weight[rows] = parts.identity_Hd.T
        attention.o_proj.weight[:, rows] *= FREEDOM
        attention.o_proj.weight[:, rows] += PAST * seen * past_Hw @ parts.squeeze_wd


def _match_and_copy(attention: _Attention, parts: Parts, frequency_f: Tensor, draw: Generator) -> None:
    """Each head compares (this token, its pasts but the last) with a place's pasts, and copies the identity there.

    Every step of the comparison has its own part of a tight frame, drawn for each head: that several steps agree
    counts their number, and the accidents of one head are not those of another.
    """
    size = parts.identity_Hd.shape[1]
    steady_d = (frequency_f < STEADY).repeat(2)
    past_width, pasts, heads = parts.past_Hw[0].shape[1], len(parts.past_Hw), len(parts.past_Hw)
    now_wH = [parts.squeeze_wd @ parts.identity_Hd.T, *(past_Hw.T / PAST for past_Hw in parts.past_Hw[:-1])]
    then_wH = [past_Hw.T / PAST for past_Hw in parts.past_Hw]
    for head in range(heads):
        rows = slice(head * size, (head + 1) * size)
        frame_dw = torch.zeros(size, pasts * past_width)
        frame_dw[steady_d] = _orthonormal(pasts * past_width, int(steady_d.sum()), draw).T
        for projection, read_wH in ((attention.q_proj, now_wH), (attention.k_proj, then_wH)):
            projection.weight[rows] *= FREEDOM
            projection.weight[rows] += frame_dw @ torch.cat(read_wH)
        attention.v_proj.weight[rows] = parts.identity_Hd.T
        attention.o_proj.weight[:, rows] = parts.identity_Hd * COPY / heads


def _orthonormal(rows: int, columns: int, draw: Generator) -> Tensor:
    """[rows, columns] with orthonormal columns."""
    return torch.linalg.qr(_normal((rows, columns), draw))[0]


def _normal(shape: tuple[int, ...] | torch.Size, draw: Generator) -> Tensor:
    return torch.randn(shape, generator=draw)
