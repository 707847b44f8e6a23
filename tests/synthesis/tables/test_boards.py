"""What can be asked of a table: rows of one kind, measures that belong together, periods in their order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from longstride.synthesis.candidates import Source
from longstride.synthesis.tables.boards import Board, boards, choices, measures, own_prefix, period_order
from longstride.synthesis.tables.corpus_table import corpus_tables

SEGMENTS = """## Information by segment

| Millions of marks | 2022 | 2023 |
|--|--|--|
| Americas: | | |
| Net sales | 1 | 2 |
| Income | 3 | 4 |
| Europe: | | |
| Net sales | 5 | 6 |
| Income | 7 | 8 |
| Japan: | | |
| Net sales | 9 | 10 |
| Income | 11 | 12 |
| Total net sales | 15 | 18 |
"""


def board_of(sources: Sequence[Source], which: int = 0) -> Board:
    return boards(corpus_tables(sources))[which]


def labels(board: Board, needs: str) -> set[tuple[str, ...]]:
    return {
        tuple(f"{field.said} {field.heading.period}".strip() for field in choice)
        for choice in choices(board, needs, random.Random(1))
    }


def test_choices_are_of_the_kind_that_a_template_wants(places: Sequence[Source]):
    board = board_of(places)
    years = {f"exports {year}" for year in (2021, 2022, 2023)}
    rest = {"land area", "water area", "number of airports"}
    assert labels(board, "additive") == {(label,) for label in rest | years}
    assert labels(board, "any") == {(label,) for label in rest | years | {"birth rate"}}
    assert labels(board, "date") == {("independence",)}
    assert labels(board, "three periods") == {("exports 2021", "exports 2022", "exports 2023")}
    assert labels(board, "two periods") == {
        ("exports 2021", "exports 2022"), ("exports 2021", "exports 2023"), ("exports 2022", "exports 2023"),
    }  # fmt: skip
    assert {frozenset(pair) for pair in labels(board, "part, whole")} == {frozenset({"land area", "water area"})}
    for first, second in labels(board, "two"):
        assert first.rstrip(" 0123456789") != second.rstrip(" 0123456789")


def test_one_scale_holds_for_all_measures_of_a_unit(places: Sequence[Source]):
    board = board_of(places)
    (choice,) = choices(board, "three periods", random.Random(1))
    rows = sorted(choice[0].cells)[:3]
    found = measures(choice, rows)
    assert [measure.scale for measure in found] == [9, 9, 9]
    assert len({measure.sql for measure in found}) == 3
    (airports,) = [choice for choice in choices(board, "any", random.Random(1)) if "airports" in choice[0].said]
    assert measures(airports, rows)[0].timed == "number of airports (2025)"


def test_rows_of_one_table_are_compared_with_their_like_and_never_with_totals(make_source: Callable[..., Source]):
    board = board_of([make_source("Alder Mills", SEGMENTS)], which=1)
    assert board.prefix == "In Alder Mills's table of information by segment, "
    assert {frozenset(board.table.names[row] for row in field.cells) for field in board.fields} == {
        frozenset({"Americas: Net sales", "Europe: Net sales", "Japan: Net sales"}),
        frozenset({"Americas: Income", "Europe: Income", "Japan: Income"}),
    }


@pytest.mark.parametrize(
    ("subject", "topic", "prefix"),
    [
        ("Apple Inc.", "net sales by category", "In Apple Inc.'s table of net sales by category, "),
        ("Apple Inc.", "consolidated balance sheets", "In Apple Inc.'s consolidated balance sheets, "),
        ("apple-10-k", "Income Taxes", "In the table “Income Taxes” in “apple-10-k”, "),
        ("Census", "Census", "In the table “Census”, "),
    ],
)
def test_a_question_about_one_table_names_it(subject: str, topic: str, prefix: str):
    assert own_prefix(subject, topic) == prefix


def test_periods_are_ordered_among_their_kind():
    assert period_order("2023") == ("#", (2023,))
    june, july = period_order("three months ended June 29, 2024"), period_order("three months ended July 1, 2023")
    assert june is not None and july is not None
    assert june[0] == july[0]
    assert july[1] < june[1]
    assert june[0] != (period_order("nine months ended June 29, 2024") or ("",))[0]
    assert (period_order("Q2 2024") or ("", ()))[1] == (2024, 2)
    assert period_order("") is None
    assert period_order("2020 to 2021") is None
