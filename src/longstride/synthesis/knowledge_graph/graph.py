"""The cross-document graph (paper 3.2): what a set of documents says, indexed for exhaustive queries.

Nodes are texts: `n:` an entity or a name, `q:` a number with its unit, `d:` a date, and `u:` a statement that could not
be read as its relation asks (`unread`): the uniqueness proof treats it as a value that may fit any condition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from longstride.synthesis.candidates import Source
from longstride.synthesis.knowledge_graph.linking import Linker
from longstride.synthesis.knowledge_graph.names import NO_VALUES, normal_name
from longstride.synthesis.knowledge_graph.relations import Clusters, cluster
from longstride.synthesis.knowledge_graph.triples import Facts, Node, Relation, Triple

PREFIXES = {"name": "n:", "number": "q:", "date": "d:", "unread": "u:", "text": "u:"}


@dataclass(frozen=True, slots=True)
class Edge:
    """A triple between two linked nodes."""

    subject: str
    object: str
    triple: Triple
    parent: str  # of its document


@dataclass
class Graph:
    """Edges by relation, and by either end."""

    linker: Linker
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    edges: dict[Relation, list[Edge]] = field(default_factory=dict[Relation, list[Edge]])
    outgoing: dict[tuple[Relation, str], list[Edge]] = field(default_factory=dict[tuple[Relation, str], list[Edge]])
    incoming: dict[tuple[Relation, str], list[Edge]] = field(default_factory=dict[tuple[Relation, str], list[Edge]])

    unread_edges: dict[Relation, list[Edge]] = field(default_factory=dict[Relation, list[Edge]])

    prose: list[tuple[str, str, frozenset[str]]] = field(default_factory=list[tuple[str, str, frozenset[str]]])

    @classmethod
    def of(cls, sources: Sequence[Source], clusters: Clusters | None = None) -> Graph:
        """The graph of what these documents say; of the relations of `clusters` alone, where they are given.

        The cost is that of the triples that it holds, not of all that the documents state.
        """
        linker = Linker.of(sources)
        chosen = clusters or cluster(_with_parents(sources))
        found = [
            (source.parent_id, triple, relation)
            for source in sources
            for triple, relation in _matching(source.facts, chosen)
        ]
        linker.join_near(triple.object.key for _, triple, _ in found if triple.object.kind == "name")
        graph = cls(linker)
        for source in sources:
            if source.facts and source.facts.words:
                subject = linker.resolve(normal_name(source.facts.entities[0].name))
                graph.prose.append((source.document_id, f"n:{subject}", source.facts.words))
        for parent, triple, relation in found:
            graph._add(parent, triple, relation)
        return graph

    def unread(self, relation: Relation) -> list[Edge]:
        """The statements of a relation that could not be read."""
        return self.unread_edges.get(relation, [])

    def name(self, node: str) -> str:
        return self.nodes[node].text

    def is_documented(self, node: str) -> bool:
        return node.startswith("n:") and self.linker.is_documented(node[2:])

    def _add(self, parent: str, triple: Triple, relation: Relation) -> None:
        subject = f"n:{self.linker.resolve(normal_name(triple.subject))}"
        node = triple.object
        key = self.linker.entity_of(node) if node.kind == "name" else node.key
        target = PREFIXES[node.kind] + key
        self.nodes.setdefault(subject, Node("name", subject[2:], triple.subject))
        self.nodes.setdefault(target, node)
        edge = Edge(subject, target, triple, parent)
        self.edges.setdefault(relation, []).append(edge)
        self.outgoing.setdefault((relation, subject), []).append(edge)
        self.incoming.setdefault((relation, target), []).append(edge)
        if node.kind == "unread":
            self.unread_edges.setdefault(relation, []).append(edge)


def _with_parents(sources: Sequence[Source]) -> Iterator[tuple[str, Triple]]:
    for source in sources:
        if source.facts:
            for triple in source.facts.triples():
                yield source.parent_id, triple


def _matching(facts: Facts | None, clusters: Clusters) -> Iterator[tuple[Triple, Relation]]:
    """The triples of a document that belong to the relations, and its statements of them that could not be read."""
    if not facts:
        return
    labels = clusters.by_label if len(clusters.by_label) < len(facts.by_label) else facts.by_label  # the shorter one
    for label in labels:
        if label not in clusters.by_label or label not in facts.by_label:
            continue
        read: defaultdict[Relation, set[int]] = defaultdict(set)  # by the start of the line
        triples = facts.by_label[label]
        for triple in triples:
            if triple.relation.aspect != "stated":
                for relation in clusters.matching(triple.relation):
                    read[relation].add(triple.start)
                    yield triple, relation
        for triple in triples:
            if triple.relation.aspect == "stated":
                for relation in clusters.unread_in(triple.relation):
                    if triple.start not in read[relation] and _may_hold(triple, relation):
                        yield _unread(triple), relation


def _may_hold(stated: Triple, relation: Relation) -> bool:
    """True where a statement may say what the relation asks, though it could not be read so."""
    text = stated.object.text
    if relation.aspect in ("number", "date"):
        return any(letter.isdigit() for letter in text)
    if relation.aspect == "since":
        return "since" in text
    return relation.aspect == "value" and stated.object.key not in NO_VALUES


def _unread(stated: Triple) -> Triple:
    node = Node("unread", f"{stated.document_id}:{stated.start}", stated.object.text)
    return replace(stated, object=node)
