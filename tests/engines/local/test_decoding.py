"""The layouts against plain attention over each row's own keys, written out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import Tensor

from longstride.engines.local.decoding import (
    ROOM_AT_FIRST,
    NextTokens,
    OwnCache,
    PromptChunk,
    PromptEnd,
    StretchCache,
)
from longstride.engines.local.policy import Policy

HEADS, KEY_HEADS, WIDTH = 4, 2, 8
SCALE = WIDTH**-0.5
TWO_LAYERS = cast(Policy, SimpleNamespace(layers=2))


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def keys_and_values(length: int, seed: int) -> tuple[Tensor, Tensor]:
    return normal(1, KEY_HEADS, length, WIDTH, seed=seed), normal(1, KEY_HEADS, length, WIDTH, seed=seed + 1000)


def filled(length: int, parent: StretchCache | None, seed: int) -> StretchCache:
    cache = StretchCache(TWO_LAYERS, length, parent)
    cache.write(1, 0, *keys_and_values(length, seed))
    return cache


def plain(query_hd: Tensor, parts: list[tuple[Tensor, Tensor]]) -> Tensor:
    """[h, d]: softmax over all keys of the parts [1, k, M, d]."""
    key_hMd, value_hMd = (
        torch.cat([pair[which][0] for pair in parts], dim=1).repeat_interleave(HEADS // KEY_HEADS, 0)
        for which in (0, 1)
    )
    weight_hM = (SCALE * torch.einsum("hd,hmd->hm", query_hd, key_hMd)).softmax(-1)
    return torch.einsum("hm,hmd->hd", weight_hM, value_hMd)


def test_a_chunk_attends_to_all_that_comes_before_and_causally_to_itself():
    root = filled(7, None, seed=1)
    cache = StretchCache(TWO_LAYERS, 9, root)
    whole = keys_and_values(9, seed=2)
    query_1hLd = normal(1, HEADS, 9, WIDTH, seed=3)
    outputs: list[Tensor] = []
    for place, end in ((0, 4), (4, 8), (8, 9)):
        chunk = slice(place, end)
        pair = whole[0][:, :, chunk], whole[1][:, :, chunk]
        outputs.append(PromptChunk(cache, place).attend(1, query_1hLd[:, :, chunk], *pair, SCALE))
    output_1Lhd = torch.cat(outputs, dim=1)
    for position in range(9):
        seen = whole[0][:, :, : position + 1], whole[1][:, :, : position + 1]
        expected = plain(query_1hLd[0, :, position], [root.read(1), seen])
        assert torch.allclose(output_1Lhd[0, position], expected, atol=1e-12)
    end = PromptEnd(cache).attend(1, query_1hLd[:, :, -1:], whole[0][:, :, -1:], whole[1][:, :, -1:], SCALE)
    assert torch.allclose(end[0, 0], output_1Lhd[0, -1], atol=1e-12)


def test_rows_attend_to_their_own_path_and_their_own_tokens_and_to_nothing_else():
    root, other = filled(7, None, seed=1), filled(5, None, seed=2)
    child, second_child = filled(3, root, seed=3), filled(4, root, seed=4)
    paths = [[root, child], [root, child], [root, second_child], [root], [other], [other]]
    first, later = OwnCache(TWO_LAYERS, 99), OwnCache(TWO_LAYERS, 99)
    layout = NextTokens(
        ((first, slice(0, 4)), (later, slice(4, 6))),
        (
            ((root, slice(0, 4)), (other, slice(4, 6))),
            ((child, slice(0, 2)), (second_child, slice(2, 3))),
        ),
    )
    own: list[list[tuple[Tensor, Tensor]]] = [[] for _ in paths]
    for step in range(ROOM_AT_FIRST + 3):  # past the first growth of the caches
        query_1hRd = normal(1, HEADS, 6, WIDTH, seed=10 * step)
        key_1kRd, value_1kRd = keys_and_values(6, seed=10 * step + 1)
        output_1Rhd = layout.attend(1, query_1hRd, key_1kRd, value_1kRd, SCALE)
        layout.advance()
        for row, path in enumerate(paths):
            own[row].append((key_1kRd[:, :, row : row + 1], value_1kRd[:, :, row : row + 1]))
            expected = plain(query_1hRd[0, :, row], [*(cache.read(1) for cache in path), *own[row]])
            assert torch.allclose(output_1Rhd[0, row], expected, atol=1e-12)


def test_rows_that_stay_keep_their_own_tokens():
    cache = OwnCache(TWO_LAYERS, 10)
    written = [normal(4, KEY_HEADS, WIDTH, seed=step) for step in range(3)]
    for key_rkd in written:
        cache.add(0, key_rkd, -key_rkd)
        cache.tokens += 1
    cache.keep([1, 3])
    last_rkd = normal(2, KEY_HEADS, WIDTH, seed=9)
    key_rktd, value_rktd = cache.add(0, last_rkd, -last_rkd)
    expected = torch.stack([*(key_rkd[[1, 3]] for key_rkd in written), last_rkd], dim=2)
    assert torch.equal(key_rktd, expected)
    assert torch.equal(value_rktd, -expected)


def test_room_for_own_tokens_stays_within_the_limit():
    cache = OwnCache(TWO_LAYERS, ROOM_AT_FIRST + 5)
    for _ in range(ROOM_AT_FIRST + 5):
        key_rktd, _ = cache.add(0, normal(2, KEY_HEADS, WIDTH), normal(2, KEY_HEADS, WIDTH))
        assert key_rktd.untyped_storage().nbytes() <= 2 * KEY_HEADS * WIDTH * 8 * (ROOM_AT_FIRST + 5)
        cache.tokens += 1


def test_a_stretch_knows_its_place_and_refuses_to_be_read_before_it_was_written():
    root = filled(7, None, seed=1)
    child = StretchCache(TWO_LAYERS, 3, root)
    assert (child.start, child.path) == (7, (root, child))
    with pytest.raises(RuntimeError, match="layer 0 of a stretch is read before it was written"):
        child.read(0)
