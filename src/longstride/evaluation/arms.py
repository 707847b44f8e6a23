"""The ways in which the questions of an evaluation are answered: how a model reads, and how it is drawn from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from longstride.errors import InputError, unknown_name

FULL_CONTEXT, MEMORY = MODES = ("full_context", "memory")


@dataclass(frozen=True)
class Decoding:
    """How answers are drawn. Raises InputError for values without a meaning."""

    temperature: float = 0.7  # paper 5.1; 0 takes the most probable token
    top_p: float = 0.95  # paper 5.1
    answers: int = 4  # to each question; not in the paper

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise InputError(f"is {self.temperature}, expected a number from 0 on", field="temperature")
        if not 0 < self.top_p <= 1:
            raise InputError(f"is {self.top_p}, expected a share above 0 and up to 1", field="top_p")
        if self.answers < 1:
            raise InputError(f"is {self.answers}, expected at least 1", field="answers")
        if self.greedy and self.answers > 1:
            raise InputError(
                f"is {self.answers}, but greedy answers are all the same", field="answers", cure="ask for 1, or sample"
            )

    @property
    def greedy(self) -> bool:
        return self.temperature == 0


GREEDY = Decoding(temperature=0.0, top_p=1.0, answers=1)


@dataclass(frozen=True)
class Arm:
    """One way to answer all questions."""

    mode: str  # one of MODES
    decoding: Decoding

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise unknown_name("mode", self.mode, MODES)

    @property
    def label(self) -> str:
        """What it is called in files and tables: `memory-greedy`, `full_context-t0.7`."""
        return f"{self.mode}-{'greedy' if self.decoding.greedy else f't{self.decoding.temperature:g}'}"

    def to_json(self) -> dict[str, Any]:
        """What its answers depend on."""
        return asdict(self)
