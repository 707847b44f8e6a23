"""Reasoning paths (paper 3.2): random walks and breadth-first paths whose nodes are forced onto different documents."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import sqrt

from longstride.synthesis.knowledge_graph.catalog import Catalog, Step

FUNCTIONAL_WEIGHT = 3.0  # a step with one target needs no clue to tell it apart; not in the paper
MOST_STEPS_TRIED = 64  # at one entity of a breadth-first search: hubs are not followed everywhere


def random_walk(catalog: Catalog, start: str, hops: int, generator: random.Random) -> tuple[Step, ...] | None:
    """A walk of `hops` steps that enters no entity twice and reads each step in another source than the one before.

    Rarely entered entities are preferred to hubs (weight 1 / sqrt of the steps that lead there). None where it is
    stuck.
    """
    walk: list[Step] = []
    seen, here = {start}, start
    for _ in range(hops):
        options = [step for step in catalog.steps.get(here, ()) if _allowed(walk, step, seen)]
        if not options:
            return None
        step = generator.choices(options, [_weight(catalog, each) for each in options])[0]
        walk.append(step)
        here = step.target
        seen.add(here)
    return tuple(walk)


def breadth_first_path(catalog: Catalog, start: str, hops: int, generator: random.Random) -> tuple[Step, ...] | None:
    """A shortest path to an entity that lies exactly `hops` steps away: no short cut leads to its end.

    None where no entity lies so far.
    """
    layer: dict[str, tuple[Step, ...]] = {start: ()}
    seen = {start}
    for _ in range(hops):
        following: dict[str, tuple[Step, ...]] = {}
        for here, path in layer.items():
            options = list(catalog.steps.get(here, ()))
            for step in generator.sample(options, min(len(options), MOST_STEPS_TRIED)):
                if step.target not in following and _allowed(path, step, seen):
                    following[step.target] = (*path, step)
        seen |= following.keys()
        layer = following
    if not layer:
        return None
    ends = list(layer)
    weights = [1 / sqrt(catalog.arrivals[end]) for end in ends]
    return layer[generator.choices(ends, weights)[0]]


def _allowed(path: Sequence[Step], step: Step, seen: set[str]) -> bool:
    """True where a step goes on: to a new entity, stated by another source than the last, and not by its inverse."""
    if step.target in seen:
        return False
    if not path:
        return True
    last = path[-1]
    inverse = last.relation == step.relation and last.forward != step.forward
    return last.edge.parent != step.edge.parent and not inverse


def _weight(catalog: Catalog, step: Step) -> float:
    asked = catalog.asked[step.relation]
    certain = step.forward and (asked.functional or step.relation.aspect == "top")
    return (FUNCTIONAL_WEIGHT if certain else 1.0) / sqrt(catalog.arrivals[step.target])
