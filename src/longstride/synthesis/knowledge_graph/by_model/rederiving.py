"""A question answered again from nothing but the facts of the documents at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from longstride.synthesis.knowledge_graph.by_model.clustering import Clusters
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.query import Query, answers_of
from longstride.synthesis.knowledge_graph.by_model.triples import relation_key, triples_of


def graph_of(query: Query, clusters: Clusters, facts: Iterable[Mapping[str, Any]]) -> Graph:
    """The graph of the relations that a query asks for, by these documents' facts, doubtful ones too."""
    triples = (triple for each in facts for triple in triples_of(each))
    asked = (each for each in triples if clusters.relation(relation_key(each.relation)) in query.relations)
    return Graph.of(asked, clusters, agreeing=1)


def rederived(derivation: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Every answer of a derivation's query by these facts; its own answer in the form of `ground_truth[0]`."""
    query = Query.from_json(derivation["query"])
    graph = graph_of(query, Clusters(**derivation["clusters"]), facts)
    expected = derivation["answer"]
    found = [
        expected["forms"][0] if answer == expected["key"] else _shown(answer, graph)
        for answer in answers_of(query, graph)
    ]
    return tuple(dict.fromkeys(found))


def _shown(answer: str, graph: Graph) -> str:
    names = graph.names(answer)
    return names[0] if names else answer.partition(":")[2] or answer
