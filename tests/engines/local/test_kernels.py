"""Attention with its log-sum-exp: each form against the plain one, merges, and the trial that admits a kernel."""

from __future__ import annotations

import math
from typing import cast

import pytest
import torch
from torch import Tensor

from longstride.engines.local import kernels
from longstride.engines.local.kernels import (
    Kernel,
    attention_gradients,
    attention_with_lse,
    merge,
    passes_trial,
    plain_forward,
    quick,
)


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def by_hand(query: Tensor, key: Tensor, value: Tensor, *, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
    """Every score at once, in float64."""
    shared = query.shape[1] // key.shape[1]
    key, value = (tensor.double().repeat_interleave(shared, 1) for tensor in (key, value))
    score = scale * query.double() @ key.transpose(2, 3)
    if causal:
        score = score.masked_fill(torch.ones(score.shape[2:], dtype=torch.bool).triu(1), -torch.inf)
    return score.softmax(-1) @ value, score.logsumexp(-1)


@pytest.fixture(params=["quick", "plain"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs a test with the quickest kernel and with plain operations."""
    if request.param == "plain":
        monkeypatch.setattr(kernels, "CANDIDATES", {})
    quick.cache_clear()
    return request.param


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_output_and_log_sum_exp_are_those_of_plain_attention(form: str, key_heads: int, causal: bool):
    keys = 5 if causal else 9
    query, key, value = random(2, 4, 5, 8), random(2, key_heads, keys, 8, seed=1), random(2, key_heads, keys, 8, seed=2)
    output, lse = attention_with_lse(query, key, value, causal=causal, scale=0.3)
    expected_output, expected_lse = by_hand(query, key, value, causal=causal, scale=0.3)
    torch.testing.assert_close(output.double(), expected_output, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(lse.double(), expected_lse, atol=1e-5, rtol=1e-5)
    assert (output.shape, lse.shape, lse.dtype) == (query.shape, query.shape[:3], torch.float32)


def test_a_uniform_attention_worked_by_hand(form: str):
    """Equal scores: the output is the mean of the values, the log-sum-exp the log of how many there are."""
    query, key, value = torch.zeros(1, 1, 3, 8), random(1, 1, 3, 8), torch.eye(8)[None, None, :3]
    output, lse = attention_with_lse(query, key, value, causal=True, scale=1.0)
    assert lse[0, 0].tolist() == pytest.approx([0, math.log(2), math.log(3)], abs=1e-6)
    assert output[0, 0, 1, :3].tolist() == pytest.approx([0.5, 0.5, 0])


def test_16_bit_inputs_have_a_log_sum_exp_in_float32(form: str):
    query, key, value = (random(1, 2, 6, 16, seed=seed, dtype=torch.bfloat16) for seed in range(3))
    output, lse = attention_with_lse(query, key, value, causal=True, scale=0.25)
    expected_output, expected_lse = by_hand(query, key, value, causal=True, scale=0.25)
    assert (output.dtype, lse.dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(lse.double(), expected_lse, atol=1e-3, rtol=0)
    torch.testing.assert_close(output.double(), expected_output, atol=3e-2, rtol=0)


def test_no_keys_weigh_nothing_in_a_merge(form: str):
    query, key, value = random(1, 2, 4, 8), random(1, 2, 6, 8, seed=1), random(1, 2, 6, 8, seed=2)
    whole = attention_with_lse(query, key, value, causal=False, scale=1.0)
    nothing = attention_with_lse(query, key[:, :, :0], value[:, :, :0], causal=False, scale=1.0)
    assert nothing[1].eq(-torch.inf).all()
    output, lse = merge((nothing[0], whole[0]), (nothing[1], whole[1]))
    assert torch.equal(output, whole[0]) and torch.equal(lse, whole[1])


def test_merged_parts_are_the_whole(form: str):
    query, key, value = random(1, 4, 3, 8), random(1, 2, 10, 8, seed=1), random(1, 2, 10, 8, seed=2)
    parts = [
        attention_with_lse(query, key[:, :, some], value[:, :, some], causal=False, scale=2.0)
        for some in (slice(0, 1), slice(1, 7), slice(7, 10))
    ]
    output, lse = merge([part[0] for part in parts], [part[1] for part in parts])
    expected_output, expected_lse = by_hand(query, key, value, causal=False, scale=2.0)
    torch.testing.assert_close(output.double(), expected_output, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(lse.double(), expected_lse, atol=1e-5, rtol=1e-5)


def test_a_merge_of_very_different_log_sum_exps_is_finite():
    output, lse = merge((torch.ones(1, 2), torch.zeros(1, 2)), (torch.tensor([1000.0]), torch.tensor([-1000.0])))
    assert output.tolist() == [[1, 1]] and lse.tolist() == [1000]


def test_many_queries_are_walked_in_blocks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kernels, "SCORES_AT_A_TIME", 2 * 11 * 3)  # three queries at a time
    query, key, value = (random(1, 2, 11, 8, seed=seed) for seed in range(3))
    output, lse = plain_forward(query, key, value, True, 0.5)
    expected_output, expected_lse = by_hand(query, key, value, causal=True, scale=0.5)
    torch.testing.assert_close(output.double(), expected_output, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(lse.double(), expected_lse, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_gradients_over_parts_add_up_to_those_of_the_whole(key_heads: int):
    """Over 4 earlier keys and causally over 6 of their own: each part is given the merged output and log-sum-exp."""
    quick.cache_clear()
    kernel = quick("cpu", torch.float64, 8)
    assert kernel is not None
    query, gradient = random(1, 4, 6, 8, dtype=torch.float64), random(1, 4, 6, 8, seed=9, dtype=torch.float64)
    key_1, value_1, key_2, value_2 = (
        random(1, key_heads, count, 8, seed=seed, dtype=torch.float64) for seed, count in enumerate((4, 4, 6, 6))
    )
    leaves = [tensor.clone().requires_grad_() for tensor in (query, key_1, value_1, key_2, value_2)]
    repeated = [leaf.repeat_interleave(4 // key_heads, 1) for leaf in leaves[1:]]
    score = 0.4 * leaves[0] @ torch.cat([repeated[0], repeated[2]], 2).transpose(2, 3)
    score = score.masked_fill(torch.ones(6, 10, dtype=torch.bool).triu(5), -torch.inf)
    expected = torch.autograd.grad(score.softmax(-1) @ torch.cat([repeated[1], repeated[3]], 2), leaves, gradient)

    earlier = attention_with_lse(query, key_1, value_1, causal=False, scale=0.4)
    own = attention_with_lse(query, key_2, value_2, causal=True, scale=0.4)
    output, lse = merge((earlier[0], own[0]), (earlier[1], own[1]))
    one = attention_gradients(kernel, gradient, query, key_1, value_1, output, lse, causal=False, scale=0.4)
    two = attention_gradients(kernel, gradient, query, key_2, value_2, output, lse, causal=True, scale=0.4)
    for found, theirs in zip((one[0] + two[0], *one[1:], *two[1:]), expected, strict=True):
        torch.testing.assert_close(found, theirs)


class WithoutLogSumExp:
    """A kernel whose log-sum-exp is off by a little."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def forward(self, query: Tensor, key: Tensor, value: Tensor, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
        output, lse = self.kernel.forward(query, key, value, causal, scale)
        return output, lse + 0.01

    def backward(self, *arguments: object) -> tuple[Tensor, Tensor, Tensor]:
        return self.kernel.backward(*arguments)  # pyright: ignore[reportArgumentType]


class OwnForwardOnly(WithoutLogSumExp):
    """A kernel whose backward pass ignores the merged output."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
        return self.kernel.forward(query, key, value, causal, scale)

    def backward(self, *arguments: object) -> tuple[Tensor, Tensor, Tensor]:
        gradient, query, key, value, _, _, causal, scale = arguments
        output, lse = self.kernel.forward(query, key, value, causal, scale)  # pyright: ignore[reportArgumentType]
        return self.kernel.backward(gradient, query, key, value, output, lse, causal, scale)  # pyright: ignore[reportArgumentType]


class Missing(WithoutLogSumExp):
    def forward(self, query: Tensor, key: Tensor, value: Tensor, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
        return torch.ops.aten._no_such_operation(query)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_trial_admits_a_kernel_that_agrees_and_no_other(dtype: torch.dtype):
    quick.cache_clear()
    kernel = quick("cpu", dtype, 16)
    assert kernel is not None
    assert passes_trial(kernel, "cpu", dtype, 16)
    for broken in (WithoutLogSumExp, OwnForwardOnly, Missing):
        if dtype != torch.bfloat16 or broken is not WithoutLogSumExp:  # 0.01 is within the rounding of bfloat16
            assert not passes_trial(cast(Kernel, broken(kernel)), "cpu", dtype, 16)


def test_a_device_without_a_kernel_gets_plain_operations():
    assert quick("meta", torch.float32, 16) is None


def test_a_trial_leaves_the_random_state_alone():
    before = torch.random.get_rng_state()
    quick.cache_clear()
    quick("cpu", torch.float32, 16)
    assert torch.equal(before, torch.random.get_rng_state())


def test_causal_attention_over_other_keys_is_refused():
    with pytest.raises(ValueError, match="causal attention of 3 queries over 4 keys"):
        attention_with_lse(random(1, 1, 3, 8), random(1, 1, 4, 8), random(1, 1, 4, 8), causal=True, scale=1.0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_gpu_has_a_kernel_that_passes(dtype: torch.dtype):
    assert quick("cuda", dtype, 128) is not None
