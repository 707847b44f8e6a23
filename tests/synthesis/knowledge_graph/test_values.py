"""Reading values: numbers with units, dates, lists; what is not certain stays unread."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.synthesis.knowledge_graph.values import (
    leading_item,
    read_date,
    read_items,
    read_measure,
    read_origin,
    read_since,
)


@pytest.mark.parametrize(
    ("value", "number", "unit", "text"),
    [
        ("2,381,740 sq km", "2381740", "sq km", "2,381,740 sq km"),
        ("1.47% (2025 est.)", "1.47", "%", "1.47%"),
        ("75.3% of total population (2023)", "75.3", "% of total population", "75.3% of total population"),
        ("$263.62 billion (2024 est.)", "263620000000", "$", "$263.62 billion"),
        ("-$4.513 billion (2021 est.)", "-4513000000", "$", "-$4.513 billion"),
        ("19.6 births/1,000 population (2025 est.)", "19.6", "births/1,000 population", "19.6 births/1,000 population"),
        ("1.05 male(s)/female", "1.05", "male(s)/female", "1.05 male(s)/female"),
        ("1.6 million tonnes of CO2 (2023 est.)", "1600000", "tonnes of CO2", "1.6 million tonnes of CO2"),
        ("95 (2025)", "95", "", "95"),
        ("0 km (landlocked)", "0", "km", "0 km"),
    ],
)  # fmt: skip
def test_a_measure_is_read_with_its_unit_and_scale(value: str, number: str, unit: str, text: str):
    measure = read_measure(value)
    assert measure is not None
    assert (measure.number, measure.unit, measure.text) == (Decimal(number), unit, text)
    assert value[measure.start : measure.end] == text


@pytest.mark.parametrize(
    "value",
    [
        "67-68 years",
        "about 5 km",
        "<1%",
        "28 00 N, 3 00 E",
        "2.9 million ALGIERS (capital), 936,000 Oran",
        "none",
        "1,2,3",
    ],
)
def test_what_is_no_single_measure_is_not_read(value: str):
    assert read_measure(value) is None


@given(st.decimals(0, 10**9, places=2), st.sampled_from(["", " km", "%", " sq km", " metric tons"]))
def test_every_written_number_is_read_back(number: Decimal, unit: str):
    measure = read_measure(f"{number:,}{unit} (2024 est.)")
    assert measure is not None
    assert (measure.number, measure.unit) == (number, unit.strip())


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error_and_offsets_lie_inside(text: str):
    read_measure(text)
    read_date(text)
    read_since(text)
    read_origin(text)
    for item in read_items(text):
        assert 0 <= item.start < item.end <= len(text)


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("5 July 1962 (from France)", (1962, 7, 5)),
        ("July 5, 1962", (1962, 7, 5)),
        ("July 1962", (1962, 7, 0)),
        ("1962-07-05", (1962, 7, 5)),
        ("7/5/1962", (1962, 0, 0)),  # which is the month, nobody knows
        ("1962", (1962, 0, 0)),
    ],
)
def test_dates(value: str, date: tuple[int, int, int]):
    found = read_date(value)
    assert found is not None and (found.year, found.month, found.day) == date


@pytest.mark.parametrize(
    "value", ["1962 km", "no official date: 1962", "1/14/2021 to 1/18/2021", "300-1200", "1991/92"]
)
def test_what_is_no_single_date_is_not_read(value: str):
    assert read_date(value) is None


def test_the_date_since_which_and_where_from():
    since = read_since("President Ann BAL (since 12 December 2019)")
    assert since is not None and since.year == 2019
    assert read_since("A (since 1 May 2001); B (since 2 May 2002)") is None
    assert read_origin("5 July 1962 (from the Ottoman Empire)") == ("from", "the Ottoman Empire", 18, 36)


def test_a_list_gives_its_names_with_their_figures():
    items = read_items("Libya 989 km; Mali 1,359 km; Spain (Ceuta) 8 km")
    assert [(item.name, item.number, item.unit) for item in items] == [
        ("Libya", 989, "km"), ("Mali", 1359, "km"), ("Spain", 8, "km"),
    ]  # fmt: skip
    leader = leading_item(items)
    assert leader is not None and leader.name == "Mali"
    assert [item.name for item in read_items("Italy 29%, France 14%, and Spain 13% (2023)")] == [
        "Italy",
        "France",
        "Spain",
    ]


def test_no_item_leads_a_tie_or_a_list_of_two_units():
    assert leading_item(read_items("Libya 9 km; Mali 9 km")) is None
    assert leading_item(read_items("Libya 9 km; Mali 9%")) is None
    assert leading_item(read_items("Libya 9 km; Mali")) is None


def test_a_list_with_a_part_that_is_no_name_is_not_read():
    assert read_items("Libya; a@b.org; Mali") == ()
