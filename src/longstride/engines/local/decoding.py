"""Decoding against prompts that are cached once: the caches, and the layouts of attention that read them.

A row's next token attends to every stretch of its prompt and to the row's own tokens. Each part is one kernel call for
all rows that have it in common, and the parts merge exactly by their log-sum-exps; no row holds a copy of its prompt.

All live rows are the L positions of one forward call. Rows that began together have equally many tokens of their own,
so that their caches are one tensor without padding.

Shapes: h query heads, k key-value heads, d numbers a head; L positions of a chunk of a prompt, M of a stretch;
R rows, r rows in common, t tokens of their own, H hidden width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from longstride.engines.local.kernels import attention_with_lse, merge
from longstride.engines.local.policy import Policy

ROOM_AT_FIRST = 64  # own tokens of a row; doubled when they are full


class StretchCache:
    """Keys and values of a stretch of prompt in all layers, and of what comes before it."""

    def __init__(self, policy: Policy, length: int, parent: StretchCache | None) -> None:
        self.length = length
        self.before: tuple[StretchCache, ...] = () if parent is None else parent.path
        self._pairs: list[tuple[Tensor, Tensor] | None] = [None] * policy.layers

    @property
    def path(self) -> tuple[StretchCache, ...]:
        """The caches of the whole prompt so far, this one last."""
        return (*self.before, self)

    @property
    def start(self) -> int:
        return sum(cache.length for cache in self.before)

    def write(self, layer: int, place: int, key_1kLd: Tensor, value_1kLd: Tensor) -> None:
        pair = self._pairs[layer]
        if pair is None:
            shape = (*key_1kLd.shape[:2], self.length, key_1kLd.shape[3])
            pair = self._pairs[layer] = key_1kLd.new_empty(shape), value_1kLd.new_empty(shape)
        positions = slice(place, place + key_1kLd.shape[2])
        pair[0][:, :, positions], pair[1][:, :, positions] = key_1kLd, value_1kLd

    def read(self, layer: int, length: int | None = None) -> tuple[Tensor, Tensor]:
        """(key, value) [1, k, M, d] of the first `length` positions, of all by default."""
        pair = self._pairs[layer]
        if pair is None:
            raise RuntimeError(f"layer {layer} of a stretch is read before it was written")
        return pair if length is None else (pair[0][:, :, :length], pair[1][:, :, :length])


class OwnCache:
    """Keys and values of the rows' own tokens, for rows that began together: they have equally many."""

    def __init__(self, policy: Policy, most_tokens: int) -> None:
        self.most_tokens, self.tokens = most_tokens, 0
        self._pairs: list[tuple[Tensor, Tensor] | None] = [None] * policy.layers

    def add(self, layer: int, key_rkd: Tensor, value_rkd: Tensor) -> tuple[Tensor, Tensor]:
        """Write the keys and values of the token at place `tokens`; (key, value) [r, k, t, d] up to it."""
        pair = self._pairs[layer]
        if pair is None or pair[0].shape[2] == self.tokens:
            pair = self._pairs[layer] = self._grown(pair, key_rkd)
        end = self.tokens + 1
        pair[0][:, :, self.tokens], pair[1][:, :, self.tokens] = key_rkd, value_rkd
        return pair[0][:, :, :end], pair[1][:, :, :end]

    def keep(self, places: Sequence[int]) -> None:
        """Drop all rows but these."""
        for layer, pair in enumerate(self._pairs):
            if pair is not None:
                chosen_r = torch.tensor(places, device=pair[0].device)
                self._pairs[layer] = pair[0].index_select(0, chosen_r), pair[1].index_select(0, chosen_r)

    def _grown(self, pair: tuple[Tensor, Tensor] | None, like_rkd: Tensor) -> tuple[Tensor, Tensor]:
        room = min(max(ROOM_AT_FIRST, 2 * self.tokens), self.most_tokens)
        rows, heads, width = like_rkd.shape
        wider = like_rkd.new_empty((rows, heads, room, width)), like_rkd.new_empty((rows, heads, room, width))
        if pair is not None:
            wider[0][:, :, : self.tokens], wider[1][:, :, : self.tokens] = pair
        return wider


@dataclass(frozen=True, eq=False)
class PromptChunk:
    """Layout of L positions of a stretch from place `place` on: over all that is cached before, and causally."""

    cache: StretchCache
    place: int

    def attend(self, layer: int, query_1hLd: Tensor, key_1kLd: Tensor, value_1kLd: Tensor, scale: float) -> Tensor:
        self.cache.write(layer, self.place, key_1kLd, value_1kLd)
        parts = [attention_with_lse(query_1hLd, key_1kLd, value_1kLd, causal=True, scale=scale)]
        cached = [cache.read(layer) for cache in self.cache.before]
        if self.place:
            cached.append(self.cache.read(layer, self.place))
        parts += [attention_with_lse(query_1hLd, *pair, causal=False, scale=scale) for pair in cached]
        return _merged(parts).transpose(1, 2)


@dataclass(frozen=True, eq=False)
class PromptEnd:
    """Layout of the last position of a stretch, whose own keys are cached already."""

    cache: StretchCache

    def attend(self, layer: int, query_1h1d: Tensor, key_1k1d: Tensor, value_1k1d: Tensor, scale: float) -> Tensor:
        parts = [
            attention_with_lse(query_1h1d, *cache.read(layer), causal=False, scale=scale) for cache in self.cache.path
        ]
        return _merged(parts).transpose(1, 2)


@dataclass(frozen=True, eq=False)
class NextTokens:
    """Layout of one token a row, for R rows: over the stretches of their prompts, and over their own tokens.

    A level holds stretches that no row has two of. Of every entry, the slice says which rows it belongs to; those of
    `own` cover all rows, those of a level may leave some out.
    """

    own: tuple[tuple[OwnCache, slice], ...]
    levels: tuple[tuple[tuple[StretchCache, slice], ...], ...]

    def attend(self, layer: int, query_1hRd: Tensor, key_1kRd: Tensor, value_1kRd: Tensor, scale: float) -> Tensor:
        parts = [self._over_own(layer, query_1hRd, key_1kRd, value_1kRd, scale)]
        parts += [_over_level(level, layer, query_1hRd, scale) for level in self.levels]
        return _merged(parts).transpose(1, 2)

    def advance(self) -> None:
        """What the layers wrote counts from now on."""
        for cache, _ in self.own:
            cache.tokens += 1

    def _over_own(
        self, layer: int, query_1hRd: Tensor, key_1kRd: Tensor, value_1kRd: Tensor, scale: float
    ) -> tuple[Tensor, Tensor]:
        query_Rhd, key_Rkd, value_Rkd = (tensor[0].transpose(0, 1) for tensor in (query_1hRd, key_1kRd, value_1kRd))
        parts = [
            attention_with_lse(
                query_Rhd[rows].unsqueeze(2),
                *cache.add(layer, key_Rkd[rows], value_Rkd[rows]),
                causal=False,
                scale=scale,
            )
            for cache, rows in self.own
        ]
        output_Rh1d, lse_Rh1 = parts[0] if len(parts) == 1 else (torch.cat(both) for both in zip(*parts, strict=True))
        return output_Rh1d.transpose(0, 2), lse_Rh1.transpose(0, 2)


def _over_level(
    level: Sequence[tuple[StretchCache, slice]], layer: int, query_1hRd: Tensor, scale: float
) -> tuple[Tensor, Tensor]:
    """(output_1hRd, lse_1hR); -inf for rows without a stretch here."""
    parts = [
        attention_with_lse(query_1hRd[:, :, rows], *cache.read(layer), causal=False, scale=scale)
        for cache, rows in level
    ]
    if len(parts) == 1 and parts[0][1].shape[2] == query_1hRd.shape[2]:
        return parts[0]
    output_1hRd = query_1hRd.new_zeros(query_1hRd.shape)
    lse_1hR = parts[0][1].new_full(query_1hRd.shape[:3], -torch.inf)
    for (_, rows), (output_1hrd, lse_1hr) in zip(level, parts, strict=True):
        output_1hRd[:, :, rows], lse_1hR[:, :, rows] = output_1hrd, lse_1hr
    return output_1hRd, lse_1hR


def _merged(parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    if len(parts) == 1:
        return parts[0][0]
    outputs, lses = zip(*parts, strict=True)
    return merge(outputs, lses)[0]


def prefill(
    policy: Policy, ids: Sequence[int], parent: StretchCache | None, chunk_tokens: int
) -> tuple[StretchCache, Tensor]:
    """(the cache of a stretch of prompt that follows `parent`, the last position's final hidden state [1, H]).

    Some positions at a time, so that memory does not grow with their square. Of the last layer, which only the last
    position is read of, the others get their keys and values alone.
    """
    cache = StretchCache(policy, len(ids), parent)
    last = policy.layers - 1
    ids_1M = torch.tensor([ids], device=policy.device)
    position_1M = torch.arange(cache.start, cache.start + len(ids), device=policy.device)[None]
    hidden_1LH = position_1L = torch.empty(0)
    for place in range(0, len(ids), chunk_tokens):
        positions = slice(place, place + chunk_tokens)
        position_1L = position_1M[:, positions]
        embedded_1LH = policy.embedded(ids_1M[:, positions])
        hidden_1LH = policy.run_layers(embedded_1LH, position_1L, PromptChunk(cache, place), layers=slice(last))
        cache.write(last, place, *policy.keys_and_values(last, hidden_1LH, position_1L))
    end_11H = policy.run_layers(hidden_1LH[:, -1:], position_1L[:, -1:], PromptEnd(cache), layers=slice(last, None))
    return cache, policy.normed(end_11H)
