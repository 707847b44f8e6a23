"""Answering under doubt: where documents allow several readings, every one of them is followed.

A name may be bound twice, an import may fit two files. A computation that asks its `World` at each such point is run
once for every combination, so the answers that come out are all those that the documents support.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

MOST_WORLDS = 24


class Unknown(Exception):
    """The documents at hand do not tell: something is not there, or is not plain enough to be followed."""


class World:
    """One way to read the documents: the choices to make, and how many there were at each point.

    A strict world is for making questions: there every choice and every doubt is Unknown.
    """

    def __init__(self, choices: Sequence[int] = (), strict: bool = False) -> None:
        self._planned = tuple(choices)
        self.strict = strict
        self.taken: list[int] = []
        self.widths: list[int] = []

    def choose(self, options: Sequence[T]) -> T:
        """One of `options`, of which there is at least one; a single one is no choice."""
        if len(options) == 1:
            return options[0]
        self.doubt()
        place = len(self.taken)
        choice = self._planned[place] if place < len(self._planned) else 0
        self.taken.append(choice)
        self.widths.append(len(options))
        return options[choice]

    def doubt(self) -> None:
        """Say that what is read may not hold, as a definition below an `if`."""
        if self.strict:
            raise Unknown


def in_every_world(compute: Callable[[World], T]) -> tuple[list[T], bool]:
    """What `compute` gives in each world in turn, equal results once, and whether it failed (Unknown) in some.

    Beyond MOST_WORLDS the rest counts as failed.
    """
    results: list[T] = []
    failed = False
    planned: list[int] | None = []
    for _ in range(MOST_WORLDS):
        if planned is None:
            return results, failed
        world = World(planned)
        try:
            result = compute(world)
            if result not in results:
                results.append(result)
        except Unknown:
            failed = True
        planned = _next(world)
    return results, failed or planned is not None


def _next(world: World) -> list[int] | None:
    """The choices of the next world: the last point that has another option takes it."""
    for place in range(len(world.taken) - 1, -1, -1):
        if world.taken[place] + 1 < world.widths[place]:
            return [*world.taken[:place], world.taken[place] + 1]
    return None
