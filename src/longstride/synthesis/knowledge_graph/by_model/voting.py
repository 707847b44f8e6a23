"""Nothing is believed on one answer: votes of independent samples with a stated majority."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

NO_ANSWER = "no answer of the model"  # how a tally counts it


@dataclass(frozen=True)
class Majority:
    """`needed` samples of at most `of` must agree."""

    needed: int
    of: int

    def __post_init__(self) -> None:
        if not self.of >= self.needed > self.of / 2:
            raise ValueError(f"{self.needed} of {self.of} is no majority")


async def agreed(ask: Callable[[int], Awaitable[bool | None]], majority: Majority) -> bool | None:
    """Whether enough samples say yes; asked one after another, and no more than it takes to decide.

    `ask` takes a sample index; an answer that could not be had (None) is no yes. None where no sample answered.
    """
    yes = answered = 0
    for sample in range(majority.of):
        vote = await ask(sample)
        answered += vote is not None
        yes += vote is True
        if yes >= majority.needed:
            return True
        if yes + majority.of - sample - 1 < majority.needed:
            break
    return False if answered else None
