"""Who attends to whom where a prompt is shared, on tensors small enough to check against a mask."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from longstride.engines.local.layouts import OPERATIONS, GatheringPrefix, KeysOnly, Packed, Prefix, Rows

PREFIX, LENGTHS = 5, (3, 1, 4)


def seen_by_whom() -> Tensor:
    """[L, L]: prefix causal; each row the whole prefix and, causally, itself. Row 2 is one token."""
    row_of_L = torch.tensor([-1] * 5 + [0] * 3 + [1] + [2] * 4)
    same = row_of_L[:, None] == row_of_L[None, :]
    return (same | (row_of_L == -1)[None, :]).tril()


def draw(heads: int, length: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, heads, length, 8, generator=generator, dtype=torch.float64).requires_grad_()


def masked(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    key, value = (tensor.repeat_interleave(query.shape[1] // key.shape[1], 1) for tensor in (key, value))
    score = (scale * query @ key.transpose(2, 3)).masked_fill(~seen_by_whom(), -torch.inf)
    return (score.softmax(-1) @ value).transpose(1, 2)


@pytest.mark.parametrize("operations", OPERATIONS)
@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_packed_attention_is_attention_under_the_mask(key_heads: int, operations: str):
    query, key, value = draw(4, 13, 0), draw(key_heads, 13, 1), draw(key_heads, 13, 2)
    expected = masked(query, key, value, 0.5)
    found = Packed(PREFIX, LENGTHS, operations).attend(0, query, key, value, 0.5)
    torch.testing.assert_close(found, expected)
    gradient = torch.randn(found.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    inputs = (query, key, value)
    for ours, theirs in zip(
        torch.autograd.grad(found, inputs, gradient), torch.autograd.grad(expected, inputs, gradient), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("operations", OPERATIONS)
def test_prefix_then_rows_is_packed_and_the_sums_go_back_through_the_prefix(operations: str):
    query, key, value = draw(4, 13, 0), draw(2, 13, 1), draw(2, 13, 2)
    packed = Packed(PREFIX, LENGTHS, operations).attend(0, query, key, value, 0.5)
    (expected,) = torch.autograd.grad(packed[:, PREFIX:].sum(), key)

    prefix = Prefix()
    first = prefix.attend(0, query[:, :, :PREFIX], 1.0 * key[:, :, :PREFIX], 1.0 * value[:, :, :PREFIX], 0.5)
    torch.testing.assert_close(first, packed[:, :PREFIX])
    gathering = GatheringPrefix.of(prefix.pairs)
    start = PREFIX
    for length in LENGTHS:
        some = slice(start, start + length)
        rows = Rows(gathering, (length,), operations).attend(
            0, query[:, :, some], key[:, :, some], value[:, :, some], 0.5
        )
        torch.testing.assert_close(rows, packed[:, some])
        rows.sum().backward()
        start += length
    assert key.grad is not None
    assert key.grad[:, :, :PREFIX].eq(0).all()  # held back so far
    gathering.backward()
    torch.testing.assert_close(key.grad, expected)


def test_sums_of_16_bit_keys_are_float32():
    pair = (torch.zeros(1, 1, 2, 8, dtype=torch.bfloat16).requires_grad_() * 1, torch.zeros(1, 1, 2, 8))
    gathering = GatheringPrefix.of({0: pair})
    for _ in range(1000):
        gathering[0][0].sum().backward()
    assert gathering.sums[0][0].eq(1000).all()  # in bfloat16 the sum would stand still at 256


def test_keys_that_learn_nothing_are_handed_out_as_they_are():
    pair = (torch.zeros(1, 1, 2, 8), torch.ones(1, 1, 2, 8))
    gathering = GatheringPrefix.of({0: pair})
    assert gathering[0][0] is pair[0] and gathering[0][1] is pair[1]
    gathering.backward()


def test_a_layer_that_is_recomputed_keeps_the_pair_of_its_first_run():
    prefix = Prefix()
    first, again = draw(1, 3, 1), draw(1, 3, 1)
    for key in (first, again):
        prefix.attend(0, draw(1, 3, 0), key, key, 1.0)
    assert prefix.pairs[0][0] is first


def test_keys_only_lets_nobody_attend():
    layout = KeysOnly()
    with pytest.raises(RuntimeError, match="no layer has attended yet"):
        layout.taken()
    query, key, value = draw(4, 3, 0), draw(2, 3, 1), draw(2, 3, 2)
    output = layout.attend(0, query, key, value, 1.0)
    assert output.shape == (1, 3, 4, 8) and not output.any() and not output.requires_grad
    assert layout.taken() == (key, value)
