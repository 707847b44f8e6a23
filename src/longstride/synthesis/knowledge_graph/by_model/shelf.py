"""The documents of a region, and which of them a question needs (paper 3.2: path nodes sparse across documents)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from longstride.synthesis.knowledge_graph.by_model.clustering import Clusters
from longstride.synthesis.knowledge_graph.by_model.graph import Edge, Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.query import Query, answers_of
from longstride.synthesis.knowledge_graph.by_model.rederiving import graph_of
from longstride.synthesis.with_models import ReadDocument

LEAST_PARENTS = 3  # sources of a question of three and more hops, and one fewer of a shorter one; not in the paper


class Shelf:
    """Documents by their ids, with the graph of all of them and the room that those of one question have."""

    def __init__(self, documents: Sequence[ReadDocument], graph: Graph, clusters: Clusters, room: int) -> None:
        self.documents: Mapping[str, ReadDocument] = {each.document.id: each for each in documents}
        self.graph, self.clusters, self.room = graph, clusters, room

    def tokens(self, edges: Sequence[Edge]) -> int:
        """What the documents of these facts take in a context."""
        return sum(self.documents[name].tokens for name in documents_of(edges))

    def title(self, edge: Edge) -> str:
        return self.documents[edge.triple.document_id].document.title

    def fitted(self, edges: tuple[Edge, ...], plan: Plan, query: Query) -> tuple[Edge, ...] | str:
        """The facts of a question, all in documents without any one of which its answer is gone; or why not.

        A document whose facts the others state as well is left out, and its facts are read in those.
        """
        names = documents_of(edges)
        if self._too_few(names, plan):
            return "too few documents"
        kept = list(names)
        for name in reversed(names):
            rest = [each for each in kept if each != name]
            if self._gives(query, plan, rest):
                kept = rest
        if not self._gives(query, plan, kept):
            return "not derivable from its documents"
        moved = [self._read_in(edge, kept) for edge in edges]
        found = tuple(edge for edge in moved if edge)
        if len(found) < len(edges) or len(documents_of(found)) < len(kept):
            return "not every document is needed"
        if self._too_few(kept, plan):
            return "too few documents"
        return found if self.tokens(found) <= self.room else "too long for the context"

    def _too_few(self, names: Sequence[str], plan: Plan) -> bool:
        parents = {self.documents[name].document.parent_id or name for name in names}
        return len(parents) < (LEAST_PARENTS if plan.hops >= LEAST_PARENTS else LEAST_PARENTS - 1)

    def _gives(self, query: Query, plan: Plan, names: Sequence[str]) -> bool:
        """True where these documents alone give the plan's answer and no other."""
        clusters = self.clusters.about(plan.things(query), query.relations)
        graph = graph_of(query, clusters, [self.documents[name].facts for name in names])
        return answers_of(query, graph) == (plan.answer,)

    def _read_in(self, edge: Edge, names: Sequence[str]) -> Edge | None:
        """A fact as one of these documents states it; itself where its own is among them."""
        if edge.triple.document_id in names:
            return edge
        same = (
            other
            for other in self.graph.outgoing[edge.relation, edge.subject]
            if other.accepted and other.object == edge.object and other.triple.time == edge.triple.time
        )
        return next((other for other in same if other.triple.document_id in names), None)


def documents_of(edges: Sequence[Edge]) -> tuple[str, ...]:
    """The documents of these facts, in their order."""
    return tuple(dict.fromkeys(edge.triple.document_id for edge in edges))
