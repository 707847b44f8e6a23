"""Reasoning paths (paper 3.2): random walks and breadth-first paths around a target, their nodes on many documents.

Every step of a path leads to one thing only, by all that the graph holds.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from longstride.synthesis.knowledge_graph.by_model.domains import Domain
from longstride.synthesis.knowledge_graph.by_model.graph import Edge, Graph
from longstride.synthesis.knowledge_graph.by_model.query import Step, targets

NEW_DOCUMENT = 6.0  # how much likelier a step is read in a document that the path has not read; not in the paper


@dataclass(frozen=True)
class Way:
    """A step from a thing that leads to one thing only, and the facts that say so."""

    step: Step
    target: str
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Hop:
    """A way as a path takes it: by one of its facts."""

    step: Step
    target: str
    edge: Edge


@dataclass
class Map:
    """The ways of a graph, found as they are needed."""

    graph: Graph
    found: dict[str, tuple[Way, ...]] = field(default_factory=dict[str, tuple[Way, ...]])

    def ways(self, node: str) -> tuple[Way, ...]:
        """The ways from a node, either along its facts or against them."""
        if node not in self.found:
            steps: defaultdict[Step, list[Edge]] = defaultdict(list)
            for edge in self.graph.around.get(node, ()):
                steps[Step(edge.relation, edge.triple.time, edge.subject == node)].append(edge)
            ways: list[Way] = []
            for step, edges in steps.items():
                reached = targets(step, node, self.graph)
                if len(reached) == 1 and node not in reached:
                    ways.append(Way(step, reached.pop(), tuple(edges)))
            self.found[node] = tuple(ways)
        return self.found[node]


def random_walk(
    known: Map, domain: Domain, start: str, length: int, generator: random.Random
) -> tuple[Hop, ...] | None:
    """A walk over `length` different things, none entered twice; None where it is stuck."""
    walk: list[Hop] = []
    seen, here = {start}, start
    for _ in range(length):
        options = [way for way in _open(known, domain, here) if way.target not in seen]
        if not options:
            return None
        walk.append(taken(generator.choice(options), walk, domain, generator))
        here = walk[-1].target
        seen.add(here)
    return tuple(walk)


def breadth_first_path(
    known: Map, domain: Domain, start: str, length: int, generator: random.Random
) -> tuple[Hop, ...] | None:
    """A shortest path to a thing that lies exactly `length` ways from the start; None where none lies so far."""
    layer: dict[str, tuple[Way, ...]] = {start: ()}
    seen = {start}
    for _ in range(length):
        following: dict[str, tuple[Way, ...]] = {}
        for node, path in layer.items():
            ways = _open(known, domain, node)
            for way in generator.sample(ways, len(ways)):
                if way.target not in seen and way.target not in following:
                    following[way.target] = (*path, way)
        seen |= set(following)
        layer = following
        if not layer:
            return None
    hops: list[Hop] = []
    for way in layer[generator.choice(list(layer))]:
        hops.append(taken(way, hops, domain, generator))
    return tuple(hops)


def taken(way: Way, so_far: Sequence[Hop], domain: Domain, generator: random.Random) -> Hop:
    """A way by one of its facts, likelier by one in a document that the path has not read."""
    read = {hop.edge.triple.document_id for hop in so_far}
    edges = [edge for edge in way.edges if edge.triple.document_id in domain.documents]
    weights = [1.0 if edge.triple.document_id in read else NEW_DOCUMENT for edge in edges]
    return Hop(way.step, way.target, generator.choices(edges, weights)[0])


def last_ways(known: Map, domain: Domain, node: str, kinds: str) -> list[Way]:
    """The ways along a thing's facts to an object of these kinds: of `n`, `q` and `d` (the keys' first letters)."""
    return [way for way in _told(known, domain, node) if way.step.forward and way.target[0] in kinds]


def _open(known: Map, domain: Domain, node: str) -> list[Way]:
    """The ways that a path may go on by: told in the domain, and to a thing of which something is told."""
    return [way for way in _told(known, domain, node) if known.graph.is_linkable(way.target)]


def _told(known: Map, domain: Domain, node: str) -> list[Way]:
    return [way for way in known.ways(node) if any(edge.triple.document_id in domain.documents for edge in way.edges)]
