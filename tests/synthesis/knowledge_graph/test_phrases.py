"""From labels to English."""

from __future__ import annotations

import pytest

from longstride.synthesis.knowledge_graph.names import normal_label
from longstride.synthesis.knowledge_graph.phrases import phrase_of
from longstride.synthesis.knowledge_graph.triples import Relation


def of_x(
    label: str, section: str = "", aspect: str = "number", bound: bool = False, counts: bool = False
) -> str | None:
    stem, year = normal_label(label)
    relation = Relation(stem, normal_label(section)[0] if bound else None, year, aspect, "")
    phrase = phrase_of(relation, label, section, "attribute", counts)
    if phrase is None:
        return None
    return phrase.of("X") if phrase.style == "noun" else f"{phrase.style}: {phrase.words}"


@pytest.mark.parametrize(
    ("label", "section", "bound", "phrase"),
    [
        ("total", "Area", True, "the total area of X"),
        ("name", "Capital", False, "the capital of X"),
        ("mean elevation", "Elevation", False, "the mean elevation of X"),
        ("consumption", "Electricity", True, "the electricity consumption of X"),
        ("beer", "Alcohol consumption per capita", False, "the alcohol consumption per capita (beer) of X"),
        ("Exports - partners", "Economy", False, "the export partners of X"),
        ("Debt - external 2023", "Debt - external", False, "the external debt in 2023 of X"),
        ("Real GDP per capita 2024", "Real GDP per capita", False, "the real GDP per capita in 2024 of X"),
        ("Military Expenditures 2024", "Military expenditures", False, "the military expenditures in 2024 of X"),
        ("Atlantic Ocean drainage", "Major watersheds (area sq km)", False, "the Atlantic Ocean drainage of X"),
    ],
)
def test_a_label_becomes_a_noun_phrase(label: str, section: str, bound: bool, phrase: str):
    assert of_x(label, section, bound=bound) == phrase


def test_a_count_is_a_number_of_things():
    assert of_x("Airports", "Transportation", counts=True) == "the number of airports of X"
    assert of_x("total ports", "Ports", counts=True) == "the total number of ports of X"


@pytest.mark.parametrize(
    ("label", "aspect", "phrase"),
    [
        ("Born", "date", "event: was born"),
        ("Died", "date", "event: died"),
        ("Founded by", "value", "verb: was founded by"),
        ("Studied at", "value", "verb: studied at"),
        ("Known for", "value", "verb: is known for"),
        ("Works at", "value", "verb: works at"),
        ("Capital of", "value", "verb: is the capital of"),
    ],
)
def test_a_label_that_is_a_verb_stays_one(label: str, aspect: str, phrase: str):
    assert of_x(label, aspect=aspect) == phrase


@pytest.mark.parametrize(
    ("label", "section"),
    [
        ("note", "Area"), ("0-14 years", "Age structure"), ("percent of population", "Internet users"), ("other", ""),
        ("signed, but not ratified", "Agreements"), ("from coal", "Emissions"), ("agricultural land: arable land", ""),
        ("Geography - note", ""), ("since 2013", ""),
    ],
)  # fmt: skip
def test_a_label_that_does_not_read_well_is_refused(label: str, section: str):
    assert of_x(label, section) is None
