"""Labels become phrases that a person would use, or none."""

from __future__ import annotations

import pytest

from longstride.synthesis.tables.wording import (
    additive,
    between,
    is_proper_name,
    listed,
    ordinal,
    part_phrase,
    phrase,
    readable_name,
    superlative,
    when,
)


@pytest.mark.parametrize(
    ("section", "label", "unit", "counted", "said"),
    [
        ("Area", "land", "sq km", True, "land area"),
        ("Population", "total", "", True, "total population"),
        ("Total water withdrawal", "municipal", "cubic meters", False, "municipal water withdrawal"),
        ("Sex ratio", "at birth", "male(s)/female", False, "sex ratio at birth"),
        ("Average household expenditures", "on food", "%", False, "average household expenditures on food"),
        ("Coal", "consumption", "metric tons", False, "coal consumption"),
        ("Carbon dioxide emissions", "total emissions", "t", False, "total carbon dioxide emissions"),
        ("Dependency ratios", "youth dependency ratio", "", False, "youth dependency ratio"),
        ("Ports", "very small", "", True, "number of very small ports"),
        ("Ports", "total", "", True, "total number of ports"),
        ("", "Airports", "", True, "number of airports"),
        ("", "Birth rate", "births/1,000 population", False, "birth rate"),
        ("", "Real GDP (purchasing power parity)", "$", False, "real GDP (purchasing power parity)"),
        ("", "GDP per capita", "$", False, "GDP per capita"),
        ("", "Gini Index coefficient", "", False, "Gini Index coefficient"),
        ("GDP - composition, by sector", "industry", "%", False, "GDP composition by sector (industry)"),
        ("Land use", "forest", "%", False, "land use (forest)"),
        ("Land use", "agricultural land", "%", False, "land use (agricultural land)"),
        ("Age structure", "0-14 years", "%", False, "age structure (0-14 years)"),
        ("Results", "Revenue", "$", False, "revenue"),
    ],
)  # fmt: skip
def test_a_label_is_said_in_plain_english(section: str, label: str, unit: str, counted: bool, said: str):
    assert phrase(section, label, unit, counted) == said


@pytest.mark.parametrize(
    ("section", "label"),
    [
        ("Land use", "other"),
        ("", "total"),
        ("", "note"),
        ("Page", "see http://example.org"),
        ("Area", "the greatest length of the land from its north to its south"),
        ("", "x" * 100),
        ("", "half (open"),
        ("", ""),
    ],
)
def test_an_awkward_label_is_refused(section: str, label: str):
    assert phrase(section, label, "", False) is None


def test_only_amounts_and_counts_add_up():
    assert additive("land area", "sq km")
    assert additive("refined petroleum consumption", "bbl/day")
    assert additive("share-based compensation", "$")
    for said, unit in [
        ("birth rate", "births/1,000 population"),
        ("forest", "%"),
        ("total median age", "years"),
        ("real GDP per capita", "$"),
        ("mean elevation", "m"),
        ("ending balances", "$"),
    ]:
        assert not additive(said, unit)
    assert superlative("land area", "sq km") == ("largest", "smallest")
    assert superlative("birth rate", "") == ("highest", "lowest")


def test_periods_and_lists_in_a_sentence():
    assert when("2023") == " in 2023"
    assert when("three months ended June 29, 2024") == " for the three months ended June 29, 2024"
    assert when("June 29, 2024") == " as of June 29, 2024"
    assert when("") == ""
    assert between("2022", "2024") == "from 2022 to 2024"
    assert between("year ended May 1, 2022", "year ended May 1, 2023") == (
        "from the year ended May 1, 2022 to the year ended May 1, 2023"
    )
    assert [listed(names) for names in (["A"], ["A", "B"], ["A", "B", "C"])] == ["A", "A and B", "A, B and C"]
    assert [ordinal(1, "largest"), ordinal(3, "largest")] == ["largest", "third-largest"]


def test_names_that_can_stand_in_a_sentence():
    assert readable_name("Côte d'Ivoire")
    assert readable_name("Congo (Brazzaville)")
    assert not any(map(readable_name, ["ct", "a", "x" * 80, "A [1]", "“Quoted”"]))
    assert is_proper_name("Bank of Ghana")
    assert not is_proper_name("Seasonal changes of water level in the River Po")
    assert part_phrase("border countries", "Libya") == "“Libya” under “border countries”"
    assert part_phrase("a “b”", "c") is None
