"""The accepted forms of an answer, and whose answer is the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longstride.synthesis.knowledge_graph.by_model.answers import answer_forms, is_gradable, is_the_answer
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.query import Program, Query, Step
from longstride.synthesis.knowledge_graph.by_model.triples import Triple

AskFor = Callable[..., Plan]


@pytest.fixture
def graph(hand_triples: list[Triple], triple: Callable[..., Triple], graph_of: Callable[..., Graph]) -> Graph:
    return graph_of([*hand_triples, triple("Tellsund", "patron", "President Tor Lund")])


@pytest.fixture
def ask_for(graph: Graph) -> AskFor:
    def make(subject: str, relation: str, answer: str, program: Program = "last") -> Plan:
        edge = graph.outgoing[relation, subject][0]
        query = Query(subject, (), (Step(relation, "", True),), program)
        return Plan("multi_fact", "", (subject, edge.object), (edge,), query, answer, "professional")

    return make


def test_a_name_counts_in_each_spelling_and_without_titles(ask_for: AskFor, graph: Graph):
    forms, rule, _ = answer_forms(ask_for("n:tellsund", "patron", "n:president tor lund"), graph)
    assert (forms, rule) == (("President Tor Lund", "Tor Lund"), "cover_exact_match")


def test_a_figure_counts_as_its_document_writes_it(ask_for: AskFor, graph: Graph):
    plan = ask_for("n:river senn", "length", "q:212")
    forms, rule, _ = answer_forms(plan, graph)
    assert (forms, rule) == (("212 km",), "numeric")
    assert is_gradable(forms, rule, "How long is it?")
    assert is_the_answer("212 km", plan, forms, graph) and is_the_answer("212", plan, forms, graph)
    assert not is_the_answer("213 km", plan, forms, graph)


def test_a_year_is_asked_for_and_compared_as_one(ask_for: AskFor, graph: Graph):
    plan = ask_for("n:halden farms", "founded", "q:1850", "year")
    forms, rule, form = answer_forms(plan, graph)
    assert (forms, rule) == (("1850",), "numeric") and "four digits" in form
    assert is_the_answer("1850", plan, forms, graph) and is_the_answer("3 May 1850", plan, forms, graph)
    assert not is_the_answer("1851", plan, forms, graph) and not is_the_answer("Oskerby", plan, forms, graph)


def test_a_number_of_years_is_its_figure(ask_for: AskFor, graph: Graph):
    plan = ask_for("n:halden farms", "founded", "q:21", "years_between")
    forms, _, form = answer_forms(plan, graph)
    assert forms == ("21",) and "years" in form
    assert is_the_answer("21", plan, forms, graph) and not is_the_answer("2", plan, forms, graph)
