"""What a training run must remember between two steps, beside weights and optimizer: plain JSON in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from longstride.engines.local.recipe import Recipe
from longstride.engines.local.step import Batch, clipping_threshold, entropies_of, make_controller
from longstride.errors import InputError
from longstride.rl import EntropyController, TaskBalancedSampler


@dataclass
class RunState:
    """The sampler's place, the controller's, and the counters."""

    recipe: Recipe
    sampler: TaskBalancedSampler
    step: int = 0  # steps done
    start_entropy: float | None = None  # nats, of the first batch; None before it
    controller: EntropyController | None = None  # likewise
    bad_steps: int = 0  # with NaN or infinite numbers, in a row
    response_tokens: int = 0  # drawn so far

    def see(self, batch: Batch) -> EntropyController:
        """The controller; the first batch that is seen says what thresholds are shares of."""
        if self.start_entropy is None:
            self.start_entropy, _ = entropies_of(batch)
        if self.controller is None:
            self.controller = make_controller(self.recipe.aepo, self.start_entropy)
        return self.controller

    @property
    def clipping_threshold(self) -> float | None:
        """Of negative clipping, in nats; None where there is none, and before the first batch."""
        if self.start_entropy is None:
            return None
        return clipping_threshold(self.recipe.negative_clipping, self.start_entropy)

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "step": self.step,
            "sampler": self.sampler.state_dict(),
            "start_entropy": self.start_entropy,
            "controller": None if self.controller is None else self.controller.state_dict(),
            "bad_steps": self.bad_steps,
            "response_tokens": self.response_tokens,
        }

    def load_json(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `to_json` gave. Raises InputError where it is of another data set, batch or controller."""
        try:
            self.sampler.load_state_dict(saved["sampler"])
            self.step, self.bad_steps = int(saved["step"]), int(saved["bad_steps"])
            self.response_tokens = int(saved["response_tokens"])
            self.start_entropy, self.controller = saved["start_entropy"], None
            if self.start_entropy is not None and saved["controller"] is not None:
                self.controller = make_controller(self.recipe.aepo, self.start_entropy)
                self.controller.load_state_dict(saved["controller"])
        except (KeyError, TypeError, ValueError) as error:
            cure = "take the recipe and the data that it was made with"
            raise InputError(f"the checkpoint does not fit this run: {error}", cure=cure) from None
