"""Cells become one table: a row an entity, a column a property with its unit and period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from longstride.synthesis.tables.by_model.columns import SchemaColumn
from longstride.synthesis.tables.by_model.table import ReadCells, read_table
from longstride.synthesis.tables.corpus_table import Column, Row

AREA = Column("town", "area", "sq km", "")
NOW = Column("town", "population", "", "2021")


def test_a_column_holds_one_unit_and_one_period(town_cells: Sequence[ReadCells], town_columns: Sequence[SchemaColumn]):
    read = read_table(town_cells, town_columns)
    assert set(read.table.cells) == {AREA, NOW, Column("town", "population", "", "2011")}
    arlon = Row("", "arlon")
    assert {str(cells[arlon].fact.quotes[0].text) for cells in read.table.cells.values()} == {
        "Its fields and streets cover 35 sq km.",
        "At the census of 2011 the town had 11,900 inhabitants.",
        "In 2021 there were 12,400 of them.",
    }
    assert {field.said for field in read.board().fields} == {"population", "area"}


def test_every_document_that_gives_a_figure_is_remembered(
    town_cells: Sequence[ReadCells], town_columns: Sequence[SchemaColumn]
):
    again = replace(town_cells[0], document_id="annals of arlon")
    read = read_table([*town_cells, again], town_columns)
    mentions = read.mentions[AREA, Row("", "arlon")]
    assert [entry.document_id for entry in mentions] == ["arlon", "annals of arlon"]


def test_a_figure_that_two_documents_give_differently_is_dropped(
    town_cells: Sequence[ReadCells], town_columns: Sequence[SchemaColumn]
):
    wrong = [replace(cell, text="77") for cell in town_cells[0].cells]
    read = read_table([*town_cells, replace(town_cells[0], document_id="gossip", cells=wrong)], town_columns)
    assert read.table.conflicts.total() == 3
    assert all(Row("", "arlon") not in cells for cells in read.table.cells.values())


def test_a_cell_in_no_column_is_left_out(town_cells: Sequence[ReadCells], town_columns: Sequence[SchemaColumn]):
    assert set(read_table(town_cells, town_columns[1:]).table.cells) == {AREA}
    assert read_table(town_cells, []).board().fields == ()
