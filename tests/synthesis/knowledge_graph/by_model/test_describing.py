"""A description is believed where its facts single out one thing, and its words say these facts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from longstride.llm import ChatModel, ScriptedModel
from longstride.synthesis.knowledge_graph.by_model.clustering import Clusters
from longstride.synthesis.knowledge_graph.by_model.describing import Described, checked_description, describe
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.query import Condition, Query, Step
from longstride.synthesis.knowledge_graph.by_model.replies import Description, Told
from longstride.synthesis.knowledge_graph.by_model.shelf import Shelf
from longstride.synthesis.knowledge_graph.by_model.triples import Triple
from longstride.synthesis.with_models import ReadDocument

NODES = ("n:halden farms", "n:oskerby", "n:river senn")
FOUNDED = Told(fact=1)


@pytest.fixture
def shelf(
    hand_triples: list[Triple],
    as_read: Callable[[Sequence[Triple]], list[ReadDocument]],
    graph_of: Callable[..., Graph],
) -> Shelf:
    return Shelf(as_read(hand_triples), graph_of(hand_triples), Clusters(), 600)


@pytest.fixture
def plan(shelf: Shelf) -> Plan:
    """From Halden Farms to its town and the town's river."""
    graph = shelf.graph
    edges = (graph.outgoing["head office", NODES[0]][0], graph.outgoing["river", NODES[1]][0])
    query = Query(NODES[0], (), (Step("head office", "", True), Step("river", "", True)), "last")
    return Plan("multi_fact", "temporal", NODES, edges, query, NODES[2], "professional")


def checked(shelf: Shelf, plan: Plan, text: str, *conditions: Told) -> Described | str:
    listed = [shelf.graph.outgoing["founded", NODES[0]][0], shelf.graph.incoming["supplier", NODES[0]][0]]
    return checked_description(Description(description=text, conditions=list(conditions)), listed, plan, shelf.graph)


def test_a_bracketed_date_counts_by_its_bounds(shelf: Shelf, plan: Plan):
    text = "the farm founded in the middle of the 19th century"
    made = checked(shelf, plan, text, Told(fact=1, low=1845, high=1855))
    assert isinstance(made, Described)
    assert made.text == text and made.query.start == ""
    assert made.query.conditions == (Condition("founded", "", "d:1850", 1845, 1855),)
    wide = checked(shelf, plan, text, Told(fact=1, low=1800, high=1899))
    assert wide == "description fits several things"  # Norvik Mills was founded in 1871


@pytest.mark.parametrize(
    ("text", "told", "reason"),
    [
        ("the farm founded in 1850", Told(fact=3), "description by a fact that is not listed"),
        ("the old farm", FOUNDED, "description without the words of its facts"),
        ("the old farm", Told(fact=1, low=1860, high=1870), "description without the words of its facts"),
        ("the old farm", Told(fact=1, low=1800), "description without the words of its facts"),
        ("Halden Farms, founded in 1850", FOUNDED, "description with a hidden name"),
        ("the farm of Oskerby founded in 1850", FOUNDED, "description with a hidden name"),
        ("the farm by the River Senn founded in 1850", FOUNDED, "description with a hidden name"),
    ],
)
def test_descriptions_that_do_not_hold_are_refused(text: str, told: Told, reason: str, shelf: Shelf, plan: Plan):
    assert checked(shelf, plan, text, told) == reason


def test_a_name_cannot_be_bracketed(shelf: Shelf, plan: Plan):
    assert checked(shelf, plan, "the farm", Told(fact=2, low=1, high=2)) == "description without the words of its facts"


def test_a_doubtful_rival_makes_a_description_ambiguous(
    hand_triples: list[Triple],
    triple: Callable[..., Triple],
    as_read: Callable[[Sequence[Triple]], list[ReadDocument]],
    graph_of: Callable[..., Graph],
    plan: Plan,
):
    triples = [*hand_triples, triple("Oskerby", "founded", "1850", "oskerby", votes=1)]
    shelf = Shelf(as_read(triples), graph_of(triples), Clusters(), 600)
    assert checked(shelf, plan, "the farm founded in 1850", FOUNDED) == "description fits several things"


def test_a_refused_description_is_asked_for_once_more(shelf: Shelf, plan: Plan, run: Callable[..., Any]):
    good = {"description": "the farm founded in 1850", "conditions": [{"fact": 1}]}
    replies = [json.dumps({**good, "description": "Halden Farms of 1850"}), json.dumps(good)]
    model = ScriptedModel(lambda messages, sample: replies[sample])
    made = run(describe(plan, shelf, model, random.Random(0)))
    assert isinstance(made, Described) and made.text == "the farm founded in 1850"
    assert [call.sample_index for call in model.calls] == [0, 1]
    assert "head office" not in model.calls[0].prompt  # the path's own fact describes nothing
    assert "temporal" in model.calls[0].prompt
    wrong = ScriptedModel(lambda messages, sample: replies[0])
    assert run(describe(plan, shelf, wrong, random.Random(0))) == "description with a hidden name"


def test_a_model_without_an_answer_and_a_start_without_facts_say_so(
    shelf: Shelf, plan: Plan, refusing: ChatModel, run: Callable[..., Any]
):
    assert run(describe(plan, shelf, refusing, random.Random(0))) == "no answer of the model"
    shelf.room = 100  # its documents take all of it
    shelf.graph.around[NODES[0]] = [each for each in shelf.graph.around[NODES[0]] if each in plan.edges]
    assert run(describe(plan, shelf, refusing, random.Random(0))) == "nothing to describe it by"
