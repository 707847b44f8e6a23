"""The corpus table of cells that models read: one row an entity, one column a property, its unit and its period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from longstride.synthesis.tables.boards import Board, Field
from longstride.synthesis.tables.by_model.cells import Cell, Wording
from longstride.synthesis.tables.by_model.columns import SchemaColumn, column_of
from longstride.synthesis.tables.corpus_table import CORPUS, Column, CorpusTable, Entry, Heading, Row, normal
from longstride.synthesis.tables.facts import Fact
from longstride.synthesis.tables.values import unit_key


@dataclass(frozen=True)
class ReadCells:
    """The cells of one document, and how many readings were asked for each."""

    document_id: str
    tokens: int
    readings: int
    cells: Sequence[Cell]


@dataclass
class ReadTable:
    """A corpus table, and every document that gives each of its cells."""

    table: CorpusTable = field(default_factory=lambda: CorpusTable(CORPUS))
    mentions: dict[tuple[Column, Row], list[Entry]] = field(default_factory=dict[tuple[Column, Row], list[Entry]])
    schema: dict[Column, SchemaColumn] = field(default_factory=dict[Column, SchemaColumn])

    def board(self) -> Board:
        """What can be asked about: a measure for each column."""
        fields = [
            Field(column, self.table.headings[column], self.schema[column].name, dated=False, cells=cells)
            for column, cells in sorted(self.table.cells.items())
            if cells
        ]
        return Board(self.table, "", tuple(fields), ())


def read_table(documents: Iterable[ReadCells], columns: Iterable[SchemaColumn]) -> ReadTable:
    """The table of these documents' cells under these columns.

    A cell whose words most often mean no one column is left out; one that two places give differently is dropped.
    """
    by_wording: dict[Wording, SchemaColumn] = {wording: each for each in columns for wording in each.wordings}
    found = ReadTable()
    for document in documents:
        for cell in document.cells:
            schema = column_of(cell, by_wording, document.readings)
            if schema is None:
                continue
            entry = Entry(_fact(cell, schema), document.document_id, document.document_id, document.tokens)
            heading = Heading(schema.kind, schema.name, cell.value.unit, cell.period)
            column, row = column_identity(heading), Row("", normal(cell.entity))
            found.table.add("", cell.entity, heading, entry)
            found.mentions.setdefault((column, row), []).append(entry)
            found.schema.setdefault(column, schema)
    return found


def column_identity(heading: Heading) -> Column:
    """The column under which `CorpusTable.add` files a cell with this heading."""
    return Column(normal(heading.section), normal(heading.label), unit_key(heading.unit), normal(heading.period))


def _fact(cell: Cell, schema: SchemaColumn) -> Fact:
    return Fact(cell.entity, "", "", schema.kind, schema.name, cell.period, cell.value, (cell.quote,))
