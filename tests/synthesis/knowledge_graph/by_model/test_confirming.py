"""A model that knows neither path nor answer reads the answer out of statements, or the question falls."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from longstride.llm import ChatModel, ScriptedModel
from longstride.synthesis.knowledge_graph.by_model.clustering import Clusters
from longstride.synthesis.knowledge_graph.by_model.confirming import Confirmation
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.query import Query, Step
from longstride.synthesis.knowledge_graph.by_model.shelf import Shelf
from longstride.synthesis.knowledge_graph.by_model.triples import Triple
from longstride.synthesis.knowledge_graph.by_model.voting import Majority
from longstride.synthesis.with_models import ReadDocument

NODES = ("n:halden farms", "n:oskerby", "n:river senn")
QUESTION = "On which river is the head office of Halden Farms?\nAnswer with the name alone."


@pytest.fixture
def confirmation(
    hand_triples: list[Triple],
    as_read: Callable[[Sequence[Triple]], list[ReadDocument]],
    graph_of: Callable[..., Graph],
) -> Confirmation:
    graph = graph_of(hand_triples)
    edges = (graph.outgoing["head office", NODES[0]][0], graph.outgoing["river", NODES[1]][0])
    query = Query(NODES[0], (), (Step("head office", "", True), Step("river", "", True)), "last")
    plan = Plan("multi_fact", "", NODES, edges, query, NODES[2], "professional")
    return Confirmation(QUESTION, plan, ("River Senn",), edges, Shelf(as_read(hand_triples), graph, Clusters(), 600))


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        (["River Senn", "the river senn", "River Senn", None], True),
        (["River Senn", "River Arle", "River Senn", "River Senn"], True),
        (["River Arle", "River Senn", None, "River Senn"], False),
        ([None, None, None, None], False),
    ],
)
def test_three_of_four_must_read_the_answer(
    answers: Sequence[str | None], verdict: bool, confirmation: Confirmation, run: Callable[..., Any]
):
    model = ScriptedModel(lambda messages, sample: json.dumps({"answer": answers[sample]}))
    assert run(confirmation.holds(model, Majority(3, 4), random.Random(0))) is verdict


def test_the_proof_stands_among_statements_that_resemble_it(confirmation: Confirmation, run: Callable[..., Any]):
    model = ScriptedModel(lambda messages, sample: json.dumps({"answer": "River Senn"}))
    run(confirmation.holds(model, Majority(1, 1), random.Random(0)))
    prompt = model.calls[0].prompt
    for quote in ("Halden Farms: head office Oskerby.", "Oskerby: river River Senn.", "Tellsund: river River Arle."):
        assert quote in prompt
    assert 'From "Oskerby": Oskerby: river River Senn.' in prompt
    assert QUESTION in prompt


def test_nothing_is_confirmed_without_an_answer(
    confirmation: Confirmation, refusing: ChatModel, run: Callable[..., Any]
):
    assert run(confirmation.holds(refusing, Majority(3, 4), random.Random(0))) is None
