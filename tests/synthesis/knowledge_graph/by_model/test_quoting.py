"""Quotes are looked up letter by letter; names and figures as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.synthesis.knowledge_graph.by_model.quoting import find_quote, holds_value, holds_words


def test_a_quote_is_found_over_other_white_space():
    text = "It was founded\n  in 1871 by Ada."
    assert find_quote(text, "founded in 1871") == (7, 24)
    assert text[7:24] == "founded\n  in 1871"


@pytest.mark.parametrize("quote", ["founded in 1872", "", "  \n", "FOUNDED IN 1871"])
def test_what_the_text_does_not_say_is_not_found(quote: str):
    assert find_quote("It was founded in 1871.", quote) is None


@given(st.text(min_size=1, max_size=60), st.data())
def test_every_slice_of_a_text_is_found_as_it_stands(text: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    place = find_quote(text, quote)
    assert (place is None) == (not quote.split())
    if place:
        assert text[slice(*place)].split() == quote.split()


@pytest.mark.parametrize(
    ("text", "value", "held"),
    [
        ("an area of 1,101 sq km", "101", False),
        ("an area of 1,101 sq km", "1", False),
        ("an area of 101 sq km", "101", True),
        ("Stigemeko,1991,16101,101", "16101", True),
        ("Stigemeko,1991,16101,101", "101", True),
        ("Idozotent,2023,Q1,642,tonnes", "642", True),
        ("12.5 tons", "5", False),
        ("12.5 tons", "12", False),
        ("in 1871.", "1871", True),
        ("the Oslofjord", "Oslo", False),
        ("in oslo, Norway", "Oslo", True),
        ("New\nYork", "New York", True),
        ("anything", " ", False),
    ],
)
def test_a_value_stands_as_a_whole(text: str, value: str, held: bool):
    assert holds_value(text, value) is held


def test_words_are_compared_in_normal_form():
    assert holds_words("Which river flows through the Côte-d'Or?", "cote d'or")
    assert not holds_words("Which river flows through Oskerbyville?", "Oskerby")
