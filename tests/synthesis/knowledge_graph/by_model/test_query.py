"""A question as a program: every answer that the graph allows, doubtful triples too."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.query import (
    Condition,
    Measure,
    Query,
    Step,
    answers_of,
    settled_answer,
)
from longstride.synthesis.knowledge_graph.by_model.triples import Triple

STEPS = (Step("supplier", "", True), Step("head office", "", True), Step("river", "", True))
RIVER = Query("n:norvik mills", (), STEPS, "last")


@pytest.fixture
def graph(hand_triples: list[Triple], graph_of: Callable[..., Graph]) -> Graph:
    return graph_of(hand_triples)


def test_a_chain_is_followed_to_its_end(graph: Graph):
    assert answers_of(RIVER, graph) == ("n:river senn",)
    assert settled_answer(RIVER, graph) == "n:river senn"


def test_a_step_against_the_fact_leads_to_its_subject(graph: Graph):
    query = Query("n:ada brandt", (), (Step("founder", "", False), Step("founded", "", True)), "year")
    assert settled_answer(query, graph) == "q:1871"


def test_a_doubtful_triple_is_a_rival(
    hand_triples: list[Triple], triple: Callable[..., Triple], graph_of: Callable[..., Graph]
):
    rival = triple("Oskerby", "river", "River Nidd", votes=1)
    graph = graph_of([*hand_triples, rival])
    assert answers_of(RIVER, graph) == ("n:river nidd", "n:river senn")
    assert settled_answer(RIVER, graph) is None


def test_two_ways_to_one_answer_are_not_settled(
    hand_triples: list[Triple], triple: Callable[..., Triple], graph_of: Callable[..., Graph]
):
    graph = graph_of(
        [*hand_triples, triple("Norvik Mills", "supplier", "Tellsund"), triple("Tellsund", "head office", "Oskerby")]
    )
    assert answers_of(RIVER, graph) == ("n:river senn",)
    assert settled_answer(RIVER, graph) is None


def test_dates_of_two_things_on_the_path_are_compared(graph: Graph):
    steps, measures = (Step("supplier", "", True),), (Measure(0, "founded", ""), Measure(1, "founded", ""))
    assert settled_answer(Query("n:norvik mills", (), steps, "years_between", measures), graph) == "q:21"
    assert settled_answer(Query("n:norvik mills", (), steps, "earlier", measures), graph) == "n:halden farms"


def test_equal_dates_have_no_order(triple: Callable[..., Triple], graph_of: Callable[..., Graph]):
    graph = graph_of([triple("A", "supplier", "B"), triple("A", "founded", "1850"), triple("B", "founded", "1850")])
    measures = (Measure(0, "founded", ""), Measure(1, "founded", ""))
    query = Query("n:a", (), (Step("supplier", "", True),), "earlier", measures)
    assert answers_of(query, graph) == ("tie",)
    assert settled_answer(query, graph) is None


def test_a_time_is_asked_for_where_it_is_stated(triple: Callable[..., Triple], graph_of: Callable[..., Graph]):
    graph = graph_of([triple("A", "staff", "10", time="2011"), triple("A", "staff", "12", time="2021")])
    for time, answers in (("2011", ("q:10",)), ("", ("q:10", "q:12")), ("1999", ())):
        assert answers_of(Query("n:a", (), (Step("staff", time, True),), "last"), graph) == answers
    undated = graph_of([triple("A", "staff", "10", time="2011"), triple("A", "staff", "12")])
    assert answers_of(Query("n:a", (), (Step("staff", "2011", True),), "last"), undated) == ("q:10", "q:12")


def test_a_described_start_is_everything_that_fits(graph: Graph):
    steps = (Step("head office", "", True),)
    founded = Condition("founded", "", "d:1850")
    assert answers_of(Query("", (founded,), steps, "last"), graph) == ("n:oskerby",)
    wide = Condition("founded", "", "d:1850", 1800, 1899)
    assert answers_of(Query("", (wide,), steps, "last"), graph) == ("n:oskerby", "n:tellsund")
    assert answers_of(Query("", (wide, Condition("supplier", "", "n:halden farms")), steps, "last"), graph) == (
        "n:tellsund",
    )
    assert answers_of(Query("", (), steps, "last"), graph) == ()


def test_a_query_comes_back_from_json():
    query = Query(
        "",
        (Condition("founded", "", "d:1850", 1800, 1899),),
        (Step("a", "1", False),),
        "earlier",
        (Measure(0, "b", ""),),
    )
    assert Query.from_json(json.loads(json.dumps(query.to_json()))) == query
    assert query.relations == {"founded", "a", "b"}
