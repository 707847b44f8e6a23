"""Quotations are looked up letter by letter, over any white space, and every place is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.synthesis.quoting import find_quote, quote_places


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


def test_every_place_is_found_in_order():
    text = "ab ab  ab"
    assert list(quote_places(text, "ab ab")) == [(0, 5)]  # the second begins inside the first
    assert list(quote_places(text, "ab")) == [(0, 2), (3, 5), (7, 9)]
    assert list(quote_places(text, " ")) == []
