"""The words of a question hold its start, and neither its answer nor a hidden name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from longstride.llm import ChatModel, ScriptedModel
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.query import Measure, Query, Step
from longstride.synthesis.knowledge_graph.by_model.triples import Triple
from longstride.synthesis.knowledge_graph.by_model.wording import refused, told_facts, write_question

NODES = ("n:halden farms", "n:oskerby", "n:river senn")
FORMS = ("River Senn",)
GOOD = "By the head office of Halden Farms there flows a river: which one?"


@pytest.fixture
def graph(hand_triples: list[Triple], graph_of: Callable[..., Graph]) -> Graph:
    return graph_of(hand_triples)


@pytest.fixture
def plan(graph: Graph) -> Plan:
    edges = (graph.outgoing["head office", NODES[0]][0], graph.outgoing["river", NODES[1]][0])
    query = Query(NODES[0], (), (Step("head office", "", True), Step("river", "", True)), "last")
    return Plan("multi_fact", "", NODES, edges, query, NODES[2], "professional")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD, ""),
        ("By Halden Farms there flows a river.", "no question"),
        ("Halden Farms" + " and so on" * 200 + "?", "no question"),
        ("Which river flows by the farm's head office?", "question without its start"),
        ("Halden Farms sits in Oskerby: on which river?", "question with its answer or a hidden name"),
        ("Is the river of Halden Farms the river senn?", "question with its answer or a hidden name"),
    ],
)
def test_words_are_checked(text: str, reason: str, plan: Plan, graph: Graph):
    assert refused(text, "Halden Farms", plan, FORMS, "cover_exact_match", graph) == reason


def test_an_answer_that_the_rule_cannot_grade_is_refused(plan: Plan, graph: Graph):
    assert refused(GOOD, "Halden Farms", plan, ("19.6 of 1,000",), "numeric", graph) == "answer not gradable"
    assert refused(GOOD, "Halden Farms", plan, (), "numeric", graph) == "answer not gradable"


def test_the_proposer_is_told_letters_for_what_stays_hidden(plan: Plan):
    assert [(each["from"], each["relation"], each["forward"], each["to"]) for each in told_facts(plan)] == [
        ("START", "head office", True, "A"),
        ("A", "river", True, "ANSWER"),
    ]


def test_dates_that_are_compared_are_told_by_their_letters(graph: Graph):
    nodes = ("n:norvik mills", "n:halden farms")
    keys = (("supplier", nodes[0]), ("founded", nodes[0]), ("founded", nodes[1]))
    edges = tuple(graph.outgoing[key][0] for key in keys)
    measures = (Measure(0, "founded", ""), Measure(1, "founded", ""))
    query = Query(nodes[0], (), (Step("supplier", "", True),), "years_between", measures)
    plan = Plan("temporal", "", nodes, edges, query, "q:21", "professional")
    assert [(each["from"], each["to"]) for each in told_facts(plan)] == [
        ("START", "A"), ("START", "FIRST DATE"), ("A", "SECOND DATE"),
    ]  # fmt: skip


def test_a_refused_question_is_asked_for_once_more(plan: Plan, graph: Graph, run: Callable[..., Any]):
    replies = [json.dumps({"question": text}) for text in ("Halden Farms in Oskerby?", GOOD)]
    model = ScriptedModel(lambda messages, sample: replies[sample])
    made = run(write_question(plan, "Halden Farms", FORMS, "cover_exact_match", graph, model))
    assert made == (GOOD, "")
    stubborn = ScriptedModel(lambda messages, sample: replies[0])
    made = run(write_question(plan, "Halden Farms", FORMS, "cover_exact_match", graph, stubborn))
    assert made == ("", "question with its answer or a hidden name")
    assert len(stubborn.calls) == 2


def test_a_model_without_an_answer_writes_nothing(
    plan: Plan, graph: Graph, refusing: ChatModel, run: Callable[..., Any]
):
    made = run(write_question(plan, "Halden Farms", FORMS, "cover_exact_match", graph, refusing))
    assert made == ("", "no answer of the model")
