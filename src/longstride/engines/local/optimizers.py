"""AdamW, Muon and plain SGD over named parameters, with a state that is plain tensors and plain JSON.

Which parameter goes where with Muon: the matrices inside the decoder's layers (projections of attention and MLP) to
Muon; everything else (the embedding, the head, tied or not, norms, biases) and LoRA's factors to AdamW. A factor of a
product is no matrix that acts on hidden states, so to make it orthogonal means nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from longstride.engines.local.master_weights import MasterWeights
from longstride.engines.local.muon import SCALES, Muon
from longstride.errors import unknown_name

NAMES = ("adamw", "muon", "sgd")
MASTERS = ("float32", "none")


@dataclass(frozen=True)
class OptimizerSettings:
    """How the weights are moved. The paper (5.1) names the learning rate alone, which is an argument of each step."""

    name: str = "adamw"  # not in the paper
    betas: tuple[float, float] = (0.9, 0.999)  # AdamW's; not in the paper
    epsilon: float = 1e-8  # AdamW's; not in the paper
    weight_decay: float = 0.0  # decoupled, on matrices only; not in the paper
    masters: str = "float32"  # of 16-bit weights; "none" steps on the 16-bit weights themselves; not in the paper
    muon_momentum: float = 0.95  # not in the paper
    muon_scale: str = "match_adamw"  # or "original"; see `muon.update_scale`; not in the paper
    muon_lr_ratio: float = 1.0  # Muon's learning rate over AdamW's; not in the paper

    def __post_init__(self) -> None:
        for kind, name, known in (
            ("optimizer", self.name, NAMES),
            ("masters", self.masters, MASTERS),
            ("muon_scale", self.muon_scale, SCALES),
        ):
            if name not in known:
                raise unknown_name(kind, name, known)
        for name, value in (("betas", max(self.betas)), ("muon_momentum", self.muon_momentum)):
            if not 0 <= value < 1:
                raise ValueError(f"{name} is {value}, expected 0 <= {name} < 1")
        if min(self.betas) < 0 or self.weight_decay < 0 or not self.epsilon > 0 or not self.muon_lr_ratio > 0:
            raise ValueError(f"betas, weight_decay, epsilon or muon_lr_ratio is out of range: {self}")


@dataclass(frozen=True)
class OptimizerState:
    """All that decides the next step, besides the gradients. Tensors are the optimizer's own, not copies."""

    tensors: Mapping[str, Tensor]  # "exp_avg/NAME", "exp_avg_sq/NAME", "momentum/NAME"
    masters: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])  # by parameter; empty without 16-bit ones
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])  # plain JSON


class Optimizer:
    """AdamW, Muon and AdamW side by side, or SGD, over `parameters` by name; made by `make_optimizer`."""

    def __init__(self, parameters: Mapping[str, Parameter], settings: OptimizerSettings) -> None:
        self.settings = settings
        self._parameters = {name: each for name, each in parameters.items() if each.requires_grad}
        if not self._parameters:
            raise ValueError("there is no parameter to train")
        self._masters = MasterWeights(self._parameters if settings.masters == "float32" else {})
        self._targets = {**self._parameters, **self._masters.targets()}
        to_muon = muon_names(self._targets) if settings.name == "muon" else set[str]()
        if settings.name == "muon" and not to_muon:
            raise ValueError("there is no hidden matrix for Muon to train; take adamw (LoRA's factors are AdamW's)")
        plain = settings.name == "sgd"  # without momentum: nothing to hold between steps
        self._adamw_names = [name for name in self._targets if name not in to_muon and not plain]
        self._muon_names = [name for name in self._targets if name in to_muon]
        self._adamw = self._make_adamw()
        self._muon = self._make_muon()
        self._sgd = torch.optim.SGD(self._by_decay(list(self._targets)), lr=0.0) if plain else None

    def step(self, lr: float) -> None:
        """Move every parameter that has a gradient against it, at the learning rate `lr`.

        ValueError for a rate that is negative or not finite. Gradients are not looked at: clip and check them before.
        """
        if not (math.isfinite(lr) and lr >= 0):
            raise ValueError(f"the learning rate is {lr}, expected 0 or more")
        self._masters.take_gradients()
        for inner, rate in ((self._adamw, lr), (self._muon, lr * self.settings.muon_lr_ratio), (self._sgd, lr)):
            if inner is not None:
                for group in inner.param_groups:
                    group["lr"] = rate
                inner.step()
        self._masters.publish()

    def zero_grad(self) -> None:
        """Drop all gradients."""
        for parameter in self._parameters.values():
            parameter.grad = None

    def parameters(self) -> list[Parameter]:
        """The parameters that learn, as the model holds them: their `.grad` is what a step reads."""
        return list(self._parameters.values())

    def state_dict(self) -> OptimizerState:
        """All that `load_state_dict` needs for the next step to be the same, bit for bit."""
        tensors: dict[str, Tensor] = {}
        steps: dict[str, int] = {}
        for name in self._adamw_names:
            state = self._inner_state(self._adamw, name)
            if state:
                tensors[f"exp_avg/{name}"], tensors[f"exp_avg_sq/{name}"] = state["exp_avg"], state["exp_avg_sq"]
                steps[name] = int(state["step"])
        for name in self._muon_names:
            state = self._inner_state(self._muon, name)
            if state:
                tensors[f"momentum/{name}"] = state["momentum"]
        masters = {name: copy.detach() for name, copy in self._masters.copies.items()}
        return OptimizerState(tensors, masters, {"optimizer": self.settings.name, "steps": steps})

    def load_state_dict(self, state: OptimizerState) -> None:
        """Go on from `state`; the model takes its 16-bit weights from the masters, where there are any.

        Raises ValueError where the state is of another optimizer, or of other parameters.
        """
        made_by = state.values.get("optimizer")
        if made_by != self.settings.name:
            raise ValueError(f"the state is of {made_by}, this optimizer is {self.settings.name}")
        steps: Mapping[str, int] = state.values.get("steps", {})
        expected = {f"{kind}/{name}" for name in steps for kind in ("exp_avg", "exp_avg_sq")}
        held = {key for key in state.tensors if not key.startswith("momentum/")}
        known = {f"momentum/{name}" for name in self._muon_names} | expected
        strange = sorted((expected ^ held) | (set(state.tensors) - known) | (set(steps) - set(self._adamw_names)))
        if strange:
            raise ValueError(f"the state is of other parameters, such as {strange[0]}")
        self._masters.load(state.masters)
        for name, count in steps.items():
            self._set_state(self._adamw, name, {k: state.tensors[f"{k}/{name}"] for k in ("exp_avg", "exp_avg_sq")})
            device = self._targets[name].device
            self._inner_state(self._adamw, name)["step"] = torch.tensor(float(count), device=device)
        for name in self._muon_names:
            if f"momentum/{name}" in state.tensors:
                self._set_state(self._muon, name, {"momentum": state.tensors[f"momentum/{name}"]})

    def _make_adamw(self) -> torch.optim.AdamW | None:
        if not self._adamw_names:
            return None
        return torch.optim.AdamW(
            self._by_decay(self._adamw_names),
            lr=0.0,
            betas=self.settings.betas,
            eps=self.settings.epsilon,
            fused=True,  # one pass, without temporaries of the weights' size
        )

    def _by_decay(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Weight decay falls on matrices only; norms and biases are held by nothing."""
        targets = [self._targets[name] for name in names]
        groups = [
            {"params": [each for each in targets if each.ndim >= 2], "weight_decay": self.settings.weight_decay},
            {"params": [each for each in targets if each.ndim < 2], "weight_decay": 0.0},
        ]
        return [group for group in groups if group["params"]]

    def _make_muon(self) -> Muon | None:
        if not self._muon_names:
            return None
        return Muon(
            [self._targets[name] for name in self._muon_names],
            lr=0.0,
            momentum=self.settings.muon_momentum,
            weight_decay=self.settings.weight_decay,
            scale=self.settings.muon_scale,
        )

    def _inner_state(self, inner: torch.optim.Optimizer | None, name: str) -> dict[str, Any]:
        return {} if inner is None else inner.state[self._targets[name]]

    def _set_state(self, inner: torch.optim.Optimizer | None, name: str, tensors: Mapping[str, Tensor]) -> None:
        target = self._targets[name]
        for kind, tensor in tensors.items():
            if tensor.shape != target.shape:
                raise ValueError(f"{kind} of {name} is {tuple(tensor.shape)}, expected {tuple(target.shape)}")
        state = self._inner_state(inner, name)
        state.update({kind: tensor.to(target.device, copy=True) for kind, tensor in tensors.items()})


def make_optimizer(
    named_parameters: Mapping[str, Parameter] | Iterable[tuple[str, Parameter]], settings: OptimizerSettings
) -> Optimizer:
    """An optimizer over the parameters that want gradients, by name.

    A tied head stands in `named_parameters` once, as `model.named_parameters()` gives it. With 16-bit parameters and
    `settings.masters == "float32"` their gradients are gathered in float32 from now on, and the optimizer moves float32
    copies of them. ValueError where nothing is to be trained, or nothing by Muon.
    """
    return Optimizer(dict(named_parameters), settings)


def muon_names(parameters: Mapping[str, Tensor]) -> set[str]:
    """The names of the matrices inside the decoder's layers, but for LoRA's factors."""
    return {
        name
        for name, parameter in parameters.items()
        if parameter.ndim == 2 and "layers." in name and "lora_" not in name
    }
