"""The graph links what different documents say, and keeps doubtful triples as rivals alone."""

from __future__ import annotations

from collections.abc import Callable

from longstride.synthesis.knowledge_graph.by_model.clustering import Clusters
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.triples import Triple


def test_names_and_relations_of_a_cluster_are_one(triple: Callable[..., Triple], graph_of: Callable[..., Graph]):
    clusters = Clusters({"n:norvik": "n:norvik mills"}, {"set up by": "founder"})
    triples = [triple("Norvik Mills", "founder", "Ada Brandt", "a"), triple("Norvik", "set up by", "Ada Brandt", "b")]
    graph = graph_of(triples, clusters)
    found = graph.outgoing["founder", "n:norvik mills"]
    assert [edge.triple.document_id for edge in found] == ["a", "b"]
    assert graph.names("n:norvik mills") == ("Norvik", "Norvik Mills")  # as often as each other: by the alphabet
    assert len(graph_of(triples).edges) == 2


def test_a_doubtful_triple_is_seen_by_queries_and_by_no_path(
    triple: Callable[..., Triple], graph_of: Callable[..., Graph]
):
    graph = graph_of([triple("Oskerby", "river", "River Nidd", votes=1)])
    assert [edge.accepted for edge in graph.edges["river"]] == [False]
    assert not graph.around and not graph.is_linkable("n:oskerby")


def test_paths_lead_through_proper_names_of_which_something_is_told(
    triple: Callable[..., Triple], graph_of: Callable[..., Graph]
):
    graph = graph_of([triple("Oskerby", "known for", "blue pottery"), triple("blue pottery", "age", "90")])
    assert graph.is_linkable("n:oskerby")
    assert not graph.is_linkable("n:blue pottery")  # two documents need not mean the same by it
    assert not graph.is_linkable("q:90")


def test_a_fact_of_another_time_does_not_hold(triple: Callable[..., Triple], graph_of: Callable[..., Graph]):
    graph = graph_of([triple("A", "staff", "10", time="2011"), triple("A", "staff", "9")])
    assert [[edge.at(time) for time in ("", "2011", "2021")] for edge in graph.edges["staff"]] == [
        [True, True, False], [True, True, True],
    ]  # fmt: skip
