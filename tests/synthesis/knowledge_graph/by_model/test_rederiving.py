"""A derivation alone, and the facts of the documents at hand, give the answer again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from longstride.synthesis.knowledge_graph.by_model.query import Query, Step
from longstride.synthesis.knowledge_graph.by_model.rederiving import rederived
from longstride.synthesis.knowledge_graph.by_model.triples import Triple

Facts = Callable[..., dict[str, Any]]


@pytest.fixture
def derivation() -> dict[str, Any]:
    query = Query("n:norvik mills", (), (Step("supplier", "", True), Step("river", "", True)), "last")
    return json.loads(json.dumps({
        "query": query.to_json(),
        "clusters": {"entities": {"n:norvik": "n:norvik mills"}, "relations": {"buy from": "supplier"}},
        "answer": {"key": "n:river senn", "forms": ["the Senn", "River Senn"]},
    }))  # fmt: skip


@pytest.fixture
def facts(triple: Callable[..., Triple]) -> Facts:
    return lambda *stated: {"triples": [triple(*each).to_json() for each in stated]}


def test_the_answer_comes_back_in_its_preferred_form(derivation: dict[str, Any], facts: Facts):
    first, second = facts(("Norvik", "buys from", "Halden Farms")), facts(("Halden Farms", "river", "River Senn"))
    assert rederived(derivation, [first, second]) == ("the Senn",)
    assert rederived(derivation, [first]) == rederived(derivation, [second]) == rederived(derivation, []) == ()
    assert rederived(derivation, [first, second, {}, facts(("Halden Farms", "river bank", "Left"))]) == ("the Senn",)


def test_another_answer_is_shown_as_its_document_writes_it(derivation: dict[str, Any], facts: Facts):
    stated = (("Norvik Mills", "supplier", "Halden Farms"), ("Halden Farms", "river", "River Nidd"))
    assert rederived(derivation, [facts(*stated)]) == ("River Nidd",)
    assert rederived(derivation, [facts(*stated, ("Halden Farms", "river", "River Senn"))]) == (
        "River Nidd",
        "the Senn",
    )
