from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import Parameter

from longstride.engines.local.optimizers import Optimizer, OptimizerSettings, OptimizerState, make_optimizer, muon_names

NAMES = {
    "model.embed_tokens.weight": (10, 4),
    "model.layers.0.mlp.up_proj.weight": (6, 4),
    "model.layers.0.input_layernorm.weight": (4,),
    "model.norm.weight": (4,),
    "lm_head.weight": (10, 4),
}


def parameters(dtype: torch.dtype = torch.float32) -> dict[str, Parameter]:
    generator = torch.Generator().manual_seed(0)
    return {name: Parameter(torch.randn(shape, generator=generator).to(dtype)) for name, shape in NAMES.items()}


def train(held: dict[str, Parameter], optimizer: Optimizer, steps: range) -> None:
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        for parameter in held.values():
            dtype = parameter.grad_dtype or parameter.dtype
            parameter.grad = torch.randn(parameter.shape, generator=generator).to(dtype)
        optimizer.step(1e-3)
        optimizer.zero_grad()


def copied(state: OptimizerState) -> OptimizerState:
    """As a file gives it back."""
    return OptimizerState(
        {name: tensor.clone() for name, tensor in state.tensors.items()},
        {name: tensor.clone() for name, tensor in state.masters.items()},
        json.loads(json.dumps(state.values)),
    )


def test_an_adamw_step_by_hand():
    """At the first step m / sqrt(v) is the gradient's sign; decay takes lr * 0.1 of a matrix, nothing of a vector."""
    held = {"layers.0.w": Parameter(torch.tensor([[1.0, -2.0]])), "b": Parameter(torch.tensor([1.0]))}
    optimizer = make_optimizer(held, OptimizerSettings(weight_decay=0.1))
    held["layers.0.w"].grad, held["b"].grad = torch.tensor([[0.5, -3.0]]), torch.tensor([2.0])
    optimizer.step(0.01)
    assert held["layers.0.w"].tolist()[0] == pytest.approx([1 - 0.001 - 0.01, -2 + 0.002 + 0.01])
    assert held["b"].tolist() == pytest.approx([1 - 0.01])


def test_an_sgd_step_by_hand():
    """The gradient itself, whatever came before; decay takes lr * 0.1 of a matrix, nothing of a vector."""
    held = {"layers.0.w": Parameter(torch.tensor([[1.0, -2.0]])), "b": Parameter(torch.tensor([1.0]))}
    optimizer = make_optimizer(held, OptimizerSettings(name="sgd", weight_decay=0.1))
    for _ in range(2):
        held["layers.0.w"].grad, held["b"].grad = torch.tensor([[0.5, -3.0]]), torch.tensor([2.0])
        optimizer.step(0.01)
    once = [1 - 0.005 - 0.001, -2 + 0.03 + 0.002]
    assert held["layers.0.w"].tolist()[0] == pytest.approx(
        [each * 0.999 - g for each, g in zip(once, (0.005, -0.03), strict=True)]
    )
    assert held["b"].tolist() == pytest.approx([1 - 0.04])
    assert not optimizer.state_dict().tensors


def test_muon_takes_the_hidden_matrices_and_nothing_else():
    held = parameters()
    lora = Parameter(torch.ones(2, 4))
    assert muon_names({**held, "base.layers.0.self_attn.q_proj.lora_A.default.weight": lora}) == {
        "model.layers.0.mlp.up_proj.weight"
    }
    optimizer = make_optimizer(held, OptimizerSettings(name="muon"))
    train(held, optimizer, range(1))
    assert sorted(optimizer.state_dict().tensors) == sorted(
        ["momentum/model.layers.0.mlp.up_proj.weight"]
        + [f"{kind}/{name}" for name in NAMES if "up_proj" not in name for kind in ("exp_avg", "exp_avg_sq")]
    )


def test_muon_moves_at_its_own_rate():
    moved: list[float] = []
    for ratio in (1.0, 3.0):
        held = parameters()
        before = held["model.layers.0.mlp.up_proj.weight"].detach().clone()
        train(held, make_optimizer(held, OptimizerSettings(name="muon", muon_lr_ratio=ratio)), range(1))
        moved.append((held["model.layers.0.mlp.up_proj.weight"] - before).norm().item())
    assert moved[1] / moved[0] == pytest.approx(3.0, rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("masters", ["float32", "none"])
@pytest.mark.parametrize("name", ["adamw", "muon", "sgd"])
def test_a_state_taken_and_given_back_goes_on_bit_for_bit(name: str, masters: str, dtype: torch.dtype):
    settings = OptimizerSettings(name=name, masters=masters, weight_decay=0.1)
    through = parameters(dtype)
    train(through, make_optimizer(through, settings), range(6))

    first = parameters(dtype)
    optimizer = make_optimizer(first, settings)
    train(first, optimizer, range(3))
    state, weights = copied(optimizer.state_dict()), {key: each.detach().clone() for key, each in first.items()}
    second = {key: Parameter(each) for key, each in weights.items()}
    resumed = make_optimizer(second, settings)
    resumed.load_state_dict(state)
    train(second, resumed, range(3, 6))
    assert all(torch.equal(second[key], through[key]) for key in NAMES)


def test_without_its_state_the_same_start_goes_elsewhere():
    """The check above can fail: AdamW that forgot its moments takes other steps."""
    through, first = parameters(), parameters()
    train(through, make_optimizer(through, OptimizerSettings()), range(6))
    train(first, make_optimizer(first, OptimizerSettings()), range(3))
    train(first, make_optimizer(first, OptimizerSettings()), range(3, 6))
    assert not torch.equal(first["lm_head.weight"], through["lm_head.weight"])


def test_a_parameter_without_gradient_stays_and_has_no_state():
    held = parameters()
    before = held["lm_head.weight"].detach().clone()
    optimizer = make_optimizer(held, OptimizerSettings(weight_decay=0.1))
    held["model.norm.weight"].grad = torch.ones(4)
    optimizer.step(0.1)
    assert torch.equal(held["lm_head.weight"], before)
    assert optimizer.state_dict().values == {"optimizer": "adamw", "steps": {"model.norm.weight": 1}}
    fresh = make_optimizer(parameters(), OptimizerSettings())
    fresh.load_state_dict(copied(optimizer.state_dict()))
    assert sorted(fresh.state_dict().tensors) == ["exp_avg/model.norm.weight", "exp_avg_sq/model.norm.weight"]


def test_what_is_frozen_is_not_trained():
    held = parameters()
    held["lm_head.weight"].requires_grad_(False)
    assert len(make_optimizer(held.items(), OptimizerSettings()).parameters()) == len(NAMES) - 1


def drop_one(state: OptimizerState) -> OptimizerState:
    return OptimizerState({k: v for k, v in state.tensors.items() if k != "exp_avg/lm_head.weight"}, {}, state.values)


def add_one(state: OptimizerState) -> OptimizerState:
    return OptimizerState({**state.tensors, "momentum/lm_head.weight": torch.ones(1)}, {}, state.values)


def reshape_one(state: OptimizerState) -> OptimizerState:
    tensors: dict[str, Tensor] = {**state.tensors, "exp_avg/lm_head.weight": torch.ones(3)}
    return OptimizerState(tensors, {}, state.values)


@pytest.mark.parametrize(
    ("alter", "problem"),
    [
        (drop_one, "other parameters, such as exp_avg/lm_head.weight"),
        (add_one, "other parameters, such as momentum/lm_head.weight"),
        (reshape_one, r"exp_avg of lm_head.weight is \(3,\)"),
    ],
)
def test_a_state_of_other_parameters_is_refused(alter: Callable[[OptimizerState], OptimizerState], problem: str):
    held = parameters()
    optimizer = make_optimizer(held, OptimizerSettings())
    train(held, optimizer, range(1))
    with pytest.raises(ValueError, match=problem):
        optimizer.load_state_dict(alter(optimizer.state_dict()))


def test_refusals():
    held = parameters()
    state = make_optimizer(held, OptimizerSettings(name="muon")).state_dict()
    with pytest.raises(ValueError, match="of muon, this optimizer is adamw"):
        make_optimizer(held, OptimizerSettings()).load_state_dict(state)
    with pytest.raises(ValueError, match="no hidden matrix"):
        make_optimizer({"lm_head.weight": held["lm_head.weight"]}, OptimizerSettings(name="muon"))
    with pytest.raises(ValueError, match="no parameter to train"):
        make_optimizer({}, OptimizerSettings())
    with pytest.raises(ValueError, match="unknown optimizer 'lion'"):
        OptimizerSettings(name="lion")
    with pytest.raises(ValueError, match="betas is 1"):
        OptimizerSettings(betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="learning rate is nan"):
        make_optimizer(held, OptimizerSettings()).step(float("nan"))
