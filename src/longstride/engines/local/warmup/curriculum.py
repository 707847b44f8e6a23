"""Short inputs first: which lengths a step may draw from, longer ones as soon as the shorter are mastered.

A circuit that looks things up forms where there is little to look through, and then stretches; begun at full length
the tiny model takes several times as long (see the README's figures for the tiny model).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

SHORTEST = 32  # tokens: all shorter prompts are of one length
AT_FRONT = 5  # times as often as an item of a shorter length is one of the longest open length drawn
ALL_OPEN = 0.5  # of the run, after which every length is open


def length_class(tokens: int) -> int:
    """The power of two that is nearest, as a ratio; 32 at least. Prompts of one class are learnt at one time."""
    return max(SHORTEST, 1 << round(math.log2(max(1, tokens))))


@dataclass
class Curriculum:
    """Opens one length after the other: by mastery, and at the latest in equal parts of the run's first half.

    `sizes` holds the number of items of each length class, shortest first. Items of a class are drawn in rounds: each
    once before any again, a round's order being a function of the seed.
    """

    sizes: Sequence[int]
    seed: int
    advance_at: float  # mastery of the longest open length: a share of its target tokens
    window: int = 20  # steps that the mastery is averaged over
    level: int = 0  # of the longest open length
    recent: list[float] = field(default_factory=list[float])  # mastery at that length, step by step
    drawn: list[int] = field(default_factory=list[int])  # items drawn so far, by length class

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1:
            raise ValueError(f"sizes are {list(self.sizes)}, expected one or more items of each length")
        self.drawn = self.drawn or [0] * len(self.sizes)

    def choose_length(self, step: int) -> int:
        """Which length class the step draws from."""
        weights = [*self.sizes[: self.level], AT_FRONT * self.sizes[self.level]]
        return random.Random(f"{self.seed}/length/{step}").choices(range(self.level + 1), weights)[0]

    def next_item(self, length: int) -> int:
        """The number, within its length class, of the item to learn now."""
        turn, place = divmod(self.drawn[length], self.sizes[length])
        self.drawn[length] += 1
        return _round(self.seed, length, turn, self.sizes[length])[place]

    def saw(self, length: int, mastery: float, progress: float) -> None:
        """Note how well a step of this length went, `progress` (0 to 1) into the run; maybe open the next length."""
        if length == self.level:
            self.recent = [*self.recent, mastery][-self.window :]
        mastered = len(self.recent) == self.window and sum(self.recent) / self.window > self.advance_at
        due = int(progress / ALL_OPEN * len(self.sizes))
        if self.level + 1 < len(self.sizes) and (mastered or self.level < due):
            self.level += 1
            self.recent = []

    def state_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"level": self.level, "recent": self.recent, "drawn": self.drawn}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.level, self.recent, self.drawn = int(state["level"]), list(state["recent"]), list(state["drawn"])


@lru_cache(maxsize=16)
def _round(seed: int, length: int, turn: int, size: int) -> tuple[int, ...]:
    return tuple(random.Random(f"{seed}/round/{length}/{turn}").sample(range(size), size))
