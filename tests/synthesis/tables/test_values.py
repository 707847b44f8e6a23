"""Typed values: sign, scale and unit are never lost, and what is not one plain number is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.grading.quantities import find_quantities
from longstride.synthesis.tables.values import SCALE_WORDS, read_date, read_parts, read_value, unit_key


@pytest.mark.parametrize(
    ("text", "number", "unit", "year"),
    [
        ("2,381,740 sq km", "2381740", "sq km", None),
        ("17.4% (2023 est.)", "17.4", "%", "2023"),
        ("$722.912 billion (2024 est.)", "722912000000", "$", "2024"),
        ("-$4.513 billion (2021 est.)", "-4513000000", "$", "2021"),
        ("-0.52 migrant(s)/1,000 population (2025 est.)", "-0.52", "migrant(s)/1,000 population", "2025"),
        ("1.05 male(s)/female", "1.05", "male(s)/female", None),
        ("163.661 million metric tonnes of CO2 (2023 est.)", "163661000", "metric tonnes of CO2", "2023"),
        ("1.99% annual rate of change (2020-25 est.)", "1.99", "% annual rate of change", "2020-25"),
        ("6.9% (2024 est.) (male 1,597,382/female 1,663,824)", "6.9", "%", "2024"),
        ("19.4 years (2015/16 est.)", "19.4", "years", "2015/16"),
        ("7 (6 cultural, 1 mixed)", "7", "", None),
        ("0 km (landlocked)", "0", "km", None),
        ("1.85GW (2025 est.)", "1850000", "kW", "2025"),
        ("(1,234)", "-1234", "", None),
        ("$(7,409)", "-7409", "$", None),
        ("(2.5)%", "-2.5", "%", None),
        ("(2)%", "-2", "%", None),
        ("US$5 million", "5000000", "$", None),
        ("−3.5 °C", "-3.5", "°C", None),
        ("1,234[1]", "1234", "", None),
        ("12*", "12", "", None),
        ("(2024 est.) 3", "3", "", "2024"),
    ],
)
def test_a_plain_number_is_read_whole(text: str, number: str, unit: str, year: str | None):
    value = read_value(text)
    assert value is not None
    assert (value.number, value.unit, value.year) == (Decimal(number), unit, year)


@pytest.mark.parametrize(
    "text",
    [
        "", "—", "-", "NA", "n/a", "n.a.", "...", "none", "32-52 nm", "18–25 years", "200-m depth", "10 to 20 km",
        "<1%", "less than 1", "(2024 est.) less than 1", "more than 5", "643,801 sq km ; 551,500 sq km (metropolitan)",
        "6,123 km (2022) 3,523 km electrified", "Tahat 2,908 m", "6/12/2021", "28 00 N, 3 00 E", "[213] 770-08-2000",
        "18 years of age; universal", "269,000 GABORONE (capital) (2018)", "1.234.567", "12,34", "1e5", "D2", "9XR",
        "5 July 1962", "(2023)", "3 (", "4)", "two", "200 nm or agreed boundaries", "1" * 30, "about", "$", "%",
        "5G", "3rd", "12:30", "450,000 active Armed Forces", "20521-6030",
    ],
)  # fmt: skip
def test_what_is_not_one_plain_number_is_refused(text: str):
    assert read_value(text) is None


def test_an_approximate_number_is_marked():
    value = read_value("approximately 7,500 troops (2025)")
    assert value is not None
    assert (value.number, value.approximate, value.estimate) == (7500, True, False)
    exact = read_value("7,500 troops (2025 est.)")
    assert exact is not None
    assert (exact.approximate, exact.estimate) == (False, True)


def test_the_scale_of_a_caption_holds_for_amounts_but_not_for_percentages_or_what_has_its_own():
    numbers = [
        value.number
        for value in (
            read_value("61,564", scale=6, currency="$"),
            read_value("(7)", scale=6, suffix="%"),
            read_value("$2 billion", scale=6),
        )
        if value
    ]
    assert numbers == [61_564_000_000, -7, 2_000_000_000]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7 September 2024", date(2024, 9, 7)),
        ("June 29, 2024", date(2024, 6, 29)),
        ("5 July 1962 (from France)", date(1962, 7, 5)),
        ("2024-06-29", date(2024, 6, 29)),
        ("6/12/2021", None),
        ("31 February 2020", None),
        ("June 2026", None),
        ("10-12 December 2023", None),
    ],
)
def test_a_date_is_read_unless_it_could_be_two(text: str, expected: date | None):
    assert read_date(text) == expected


def test_named_parts_are_read_where_all_are_plain():
    text = "Libya 989 km; Mali 1,359 km; Niger 951 km"
    assert [(name, value.number, text[a:b]) for name, value, a, b in read_parts(text)] == [
        ("Libya", 989, "Libya 989 km"),
        ("Mali", 1359, "Mali 1,359 km"),
        ("Niger", 951, "Niger 951 km"),
    ]
    italy, spain = read_parts("Italy 29%, Spain 13% (2023)")
    assert (italy[1].number, italy[1].unit, italy[1].year, spain[0]) == (29, "%", "2023", "Spain")
    for text in ("Italy 29%, several others", "Italy 29%, Italy 3%", "Po 5 km; Rome 3 sq km", "alone 5", "a, b, c"):
        assert read_parts(text) == ()


def test_units_are_compared_by_what_they_mean():
    assert unit_key("Years") == unit_key("year")
    assert unit_key("metric tonnes") == unit_key("metric tons")
    assert unit_key("tonnes") != unit_key("tons")  # one is metric, the other may be short or long
    assert unit_key("% of GDP") != unit_key("%")


@settings(deadline=None)
@given(
    digits=st.decimals(min_value=0, max_value=10**9, places=3, allow_nan=False, allow_infinity=False),
    negative=st.sampled_from(["", "-", "−", "()"]),
    currency=st.sampled_from(["", "$", "€"]),
    scale=st.sampled_from(sorted(SCALE_WORDS)),
    unit=st.sampled_from(["", "sq km", "kWh", "births/1,000 population", "bbl/day"]),
    note=st.sampled_from(["", " (2023 est.)", " (2019)", " (landlocked)", "[2]"]),
    thousands=st.booleans(),
)
def test_what_was_formatted_is_read_back(
    digits: Decimal, negative: str, currency: str, scale: int, unit: str, note: str, thousands: bool
):
    written = f"{digits:,f}" if thousands else f"{digits:f}"
    text = f"({currency}{written})" if negative == "()" else f"{negative}{currency}{written}"
    words = [text, SCALE_WORDS[scale], "" if currency else unit]
    value = read_value(" ".join(word for word in words if word) + note)
    assert value is not None
    assert value.number == digits.scaleb(scale) * (-1 if negative else 1)
    assert value.unit == (currency or unit)
    assert value.scale == scale
    assert value.step == Decimal(1).scaleb(scale - 3)
    assert value.year == {" (2023 est.)": "2023", " (2019)": "2019"}.get(note)
    assert value.estimate == ("est." in note)


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"[-$(]{0,3}[\d,.]{1,12}[ %)a-z]{0,12}(\(\d{4} est\.\))?", fullmatch=True))
def test_any_text_is_read_or_refused_and_agrees_with_the_grader(text: str):
    value = read_value(text)
    read_date(text)
    read_parts(text)
    if value is None or "%" in value.unit or value.year or value.unit:
        return
    graded = [quantity.value for quantity in find_quantities(text)]
    assert len(graded) != 1 or graded[0] in (value.number, -value.number)
