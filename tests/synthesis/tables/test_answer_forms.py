"""Answers: exact or rounded as the question says, never where the rounding is in doubt."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from longstride.grading import numeric_match
from longstride.synthesis.tables.answer_forms import (
    MOST_DECIMALS,
    AnswerForm,
    decimals_for,
    exact,
    exact_decimals,
    leads_clearly,
    near_a_tie,
    round_number_between,
    rounded,
    with_unit,
)


@pytest.mark.parametrize(
    ("form", "result", "written"),
    [
        (AnswerForm("number", None, 9, "$"), Decimal("722.912"), ("722.912 billion", "722.912")),
        (AnswerForm("number", None, 0, "sq km"), Decimal("2381740.00"), ("2,381,740",)),
        (AnswerForm("number", 2, 0, "%"), 12.345678, ("12.35%", "12.35")),
        (AnswerForm("percent", 1), -6.5358, ("-6.5%", "-6.5")),
        (AnswerForm("ratio", 2), 3.5, ("3.50",)),
        (AnswerForm("count"), 4, ("4",)),
        (AnswerForm("name"), "Chad", ("Chad",)),
        (
            AnswerForm("name"),
            "Falkland Islands (Islas Malvinas)",
            ("Falkland Islands (Islas Malvinas)", "Falkland Islands"),
        ),
        (AnswerForm("date"), date(1962, 7, 5), ("5 July 1962", "July 5, 1962", "1962-07-05")),
        (AnswerForm("number"), None, ()),
        (AnswerForm("number"), float("inf"), ()),
        (AnswerForm("name"), 5, ()),
    ],
)
def test_a_result_is_written_in_its_form(form: AnswerForm, result: object, written: tuple[str, ...]):
    assert form.forms(result) == written  # type: ignore[arg-type]


def test_the_instructions_state_rounding_scale_and_unit():
    assert AnswerForm("number", None, 9, "$").instructions() == (
        "Answer with a number in billions of dollars ($), without rounding it."
    )
    assert AnswerForm("number", 1, 0, "% of GDP").instructions() == (
        "Answer with a percentage (% of GDP), rounded to one decimal place."
    )
    assert (
        AnswerForm("number", 0, 0, "sq km").instructions()
        == "Answer with a number in sq km, rounded to a whole number."
    )
    assert AnswerForm("percent", 2).instructions() == "Answer with a percentage, rounded to two decimal places."
    assert AnswerForm("name").instructions() == "Answer with the name only."
    with pytest.raises(ValueError, match="unknown kind of answer"):
        AnswerForm("poem")


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, places=4),
    st.sampled_from([0, 3, 6, 9, 12]),
    st.sampled_from(["$", "%", "sq km", ""]),
    st.none() | st.integers(0, MOST_DECIMALS),
)
def test_the_grader_takes_every_form_for_the_number_that_it_is(
    number: Decimal, scale: int, unit: str, decimals: int | None
):
    assume(number)
    form = AnswerForm("number", decimals, 0 if unit == "%" else scale, unit)
    for text in form.forms(number):
        assert numeric_match(text, text) == 1


@given(st.fractions(min_value=-(10**9), max_value=10**9), st.integers(0, MOST_DECIMALS))
def test_rounding_is_to_the_nearest(number: Fraction, decimals: int):
    found = Fraction(rounded(number, decimals))
    assert abs(found - number) <= Fraction(1, 2 * 10**decimals)
    assert exact_decimals(found) is not None


def test_a_number_near_a_half_of_its_last_digit_is_in_doubt():
    assert near_a_tie(Fraction("12.345"), 2)
    assert near_a_tie(Fraction("-12.3452"), 2)
    assert near_a_tie(Fraction("0.4999"), 0)
    assert not near_a_tie(Fraction("12.342"), 2)
    assert not near_a_tie(Fraction(12), 2)


@given(st.fractions(min_value=Fraction(1, 1000), max_value=10**9))
def test_a_rounded_answer_keeps_a_hundredth_of_itself(number: Fraction):
    decimals = decimals_for(number)
    assert decimals is not None
    assert Fraction(1, 10**decimals) * 100 <= number


def test_zero_and_what_is_no_number_have_no_rounding():
    assert decimals_for(Fraction(0)) is None
    assert decimals_for(Fraction(1, 10**8)) is None
    assert exact_decimals(Fraction(1, 3)) is None
    assert exact(True) is None
    assert exact(math.nan) is None
    assert exact(0.1) == Fraction(1, 10)
    assert exact(Decimal("0.30")) == Fraction(3, 10)


@given(st.decimals(-(10**6), 10**6, places=2), st.decimals(-(10**6), 10**6, places=2))
def test_a_threshold_stands_between_two_values(first: Decimal, second: Decimal):
    low, high = min(first, second), max(first, second)
    found = round_number_between(low, high)
    if found is not None:
        assert low < found < high
    if low == high:
        assert found is None


def test_a_threshold_is_round():
    assert round_number_between(Decimal(83_871), Decimal(312_685)) == 100_000
    assert round_number_between(Decimal("17.4"), Decimal("19.1")) == 18
    assert round_number_between(Decimal("0.52"), Decimal("0.9")) == Decimal("0.6")


def test_values_to_be_ranked_after_a_division_must_lie_apart():
    values = [Fraction(1), Fraction(1001, 1000), Fraction(-3)]
    assert leads_clearly(values, most=False)
    assert not leads_clearly(values, most=True)
    assert not leads_clearly([Fraction(1), Fraction(1)], most=True)


@pytest.mark.parametrize(
    ("number", "scale", "unit", "text"),
    [
        ("50", 9, "$", "$50 billion"),
        ("-100", 3, "marks", "-100 thousand marks"),
        ("100000", 0, "sq km", "100,000 sq km"),
        ("25.50", 0, "% of GDP", "25.5% of GDP"),
        ("1E+5", 0, "", "100,000"),
    ],
)
def test_a_number_in_a_sentence(number: str, scale: int, unit: str, text: str):
    assert with_unit(Decimal(number), scale, unit) == text
