"""A question keeps the documents without any one of which its answer is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from longstride.synthesis.knowledge_graph.by_model.clustering import Clusters
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.query import Query, Step
from longstride.synthesis.knowledge_graph.by_model.shelf import Shelf, documents_of
from longstride.synthesis.knowledge_graph.by_model.triples import Triple
from longstride.synthesis.with_models import ReadDocument

Stand = Callable[[Sequence[Triple], int], tuple[Shelf, Plan]]


@pytest.fixture
def stand(as_read: Callable[[Sequence[Triple]], list[ReadDocument]], graph_of: Callable[..., Graph]) -> Stand:
    """A shelf, and the plan from Norvik Mills by its supplier and that one's town to the town's river."""

    def make(triples: Sequence[Triple], room: int) -> tuple[Shelf, Plan]:
        graph = graph_of(triples)
        nodes = ("n:norvik mills", "n:halden farms", "n:oskerby", "n:river senn")
        relations = ("supplier", "head office", "river")
        edges = tuple(graph.outgoing[each][0] for each in zip(relations, nodes[:3], strict=True))
        query = Query(nodes[0], (), tuple(Step(each, "", True) for each in relations), "last")
        plan = Plan("multi_fact", "", nodes, edges, query, nodes[-1], "professional")
        return Shelf(as_read(triples), graph, Clusters(), room), plan

    return make


def test_all_of_three_documents_are_needed(hand_triples: list[Triple], stand: Stand):
    shelf, plan = stand(hand_triples, 300)
    assert shelf.fitted(plan.edges, plan, plan.query) == plan.edges
    assert documents_of(plan.edges) == ("norvik-mills", "halden-farms", "oskerby")
    assert shelf.tokens(plan.edges) == 300


def test_documents_that_take_too_much_room_are_refused(hand_triples: list[Triple], stand: Stand):
    shelf, plan = stand(hand_triples, 299)
    assert shelf.fitted(plan.edges, plan, plan.query) == "too long for the context"


def test_a_fact_is_read_where_another_document_of_the_question_states_it(
    hand_triples: list[Triple], triple: Callable[..., Triple], stand: Stand
):
    twice = [triple("Halden Farms", "head office", "Oskerby", "oskerby"), *hand_triples]
    shelf, plan = stand([*hand_triples, twice[0]], 300)
    short = replace(
        plan, edges=plan.edges[1:], query=replace(plan.query, start="n:halden farms", steps=plan.query.steps[1:])
    )
    assert shelf.fitted(short.edges, short, short.query) == "too few documents"  # one document would do
    assert shelf.fitted(plan.edges, plan, plan.query) == "too few documents"  # three hops in two documents


def test_a_doubtful_triple_makes_a_document_needless_but_is_no_proof(
    hand_triples: list[Triple], triple: Callable[..., Triple], stand: Stand
):
    shelf, plan = stand([*hand_triples, triple("Halden Farms", "head office", "Oskerby", "oskerby", votes=1)], 300)
    assert shelf.fitted(plan.edges, plan, plan.query) == "not every document is needed"


def test_what_its_documents_do_not_give_is_refused(hand_triples: list[Triple], stand: Stand):
    shelf, plan = stand(hand_triples, 300)
    chartered = shelf.graph.outgoing["chartered", "n:oskerby"][0]
    other = replace(plan, edges=(*plan.edges[:1], chartered, chartered))
    other = replace(other, edges=(*other.edges, shelf.graph.outgoing["river", "n:tellsund"][0]))
    assert shelf.fitted(other.edges, other, other.query) == "not derivable from its documents"


def test_segments_of_one_source_are_one_source(hand_triples: list[Triple], stand: Stand):
    shelf, plan = stand(hand_triples, 300)
    shelf.documents = {
        name: replace(each, document=replace(each.document, parent_id="book", parent_offset=0))
        for name, each in shelf.documents.items()
    }
    assert shelf.fitted(plan.edges, plan, plan.query) == "too few documents"
