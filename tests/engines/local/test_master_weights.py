"""Why masters: the paper's steps of 2e-6 vanish in bfloat16."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import Parameter

from longstride.engines.local.master_weights import MasterWeights
from longstride.engines.local.optimizers import OptimizerSettings, make_optimizer

LR = 2e-6  # paper 5.1


def after_steps(masters: str, steps: int) -> tuple[Tensor, Tensor]:
    """(weights before, after `steps` AdamW steps of 2e-6 down a constant gradient)"""
    start = torch.linspace(0.002, 0.05, 64).bfloat16()
    weight = Parameter(start.clone())
    optimizer = make_optimizer({"weight": weight}, OptimizerSettings(masters=masters))
    for _ in range(steps):
        weight.grad = torch.ones_like(weight, dtype=weight.grad_dtype or weight.dtype)
        optimizer.step(LR)
    return start, weight.detach()


def test_steps_of_the_papers_rate_vanish_in_bfloat16():
    before, after = after_steps("none", 200)
    assert torch.equal(before, after)


def test_with_masters_they_add_up():
    before, after = after_steps("float32", 200)
    moved = (before.float() - after.float()).mean().item()
    assert moved == pytest.approx(200 * LR, rel=0.1)


def test_the_model_holds_the_masters_rounding_and_gradients_are_gathered_in_float32():
    weight = Parameter(torch.ones(4, dtype=torch.bfloat16))
    masters = MasterWeights({"weight": weight})
    for _ in range(257):  # a bfloat16 sum of ones ends at 256
        weight.sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [257.0] * 4
    masters.take_gradients()
    target = masters.targets()["weight"]
    assert target.grad is weight.grad
    with torch.no_grad():
        target.sub_(0.001)
    masters.publish()
    assert torch.equal(weight, target.bfloat16())
    assert target.grad is None


def test_float32_weights_are_their_own_masters():
    weight = Parameter(torch.ones(4))
    masters = MasterWeights({"weight": weight})
    assert masters.targets()["weight"] is weight
    assert masters.copies == {}


@pytest.mark.parametrize(
    ("copies", "problem"),
    [({}, "of other parameters, such as a"), ({"a": torch.ones(3)}, r"the master of a is \(3,\)")],
)
def test_masters_of_another_model_are_refused(copies: dict[str, Tensor], problem: str):
    masters = MasterWeights({"a": Parameter(torch.ones(2, dtype=torch.bfloat16))})
    with pytest.raises(ValueError, match=problem):
        masters.load(copies)
