"""The cells of an HTML table on their grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.html_nodes import BLOCKS, SPACE, entity_of, is_dropped, name_of
from longstride.corpus.readers.pipe_tables import Cell

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_SPAN = 1000  # as the HTML standard has it for columns


def table_rows(table: _Element, limits: Limits) -> tuple[list[list[Cell]], int]:
    """The cells of a table on its grid, `rowspan` said again in every row, and how many rows are marked as head.

    Raises Unreadable (`table_too_large`).
    """
    rows: list[list[Cell]] = []
    heads = cells = 0
    below: dict[int, tuple[int, Cell]] = {}  # grid column -> rows still to cover, and the cell
    for row_element in _rows_of(table):
        row: list[Cell] = []
        column = 0
        elements = [child for child in row_element if name_of(child) in ("td", "th")]
        for element in elements:
            column = _past(below, column, row)
            span = _span(element, "colspan")
            heads_column = name_of(element) == "th"
            cell = Cell(cell_text(element), column, span, heads_column)
            row.append(cell)
            down = _span(element, "rowspan") - 1
            if down > 0:
                below[column] = (down + 1, cell)
            column += span
            cells += span
            if cells > limits.max_table_cells:
                raise Unreadable("table_too_large")
        _past(below, column, row, to_end=True)
        below = {at: (left - 1, cell) for at, (left, cell) in below.items() if left > 1}
        marked = _in_head(row_element) or (bool(elements) and all(cell.heads for cell in row))
        if marked and heads == len(rows):
            heads += 1
        rows.append(sorted(row, key=lambda cell: cell.column))
    return rows, heads


def _past(below: dict[int, tuple[int, Cell]], column: int, row: list[Cell], to_end: bool = False) -> int:
    """Lay the cells that reach down from the rows above into `row`, as far as they stand at `column`."""
    placed = {cell.column for cell in row}
    for at in sorted(below):
        _, cell = below[at]
        if at >= column and (to_end or at == column) and cell.column not in placed:
            row.append(cell)
            column = max(column, cell.end)
    return column


def _rows_of(table: _Element) -> Iterator[_Element]:
    for child in table:
        name = name_of(child)
        if name == "tr":
            yield child
        elif name in ("thead", "tbody", "tfoot"):
            yield from (row for row in child if name_of(row) == "tr")


def _in_head(row: _Element) -> bool:
    parent = row.getparent()
    return parent is not None and name_of(parent) == "thead"


def _span(element: _Element, attribute: str) -> int:
    value = (element.get(attribute) or "1").strip()
    return max(1, min(int(value), MAX_SPAN)) if value.isdecimal() and len(value) < 6 else 1


def cell_text(element: _Element) -> str:
    """The text of a cell in one line."""
    pieces: list[str] = []

    def gather(node: _Element) -> None:
        name = name_of(node)
        if not name or is_dropped(node, name):
            pieces.append(entity_of(node))
            return
        apart = name in BLOCKS or name == "br"
        pieces.append(" " if apart else "")
        pieces.append(node.text or "")
        for child in node:
            gather(child)
            pieces.append(child.tail or "")
        pieces.append(" " if apart else "")

    gather(element)
    return SPACE.sub(" ", "".join(pieces)).strip()
