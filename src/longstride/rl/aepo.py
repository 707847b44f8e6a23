"""AEPO: the batch's entropy decides whether negative advantages train (paper 4.4, Eq. 11), and its rivals.

Every controller has one door: the batch's entropy and the trajectories' advantages in, a keep-mask out. It is asked
once a step, with the entropy of the batch that the step then trains on. Shapes: B trajectories.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from longstride.rl.groups import check_finite, check_shape


class EntropyController(Protocol):
    """Which trajectories of a batch train, given how uncertain the policy is."""

    def keep_mask(self, batch_entropy: float, advantages_B: Tensor, rewards_B: Tensor) -> Tensor:
        """[B] bool; False leaves the trajectory out of the loss. `batch_entropy` is Eq. 11, in nats.

        Raises ValueError for an entropy that is NaN, infinite or negative, and for shapes that do not agree.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold for the next step to go on the same."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


@dataclass
class EntropyLatch:
    """AEPO's switch (4.4): drop negatives above `high`, restore them below `low`, else keep the state."""

    low: float  # nats
    high: float  # nats
    keep_negatives: bool = True

    def __post_init__(self) -> None:
        _check_band(self.low, self.high)

    def update(self, batch_entropy: float) -> bool:
        """Read the batch's entropy; say whether negative advantages train now."""
        _check_entropy(batch_entropy)
        if batch_entropy > self.high:
            self.keep_negatives = False
        elif batch_entropy < self.low:
            self.keep_negatives = True
        return self.keep_negatives

    def keep_mask(self, batch_entropy: float, advantages_B: Tensor, rewards_B: Tensor) -> Tensor:
        _check_batch(advantages_B, rewards_B)
        return torch.ones_like(advantages_B, dtype=torch.bool) if self.update(batch_entropy) else advantages_B >= 0

    def state_dict(self) -> dict[str, Any]:
        return {"keep_negatives": self.keep_negatives}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.keep_negatives = _read(state, "keep_negatives", bool)


class _Stateless:
    """A controller whose answer depends on its arguments alone."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if state:
            raise ValueError(f"{type(self).__name__} has no state, but was given {', '.join(map(str, state))}")


@dataclass
class ReadmeBand(_Stateless):
    """The rule of the authors' README to the letter: inside the band keep only A > 0 with reward > 0, else keep all.

    The text masks above the band instead; `EntropyLatch` is our reading of it.
    """

    low: float  # nats
    high: float  # nats

    def __post_init__(self) -> None:
        _check_band(self.low, self.high)

    def keep_mask(self, batch_entropy: float, advantages_B: Tensor, rewards_B: Tensor) -> Tensor:
        _check_entropy(batch_entropy)
        _check_batch(advantages_B, rewards_B)
        if self.low < batch_entropy < self.high:
            return (advantages_B > 0) & (rewards_B > 0)
        return torch.ones_like(advantages_B, dtype=torch.bool)


@dataclass
class KeepAll(_Stateless):
    """Plain GRPO: every trajectory trains."""

    def keep_mask(self, batch_entropy: float, advantages_B: Tensor, rewards_B: Tensor) -> Tensor:
        _check_entropy(batch_entropy)
        _check_batch(advantages_B, rewards_B)
        return torch.ones_like(advantages_B, dtype=torch.bool)


@dataclass
class PositivesOnly(_Stateless):
    """Negative advantages never train: advantage-weighted rejection-sampling fine-tuning at every step."""

    def keep_mask(self, batch_entropy: float, advantages_B: Tensor, rewards_B: Tensor) -> Tensor:
        _check_entropy(batch_entropy)
        _check_batch(advantages_B, rewards_B)
        return advantages_B >= 0


@dataclass
class Entrocraft:
    """Entrocraft (arXiv 2604.26326, Algorithm 1): above the band drop negatives, below it drop positives, else neither.

    The band's middle moves linearly from `start` to `end` over `steps` batches and stays there; the paper found
    linear annealing best, from about 0.6 to 0.2 nats. `step` counts the batches seen.
    """

    start: float  # nats, the band's middle at the first batch
    end: float  # nats, its middle from batch `steps` on
    steps: int
    width: float  # nats, from the band's lower edge to its upper one
    step: int = 0

    def __post_init__(self) -> None:
        for name in ("start", "end", "width"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value}, expected 0 nats or more")
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}, expected at least one batch")

    def band(self) -> tuple[float, float]:
        """(lower edge, upper edge) for the next batch, in nats."""
        done = min(self.step / self.steps, 1.0)
        middle = self.start + (self.end - self.start) * done
        return middle - self.width / 2, middle + self.width / 2

    def keep_mask(self, batch_entropy: float, advantages_B: Tensor, rewards_B: Tensor) -> Tensor:
        _check_entropy(batch_entropy)
        _check_batch(advantages_B, rewards_B)
        low, high = self.band()
        self.step += 1
        if batch_entropy > high:
            return advantages_B >= 0
        if batch_entropy < low:
            return advantages_B <= 0
        return torch.ones_like(advantages_B, dtype=torch.bool)

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.step = _read(state, "step", int)


def _check_band(low: float, high: float) -> None:
    if not 0 <= low <= high < math.inf:
        raise ValueError(f"the band is {low}..{high}, expected 0 <= low <= high in nats")


def _check_entropy(batch_entropy: float) -> None:
    if not 0 <= batch_entropy < math.inf:
        raise ValueError(f"batch_entropy is {batch_entropy}, expected 0 nats or more")


def _check_batch(advantages_B: Tensor, rewards_B: Tensor) -> None:
    if advantages_B.ndim != 1 or not len(advantages_B):
        raise ValueError(
            f"advantages_B has shape {tuple(advantages_B.shape)}, expected one for each of 1 or more trajectories"
        )
    check_shape("rewards_B", rewards_B, advantages_B.shape)
    check_finite("advantages_B", advantages_B)
    check_finite("rewards_B", rewards_B)


def _read(state: Mapping[str, Any], name: str, kind: type) -> Any:
    value = state.get(name)
    if type(value) is not kind:
        raise ValueError(f"the state's {name} is {value!r}, expected {kind.__name__}")
    return value
