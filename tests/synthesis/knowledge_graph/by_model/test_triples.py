"""Keys by which two samples, and two documents, mean the same fact."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longstride.synthesis.knowledge_graph.by_model.triples import (
    Triple,
    is_pronoun,
    is_proper,
    node_key,
    relation_key,
    time_key,
    triples_of,
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("12 July 1838", "d:1838"),
        ("1838", "d:1838"),
        ("1838-07-12", "d:1838"),
        ("802,680 sq km", "q:802680"),
        ("4.50", "q:4.5"),
        ("The Kouruhado Institute", "n:kouruhado institute"),
        ("12 Rue Morgue", "n:12 rue morgue"),
        ("about 1838", "n:about 1838"),
    ],
)
def test_an_object_is_a_date_a_figure_or_a_name(text: str, key: str):
    assert node_key(text) == key


def test_relations_are_compared_without_auxiliaries_but_keep_their_direction():
    assert relation_key("was founded by") == relation_key("Founded by") == "founded by"
    assert relation_key("chief executive of") != relation_key("chief executive")
    assert relation_key("is") == "is"


def test_a_time_is_its_years_or_its_words():
    assert time_key("at the end of 2024") == "2024"
    assert time_key("1998-2013") == "1998-2013"
    assert time_key("last spring") == "last spring"
    assert time_key(None) == ""


def test_only_proper_names_mean_the_same_elsewhere():
    assert is_proper("Oskerby") and is_proper("青島") and is_proper("iPod")
    assert not is_proper("blue pottery") and not is_proper("1871")
    assert is_pronoun("The company") and not is_pronoun("Norvik Mills")


def test_facts_give_their_triples_back_with_the_quotes(triple: Callable[..., Triple]):
    made = triple("Oskerby", "river", "River Senn")
    facts = {"triples": [made.to_json()]}
    assert triples_of(facts, "d", made.quote) == [made]
    assert triples_of({}) == []
