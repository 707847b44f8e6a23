"""Quotations are found where they stand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.records import Document
from longstride.synthesis.mase.quoting import find_quote

TEXT = (
    "The mill of Orvale\n  was built in 1843 by\tTarn & sons.\n\nIts surcharge = 26 crowns. "
    "古い水車は川のそばに立っています。"
)
DOCUMENT = Document("d", "Orvale", "literature", "x", TEXT)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("was built in 1843", "was built in 1843"),
        ("mill of Orvale was built", "mill of Orvale\n  was built"),
        ("  by Tarn &\nsons.  ", "by\tTarn & sons."),
        ("水車は川のそばに立っています", "水車は川のそばに立っています"),
    ],
)
def test_a_quotation_is_found_but_for_its_white_space(quote: str, found: str):
    evidence = find_quote(DOCUMENT, quote)
    assert evidence is not None
    assert evidence.text == found
    assert evidence.quotes(DOCUMENT)


@pytest.mark.parametrize(
    "quote",
    [
        "was built in 1844",
        "The mill of orvale",  # another letter
        "Its surcharge = 2",  # a number cut short
        "urcharge = 26 crowns",
        "in 1843",  # stands there, but proves nothing
        "  \n ",
        "The mill of Orvale ... 1843",
    ],
)
def test_what_is_not_there_word_for_word_is_not_found(quote: str):
    assert find_quote(DOCUMENT, quote) is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=12), st.data())
def test_any_run_of_words_of_a_text_is_found_and_quotes_it(parts: list[str], data: st.DataObject):
    text = " ".join(parts)
    document = Document("d", "t", "literature", "x", text)
    words = text.split()
    start = data.draw(st.integers(0, len(words)))
    quote = " \n".join(words[start : data.draw(st.integers(start, len(words)))])
    evidence = find_quote(document, quote)
    if len(" ".join(quote.split())) < 12:
        assert evidence is None
    else:
        assert evidence is not None
        assert evidence.quotes(document)
        assert re.sub(r"\s+", " ", " ".join(evidence.text.split())) == " ".join(quote.split())
