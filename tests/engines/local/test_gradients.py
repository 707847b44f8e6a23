from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from longstride.engines.local.gradients import clip_gradients, gradient_norm


def with_gradients(*gradients: Tensor | None) -> list[Tensor]:
    parameters = [torch.zeros(2 if each is None else len(each), requires_grad=True) for each in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    return parameters


def test_one_norm_over_all_and_what_stood_before_comes_back():
    parameters = with_gradients(torch.tensor([3.0, 0.0]), None, torch.tensor([0.0, 4.0]))
    assert clip_gradients(parameters, max_norm=1.0) == 5.0
    assert [each.grad.tolist() for each in parameters if each.grad is not None] == [
        pytest.approx([0.6, 0.0]),
        pytest.approx([0.0, 0.8]),
    ]
    assert gradient_norm(parameters) == pytest.approx(1.0)


@pytest.mark.parametrize("max_norm", [5.0, 7.0, None])
def test_what_is_within_the_bound_stays_to_the_bit(max_norm: float | None):
    parameters = with_gradients(torch.tensor([3.0, 4.0]))
    assert clip_gradients(parameters, max_norm) == 5.0
    assert parameters[0].grad is not None
    assert parameters[0].grad.tolist() == [3.0, 4.0]


def test_sixteen_bit_gradients_are_summed_in_float32():
    """10,000 squares of 1: a bfloat16 sum sticks at 256, where 1 is half a step."""
    parameter = torch.zeros(10_000, dtype=torch.bfloat16, requires_grad=True)
    parameter.grad = torch.ones(10_000, dtype=torch.bfloat16)
    assert gradient_norm([parameter]) == 100.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_no_number_shows_in_the_norm_and_is_left(bad: float):
    parameters = with_gradients(torch.tensor([bad, 1.0]), torch.tensor([2.0, 0.0]))
    assert not math.isfinite(clip_gradients(parameters, max_norm=1.0))
    assert parameters[1].grad is not None
    assert parameters[1].grad.tolist() == [2.0, 0.0]


def test_no_gradient_at_all_has_norm_zero():
    assert clip_gradients(with_gradients(None, None), max_norm=1.0) == 0.0


def test_a_bound_of_zero_is_refused():
    with pytest.raises(ValueError, match="max_norm is 0"):
        clip_gradients([], max_norm=0)
