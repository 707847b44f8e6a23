"""A model's cells against the text, and the vote of several readings."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from longstride.synthesis.tables.by_model.cells import (
    Cell,
    ReplyCell,
    Wording,
    agreed,
    cell_value,
    checked_cell,
    majority,
    stands_in,
)
from longstride.synthesis.tables.grid_facts import Quote

TEXT = """Arlon Mills, a company of Arlon, had 1,670 workers
at the end of 2024. It sold about 500 carts. Founded in 1989, it uses 12% of the river.

In millions of crowns: revenue 113.0; profit (2.6). Its yard covers 101 sq km.
"""
RIGHT: Mapping[str, str] = {
    "entity": "Arlon Mills", "kind": "company", "attribute": "workers", "period": "2024", "value": "1,670",
    "quote": "had 1,670 workers at the end of 2024.",
}  # fmt: skip


def check(**changes: str) -> Cell | str:
    return checked_cell(ReplyCell.model_validate({**RIGHT, **changes}), "Arlon Mills", TEXT, 0, TEXT)


def test_a_cell_keeps_the_place_of_its_quote_whatever_its_line_breaks():
    cell = check()
    assert isinstance(cell, Cell)
    assert cell.quote.text == "had 1,670 workers\nat the end of 2024."
    assert TEXT[cell.quote.start : cell.quote.end] == cell.quote.text
    assert cell.value.number == 1670
    assert cell.wordings == (Wording("company", "workers"),)


def test_offsets_of_a_passage_are_those_of_the_document():
    passage = TEXT[TEXT.index("In millions") :]
    reply = ReplyCell.model_validate(
        {**RIGHT, "attribute": "area", "period": "", "value": "101", "unit": "sq km", "quote": "covers 101 sq km"}
    )
    cell = checked_cell(reply, "Arlon Mills", passage, len(TEXT) - len(passage), TEXT)
    assert isinstance(cell, Cell)
    assert TEXT[cell.quote.start : cell.quote.end] == "covers 101 sq km"
    assert cell.value.unit == "sq km"


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"quote": "had 1,700 workers at the end of 2024."}, "the quote is not in the text"),
        ({"quote": ""}, "the quote is not in the text"),
        ({"value": "1,760"}, "the number is not in its quote"),
        ({"value": "670"}, "the number is not in its quote"),
        ({"value": "2.6", "quote": "profit (2.6)"}, "the number is not in its quote"),
        ({"value": "12", "quote": "it uses 12% of the river"}, "the number is not in its quote"),
        ({"value": "many"}, "no plain number"),
        ({"value": "1,670 or 1,680"}, "no plain number"),
        ({"value": "113.0", "magnitude": "lakh", "quote": "revenue 113.0"}, "no plain number"),
        ({"value": "1989", "quote": "Founded in 1989"}, "looks like a year"),
        ({"value": "about 500", "quote": "It sold about 500 carts."}, "an approximate figure"),
        ({"entity": "the mill"}, "no readable name"),
        ({"attribute": " "}, "no readable name"),
        ({"entity": "Belt Mills"}, "the entity is not in the text"),
        ({"entity": "Arl"}, "the entity is not in the text"),
        ({"period": "2023"}, "the period is not in the text"),
        ({"unit": "tonnes"}, "the unit is not in the text"),
        ({"value": "113.0", "magnitude": "billion", "quote": "revenue 113.0"}, "the unit is not in the text"),
        ({"unit": "$"}, "the unit is not in the text"),
    ],
)
def test_what_the_text_does_not_bear_out_is_dropped_with_its_reason(changes: dict[str, str], reason: str):
    assert check(**changes) == reason


def test_a_magnitude_and_a_unit_that_a_caption_gives_count():
    caption = {"period": "", "magnitude": "million", "unit": "crowns"}
    cell = check(attribute="revenue", value="113.0", quote="revenue 113.0", **caption)
    assert isinstance(cell, Cell)
    assert (cell.value.number, cell.value.unit, cell.value.scale) == (113_000_000, "crowns", 6)
    loss = check(attribute="profit", value="(2.6)", quote="profit (2.6)", **caption)
    assert isinstance(loss, Cell)
    assert loss.value.number == -2_600_000


@pytest.mark.parametrize(
    "text, quote, stands",
    [
        ("101", "covers 101 sq km", True),
        ("101", "covers 1,101 sq km", False),
        ("101", "covers 101.5 sq km", False),
        ("101", "a,101,b", True),
        ("16101", "Arlon,1991,16101,101", True),
        ("3", "grew to 3 million", False),
        ("3 million", "grew to 3 million", True),
        ("-5", "it was -5 degrees", True),
        ("5", "it was -5 degrees", False),
        ("5", "pages 2-5", True),
        ("5", "from 2–5", True),
        ("$5", "a price of $5", True),
        ("many", "how many", False),
    ],
)
def test_a_number_stands_in_a_quote_only_as_itself(text: str, quote: str, stands: bool):
    value = cell_value(text, "", "") or cell_value("1", "", "")
    assert value is not None
    assert stands_in(text, value, quote) is stands


def cell(number: str, attribute: str = "population", entity: str = "Arlon", start: int = 0) -> Cell:
    return Cell(entity, "", number, "", "", Quote(start, start + 5, "quote"), (Wording("town", attribute),))


def test_a_majority_is_of_all_readings_also_of_those_that_failed():
    assert [majority(readings) for readings in (1, 2, 3, 4, 5)] == [1, 2, 2, 3, 3]
    assert agreed([[cell("12")], [cell("12")], []], 3)[0] != []
    assert agreed([[cell("12")], [], []], 3) == ([], 1)


def test_readings_that_contradict_each_other_agree_on_nothing():
    assert agreed([[cell("12")], [cell("21")], [cell("34")]], 3) == ([], 3)
    assert agreed([[cell("12")], [cell("21")]], 2) == ([], 2)  # a tie


def test_the_attribute_that_most_readings_use_is_kept_alone():
    kept, dropped = agreed([[cell("12")], [cell("12", "height")], [cell("12")]], 3)
    assert [each.wordings for each in kept] == [(Wording("town", "population"),) * 2]
    assert dropped == 1


def test_different_words_for_one_figure_are_kept_together():
    kept, dropped = agreed([[cell("12", "inhabitants")], [cell("12", "population")], [cell("12", "people")]], 3)
    assert [each.attribute for each in kept[0].wordings] == ["inhabitants", "population", "people"]
    assert dropped == 0


def test_equal_figures_of_two_attributes_stay_two_cells():
    reading = [cell("12", "mills"), cell("12", "inns")]
    kept, dropped = agreed([reading, reading, []], 3)
    assert [each.wordings[0].attribute for each in kept] == ["mills", "inns"]
    assert dropped == 0


def test_a_reply_counts_once_however_often_it_says_a_thing():
    assert agreed([[cell("12"), cell("12"), cell("12")], [], []], 3) == ([], 1)


def test_a_cell_comes_back_from_its_json():
    original = check()
    assert isinstance(original, Cell)
    assert Cell.from_json(original.to_json()) == original
