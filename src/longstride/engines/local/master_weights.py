"""Float32 masters of 16-bit weights: what the optimizer moves, and what the model sees of it.

A weight of 0.02 in bfloat16 has its neighbours 1.2e-4 away; a step at the paper's learning rate of 2e-6 (5.1) rounds
back to where it began, every time. So the weights that learn are kept in float32, and their rounding is copied to the
model after each step. Gradients are gathered in float32 too: a sum over many groups would lose small terms otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import Parameter

SHORT_DTYPES = (torch.bfloat16, torch.float16)


class MasterWeights:
    """A float32 copy of each 16-bit parameter; a parameter that is float32 (or float64) is its own master.

    From its making on, the gradients of the 16-bit parameters are float32 (`Tensor.grad_dtype`).
    """

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self._parameters = dict(parameters)
        self.copies: dict[str, Parameter] = {}  # of the 16-bit parameters, by name
        for name, parameter in self._parameters.items():
            if parameter.dtype in SHORT_DTYPES:
                parameter.grad_dtype = torch.float32
                self.copies[name] = Parameter(parameter.detach().to(torch.float32))

    def targets(self) -> dict[str, Parameter]:
        """What an optimizer steps on, in the order of the parameters."""
        return {name: self.copies.get(name, parameter) for name, parameter in self._parameters.items()}

    def take_gradients(self) -> None:
        """Lend the parameters' gradients to their masters; no copy where they are float32."""
        for name, master in self.copies.items():
            gradient = self._parameters[name].grad
            master.grad = None if gradient is None else gradient.to(torch.float32)

    @torch.no_grad()
    def publish(self) -> None:
        """Round the masters into the model, and give the gradients back."""
        for name, master in self.copies.items():
            self._parameters[name].copy_(master)
            master.grad = None

    @torch.no_grad()
    def load(self, copies: Mapping[str, Tensor]) -> None:
        """Take the masters from `copies` and round them into the model. ValueError where names or shapes differ."""
        if set(copies) != set(self.copies):
            differing = sorted(set(copies) ^ set(self.copies))
            raise ValueError(f"the masters are of other parameters, such as {differing[0]}")
        for name, master in self.copies.items():
            copy = copies[name]
            if copy.shape != master.shape or copy.dtype != master.dtype:
                raise ValueError(
                    f"the master of {name} is {tuple(copy.shape)} {copy.dtype}, expected {tuple(master.shape)} float32"
                )
            master.copy_(copy)
        self.publish()
