"""Walks and breadth-first paths: no thing twice, one target a step, and documents that change."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from longstride.synthesis.knowledge_graph.by_model.domains import Domain, domains
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.paths import (
    Hop,
    Map,
    breadth_first_path,
    last_ways,
    random_walk,
    taken,
)
from longstride.synthesis.knowledge_graph.by_model.triples import Triple
from longstride.synthesis.with_models import ReadDocument

Ground = tuple[Map, Domain]


@pytest.fixture
def ground(
    hand_triples: list[Triple],
    as_read: Callable[[Sequence[Triple]], list[ReadDocument]],
    graph_of: Callable[..., Graph],
) -> Ground:
    graph = graph_of(hand_triples)
    (domain,) = domains(graph, as_read(hand_triples))
    return Map(graph), domain


@pytest.mark.parametrize("sample", [random_walk, breadth_first_path])
def test_paths_enter_no_thing_twice_and_each_fact_joins_its_two_ends(
    sample: Callable[..., tuple[Hop, ...] | None], ground: Ground
):
    found = 0
    for seed in range(40):
        path = sample(*ground, "n:norvik mills", 3, random.Random(seed))
        if path is None:
            continue
        found += 1
        here, seen = "n:norvik mills", {"n:norvik mills"}
        for hop in path:
            ends = (hop.edge.subject, hop.edge.object)
            assert {here, hop.target} == set(ends)
            assert hop.step.forward == (here == ends[0])
            here = hop.target
            assert here not in seen
            seen.add(here)
    assert found


def test_a_breadth_first_path_has_no_short_cut(ground: Ground):
    ends = {breadth_first_path(*ground, "n:norvik mills", 2, random.Random(seed))[-1].target for seed in range(20)}  # pyright: ignore[reportOptionalSubscript]
    assert ends == {"n:oskerby"}  # the river is three ways off, and the town's mayor a name of which nothing is told
    assert breadth_first_path(*ground, "n:norvik mills", 6, random.Random(0)) is None


def test_a_step_with_two_targets_is_no_way(
    hand_triples: list[Triple], triple: Callable[..., Triple], graph_of: Callable[..., Graph]
):
    rival = triple("Oskerby", "river", "River Nidd", "oskerby", votes=1)
    ways = {way.step.relation for way in Map(graph_of([*hand_triples, rival])).ways("n:oskerby") if way.step.forward}
    assert ways == {"chartered", "inhabitant"}
    back = [way for way in Map(graph_of(hand_triples)).ways("n:oskerby") if not way.step.forward]
    assert {way.target for way in back} == {"n:ada brandt", "n:halden farms"}


def test_what_a_path_may_end_with_is_told_by_kind(ground: Ground):
    assert {way.target for way in last_ways(*ground, "n:oskerby", "q")} == {"q:4210"}
    assert {way.target for way in last_ways(*ground, "n:oskerby", "nd")} == {"n:river senn", "d:1302"}


def test_a_fact_is_likelier_read_in_a_new_document(
    hand_triples: list[Triple],
    triple: Callable[..., Triple],
    as_read: Callable[[Sequence[Triple]], list[ReadDocument]],
    graph_of: Callable[..., Graph],
):
    triples = [*hand_triples, triple("Norvik Mills", "head office", "Tellsund", "tellsund")]
    graph = graph_of(triples)
    (domain,) = domains(graph, as_read(triples))
    ways = {way.target: way for way in Map(graph).ways("n:norvik mills")}
    read = [taken(ways["n:ada brandt"], (), domain, random.Random(0))]  # in Norvik Mills's own document
    drawn = [taken(ways["n:tellsund"], read, domain, random.Random(seed)).edge for seed in range(200)]
    assert 140 < sum(edge.triple.document_id == "tellsund" for edge in drawn) < 200
