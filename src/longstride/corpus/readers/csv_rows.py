"""CSV and TSV: the text as it stands, with the places where its rows begin."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.source_text import SourceText, title_of
from longstride.corpus.sections import Break

DELIMITERS = ",\t;|"
SNIFFED_LINES = 50


def read_csv(text: str, path: str, limits: Limits) -> tuple[SourceText, dict[str, int]]:
    """A table; every part of it will say the heading line again. Raises Unreadable: not_a_table, malformed, ..."""
    lines = io.StringIO(text, newline="\n").readlines()
    delimiter = _delimiter(lines)
    starts = list(_row_starts(lines, delimiter, limits))
    if len(starts) < 2:
        raise Unreadable("not_a_table")
    breaks = tuple(Break(start, 1, f"row {number}") for number, start in enumerate(starts[1:], 1))
    return SourceText(title_of(path), text, "csv", breaks=breaks, head=starts[1]), {}


def _delimiter(lines: list[str]) -> str:
    """The delimiter that gives the first lines the same number of cells, as many as may be."""
    best, found = 1, ""
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines[:SNIFFED_LINES], delimiter=delimiter) if row]
        except csv.Error:
            continue
        if widths and widths[0] > best and widths.count(widths[0]) > 0.8 * len(widths):
            best, found = widths[0], delimiter
    if not found:
        raise Unreadable("not_a_table")
    return found


def _row_starts(lines: list[str], delimiter: str, limits: Limits) -> Iterator[int]:
    """The offset of every row that holds something; a quoted cell may go over lines."""
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    reader = csv.reader(lines, delimiter=delimiter)
    first, cells = 0, 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield offsets[first]
            cells += len(row)
            if cells > limits.max_csv_cells:
                raise Unreadable("table_too_large")
            first = reader.line_num
    except csv.Error:
        raise Unreadable("malformed") from None
