"""Domain-level aggregation (paper 3.2): which documents one sub-graph may be drawn from.

A domain is a family of documents with the documents of other families that speak of the same things, in so far as all
of them hang together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.with_models import ReadDocument

MOST_SHARING = 0.5  # of the documents: a thing that more of them speak of connects none; not in the paper
WELL_KNOWN = 6  # facts of a thing: more make it no likelier to be a target; not in the paper
FEW = 20  # documents among which every thing connects


@dataclass(frozen=True)
class Domain:
    """Documents that hang together, and the things that a path through them may begin with."""

    family: str
    documents: frozenset[str]
    targets: tuple[str, ...]  # things with a proper name that the documents tell something of
    weights: tuple[int, ...]  # how much they tell, up to `WELL_KNOWN`


def domains(graph: Graph, documents: Sequence[ReadDocument]) -> tuple[Domain, ...]:
    """The domains of two documents or more, by family and the order of the documents."""
    order = [each.document.id for each in documents]
    things: dict[str, set[str]] = {name: set() for name in order}  # that a document speaks of
    for node, edges in graph.around.items():
        if graph.is_linkable(node):
            for edge in edges:
                things[edge.triple.document_id].add(node)
    speaking: defaultdict[str, list[str]] = defaultdict(list)
    for name in order:
        for node in sorted(things[name]):
            speaking[node].append(name)
    connectors = {node: names for node, names in speaking.items() if len(names) <= max(FEW, MOST_SHARING * len(order))}
    found: list[Domain] = []
    for family in dict.fromkeys(each.document.family for each in documents):
        members = {each.document.id for each in documents if each.document.family == family}
        near = {name for names in connectors.values() if not members.isdisjoint(names) for name in names}
        for component in _components([name for name in order if name in members | near], connectors):
            if len(component) > 1:
                found.append(_domain(family, component, graph, speaking))
    return tuple(each for each in found if each.targets)


def _components(names: Sequence[str], connectors: dict[str, list[str]]) -> list[frozenset[str]]:
    """The documents that hang together by what they speak of, in order."""
    neighbours: defaultdict[str, list[str]] = defaultdict(list)  # by a thing: its documents; by a document: its things
    allowed = set(names)
    for node, members in connectors.items():
        neighbours[node] = [name for name in members if name in allowed]
        for name in neighbours[node]:
            neighbours[name].append(node)
    seen: set[str] = set()
    components: list[frozenset[str]] = []
    for name in names:
        if name in seen:
            continue
        reached, waiting = {name}, [name]
        while waiting:
            for other in neighbours[waiting.pop()]:
                if other not in reached:
                    reached.add(other)
                    waiting.append(other)
        seen |= reached
        components.append(frozenset(reached & allowed))
    return components


def _domain(family: str, documents: frozenset[str], graph: Graph, speaking: dict[str, list[str]]) -> Domain:
    told = {
        node: sum(edge.subject == node and edge.triple.document_id in documents for edge in graph.around[node])
        for node, names in speaking.items()
        if not documents.isdisjoint(names)
    }
    targets = tuple(sorted(node for node, count in told.items() if count))
    return Domain(family, documents, targets, tuple(min(told[node], WELL_KNOWN) for node in targets))
