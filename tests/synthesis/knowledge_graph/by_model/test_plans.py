"""The draws of a region come in a fixed order, and every draw is accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from longstride.synthesis.knowledge_graph.by_model import plans as chapter
from longstride.synthesis.knowledge_graph.by_model.clustering import Clusters
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.plans import plans
from longstride.synthesis.knowledge_graph.by_model.shelf import Shelf
from longstride.synthesis.knowledge_graph.by_model.triples import Triple
from longstride.synthesis.with_models import ReadDocument


@pytest.fixture
def shelf(
    hand_triples: list[Triple],
    as_read: Callable[[Sequence[Triple]], list[ReadDocument]],
    graph_of: Callable[..., Graph],
) -> Shelf:
    return Shelf(as_read(hand_triples), graph_of(hand_triples), Clusters(), 600)


def test_plans_are_different_and_the_same_each_time(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chapter, "MOST_FAILURES", 100)
    found = [each.plan for each in plans(shelf, "0", 20) if each.plan]
    assert found == [each.plan for each in plans(shelf, "0", 20) if each.plan]
    assert len({each.key for each in found}) == len(found) > 5
    assert found != [each.plan for each in plans(shelf, "1", 20) if each.plan]
    assert all(len({edge.triple.document_id for edge in each.edges}) >= (3 if each.hops > 2 else 2) for each in found)


def test_draws_after_the_last_plan_are_handed_over_too(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chapter, "MOST_FAILURES", 50)
    drawn = list(plans(shelf, "0", 1000))
    assert drawn[-1].plan is None and drawn[-1].drops.total() == 50
    reasons = sum((each.drops for each in drawn), Counter[str]())
    assert reasons["drawn before"] and reasons["too few documents"]


def test_no_answer_is_asked_for_too_often(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chapter, "MOST_FAILURES", 100)
    drawn = list(plans(shelf, "0", 100))
    answers = Counter(each.plan.answer for each in drawn if each.plan)
    assert max(answers.values()) <= 4
    assert sum(each.drops["answer too frequent"] for each in drawn) > 0


def test_a_shelf_without_documents_gives_no_plans(graph_of: Callable[..., Graph]):
    assert [each.plan for each in plans(Shelf([], graph_of([]), Clusters(), 600), "0", 5)] == [None]
