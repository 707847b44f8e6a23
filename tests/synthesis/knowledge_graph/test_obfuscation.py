"""Clues blur what the documents state, and always hold for what they describe."""

from __future__ import annotations

import random

import pytest

from longstride.synthesis.candidates import Source
from longstride.synthesis.knowledge_graph.catalog import Catalog
from longstride.synthesis.knowledge_graph.graph import Graph
from longstride.synthesis.knowledge_graph.obfuscation import Clue, make_clue
from longstride.synthesis.knowledge_graph.uniqueness import passes


@pytest.fixture(scope="module")
def catalog(region_sources: list[Source]) -> Catalog:
    return Catalog.of(Graph.of(region_sources))


@pytest.fixture(scope="module")
def clues(catalog: Catalog) -> list[Clue]:
    draws = [
        (asked, edge, seed)
        for asked in catalog.asked.values()
        for edges in asked.by_subject.values()
        for edge in edges
        for seed in range(3)
    ]
    made = [make_clue(catalog, asked, edge, random.Random(f"{seed}/{edge.object}")) for asked, edge, seed in draws]
    return [clue for clue in made if clue]


def test_every_clue_holds_for_its_entity_and_for_another(catalog: Catalog, clues: list[Clue]):
    assert {clue.kind for clue in clues} == {"temporal", "numeric", "institutional", "relational"}
    for clue in clues:
        assert passes(clue.condition, clue.edge.object, catalog.graph), clue.clause
        assert clue.edge.subject in clue.fits
        assert clue.clause.split()[0] in ("whose", "that", "among")
    numeric = [clue for clue in clues if clue.kind == "numeric"]
    assert all(len(clue.fits) > 1 for clue in numeric)


def test_a_blurred_number_or_year_is_not_given_away(clues: list[Clue]):
    for clue in clues:
        if clue.kind == "numeric":
            assert f" {clue.edge.triple.object.text}" not in clue.clause
        if clue.kind == "temporal":
            assert clue.condition.high > clue.condition.low


def test_no_bound_of_a_span_is_a_stated_number(clues: list[Clue]):
    """So that it makes no difference whether "between" includes its bounds."""
    for clue in clues:
        if clue.kind == "numeric":
            assert not {clue.condition.low, clue.condition.high} & set(clue.asked.numbers)


def test_clues_read_like_this(clues: list[Clue]):
    text = "\n".join(clue.clause for clue in clues)
    for part in (
        "whose border countries include ", "whose government type is ", "whose independence was from Orvia", " sq km",
        "whose independence dates to a year ending with ", "whose chief of state has been in place since ", " million",
    ):  # fmt: skip
        assert part in text
