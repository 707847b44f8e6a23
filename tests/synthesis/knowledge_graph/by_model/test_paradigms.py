"""Each paradigm derives its answer by a program before a word is written."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from longstride.synthesis.knowledge_graph.by_model.domains import domains
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan, draw_plan
from longstride.synthesis.knowledge_graph.by_model.paths import Map
from longstride.synthesis.knowledge_graph.by_model.query import answers_of
from longstride.synthesis.knowledge_graph.by_model.triples import Triple
from longstride.synthesis.with_models import ReadDocument


@pytest.fixture
def drawn(
    hand_triples: list[Triple],
    as_read: Callable[[Sequence[Triple]], list[ReadDocument]],
    graph_of: Callable[..., Graph],
) -> tuple[list[Plan | str], Graph]:
    graph = graph_of(hand_triples)
    (domain,) = domains(graph, as_read(hand_triples))
    known = Map(graph)
    return [draw_plan(known, domain, random.Random(seed)) for seed in range(1000)], graph


def test_every_paradigm_and_program_is_drawn_with_its_one_answer(drawn: tuple[list[Plan | str], Graph]):
    plans = [each for each in drawn[0] if isinstance(each, Plan)]
    assert {(each.paradigm, each.query.program) for each in plans} == {
        ("multi_fact", "last"), ("causal", "last"), ("hypothetical", "last"),
        ("temporal", "year"), ("temporal", "years_between"), ("temporal", "earlier"),
    }  # fmt: skip
    assert all(answers_of(each.query, drawn[1]) == (each.answer,) for each in plans)
    assert {each.hops for each in plans} >= {2, 3, 4}
    assert all(2 <= each.hops <= 6 for each in plans)


def test_an_answer_by_hand(drawn: tuple[list[Plan | str], Graph]):
    plans = [each for each in drawn[0] if isinstance(each, Plan)]
    wanted = ("n:norvik mills", "n:halden farms", "n:oskerby", "q:4210")
    found = next(each for each in plans if each.nodes == wanted)
    assert [edge.relation for edge in found.edges] == ["supplier", "head office", "inhabitant"]
    assert found.answer == "q:4210"
    assert found.hidden == (wanted if found.style else wanted[1:])


def test_draws_that_give_nothing_say_why(drawn: tuple[list[Plan | str], Graph]):
    reasons = {each for each in drawn[0] if isinstance(each, str)}
    assert reasons == {"no path of this length", "nothing to ask for at the end", "nothing to compare"}


def test_equal_dates_give_no_order(
    triple: Callable[..., Triple],
    as_read: Callable[[Sequence[Triple]], list[ReadDocument]],
    graph_of: Callable[..., Graph],
):
    triples = [
        triple("Norvik Mills", "supplier", "Halden Farms", "norvik-mills"),
        triple("Halden Farms", "office", "Oskerby", "halden-farms"),
        triple("Oskerby", "founded", "1850", "oskerby"),
        triple("Halden Farms", "founded", "1850", "halden-farms"),
    ]
    graph = graph_of(triples)
    (domain,) = domains(graph, as_read(triples))
    found = {each for seed in range(300) for each in [draw_plan(Map(graph), domain, random.Random(seed))]}
    assert "several answers" in found
    assert not any(isinstance(each, Plan) and each.query.program == "earlier" for each in found)


def test_the_key_names_the_path_and_not_its_words(drawn: tuple[list[Plan | str], Graph]):
    plans = [each for each in drawn[0] if isinstance(each, Plan)]
    by_key: dict[str, set[tuple[str, ...]]] = {}
    for each in plans:
        by_key.setdefault(each.key, set()).add((each.paradigm, *each.nodes))
    assert len(by_key) < len(plans)
    assert all(len(same) == 1 for same in by_key.values())
