"""The cross-document graph of what models read (paper 3.2), indexed for exhaustive queries.

Doubtful triples stand in it as rivals: no path leads through them, but an answer that they allow is an answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from longstride.synthesis.knowledge_graph.by_model.clustering import Clusters
from longstride.synthesis.knowledge_graph.by_model.triples import (
    Triple,
    is_proper,
    name_key,
    node_key,
    relation_key,
)


@dataclass(frozen=True, slots=True)
class Edge:
    """A triple between the things and under the relation that its words stand for."""

    subject: str
    relation: str
    object: str
    accepted: bool  # enough samples found it
    triple: Triple

    def at(self, time: str) -> bool:
        """True where the fact may hold for a time; every fact may where none is asked for."""
        return not time or self.triple.time in (time, "")


@dataclass
class Graph:
    """Edges by relation, and by relation and either end."""

    edges: dict[str, list[Edge]] = field(default_factory=dict[str, list[Edge]])
    outgoing: dict[tuple[str, str], list[Edge]] = field(default_factory=dict[tuple[str, str], list[Edge]])
    incoming: dict[tuple[str, str], list[Edge]] = field(default_factory=dict[tuple[str, str], list[Edge]])
    around: dict[str, list[Edge]] = field(default_factory=dict[str, list[Edge]])  # accepted, by each end
    spellings: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    described: set[str] = field(default_factory=set[str])  # subjects of accepted edges

    @classmethod
    def of(cls, triples: Iterable[Triple], clusters: Clusters, agreeing: int) -> Graph:
        """The graph of these triples; those that `agreeing` samples found are accepted."""
        graph = cls()
        for triple in triples:
            graph._add(triple, clusters, triple.votes >= agreeing)
        return graph

    def names(self, node: str) -> tuple[str, ...]:
        """How the documents write a thing, the most usual spelling first."""
        counts = self.spellings.get(node, Counter[str]())
        return tuple(sorted(counts, key=lambda name: (-counts[name], name)))

    def is_linkable(self, node: str) -> bool:
        """True for a thing with a proper name of which the documents tell something: paths may lead through it."""
        return node.startswith("n:") and node in self.described and is_proper(self.names(node)[0])

    def _add(self, triple: Triple, clusters: Clusters, accepted: bool) -> None:
        subject, target = clusters.entity(name_key(triple.subject)), node_key(triple.object)
        target = clusters.entity(target)
        edge = Edge(subject, clusters.relation(relation_key(triple.relation)), target, accepted, triple)
        self.edges.setdefault(edge.relation, []).append(edge)
        self.outgoing.setdefault((edge.relation, subject), []).append(edge)
        self.incoming.setdefault((edge.relation, target), []).append(edge)
        if not accepted:
            return
        for node, name in ((subject, triple.subject), (target, triple.object)):
            self.around.setdefault(node, []).append(edge)
            self.spellings.setdefault(node, Counter())[name] += 1
        self.described.add(subject)
