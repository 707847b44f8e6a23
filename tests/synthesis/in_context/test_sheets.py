"""Sheets: what is written is read back, with offsets that quote it; anything else is no sheet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.synthesis.in_context.sheets import RENAMING, read_sheet, sheet_document, sheet_part

LINE = st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), min_size=1, max_size=40)


def test_a_sheet_reads_back_as_it_was_written():
    document = sheet_document("Tolvane", sheet_part(2, 3), [("weight: 4", "mor-tul"), ("weight: 9", "fen-tul")])
    assert document.title == "Register Tolvane, sheet 2 of 3"
    sheet = read_sheet(document.text)
    assert sheet is not None
    assert (sheet.register, sheet.part) == ("Tolvane", "sheet 2 of 3")
    assert sheet.pairs == (("weight: 4", "mor-tul"), ("weight: 9", "fen-tul"))
    assert document.text[sheet.entries[1].start : sheet.entries[1].end] == "- weight: 9 -> fen-tul"


def test_the_id_follows_from_the_text():
    one, same = (sheet_document("Tolvane", RENAMING, [("a", "b")]) for _ in range(2))
    other = sheet_document("Tolvane", RENAMING, [("a", "c")])
    assert one.id == same.id != other.id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Register Tolvane, sheet 2 of 3\n\nno entries\n",
        "A Register Tolvane, sheet 1 of 3\n- a -> b\n",
        "Register Tolvane, sheet ten\n- a -> b\n",
        "Register Tolvane, sheet 1 of 3\n- a -> \n",
        "Register Tolvane, sheet 1 of 3\n- " + "a" * 10_000 + " -> b\n",
    ],
)
def test_other_texts_are_no_sheets(text: str):
    assert read_sheet(text) is None


@given(st.lists(st.tuples(LINE, LINE.filter(lambda text: " -> " not in text)), min_size=1, max_size=6))
def test_every_entry_quotes_its_line(pairs: list[tuple[str, str]]):
    text = sheet_document("Tolvane", RENAMING, pairs).text
    sheet = read_sheet(text)
    assert sheet is not None
    assert sheet.pairs == tuple(pairs)
    for entry in sheet.entries:
        assert text[entry.start : entry.end] == f"- {entry.given} -> {entry.result}"


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str):
    read_sheet("Register Tolvane, sheet 1 of 2\n" + text)
