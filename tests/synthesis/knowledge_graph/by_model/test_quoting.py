"""Names and figures are looked up as a whole."""

from __future__ import annotations

import pytest

from longstride.synthesis.knowledge_graph.by_model.quoting import holds_value, holds_words


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
