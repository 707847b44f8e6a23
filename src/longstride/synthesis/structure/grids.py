"""Tables as grids of cells: Markdown pipe tables and delimited files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from longstride.synthesis.structure.lines import Line
from longstride.synthesis.structure.parts import Cell, Table

MOST_COLUMNS = 500
MOST_HEADER_ROWS = 6

_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?")
_NUMBERED = re.compile(r"[(\-−$€£¥ ]{0,4}[\d,.]*\d[\d,.]*[)% ]{0,4}")


def is_pipe_table(lines: Sequence[Line], index: int) -> bool:
    """True where a Markdown table begins here: a row with a pipe, and a rule of dashes below it."""
    if index + 1 >= len(lines) or "|" not in lines[index].text:
        return False
    rule = lines[index + 1].text
    return "|" in rule and "-" in rule and _RULE.fullmatch(rule) is not None


def pipe_table(
    lines: Sequence[Line], index: int, subject: str, section: tuple[str, ...], caption: tuple[str, ...]
) -> tuple[Table, int]:
    """The Markdown table that begins at this line, and the line behind it.

    Header rows are the row above the rule and those below it that have no label in their first cell: filings put
    their periods there, in two rows or more.
    """
    first = index
    rows = [_pipe_cells(lines[index])]
    index += 2
    while index < len(lines) and "|" in lines[index].text:
        rows.append(_pipe_cells(lines[index]))
        index += 1
    header, body = _part_header(rows)
    return Table(subject, section, caption, header, body, lines[first].start, lines[index - 1].end), index


def delimited_table(text: str, delimiter: str, subject: str, section: tuple[str, ...]) -> Table | None:
    """A CSV or TSV text as a table: its first row is the header. A quoted cell is what stands between its quotes."""
    rows = [row for row in _delimited_rows(text, delimiter) if any(cell.text for cell in row)]
    if len(rows) < 2 or len(rows[0]) < 2:
        return None
    return Table(subject, section, (), (tuple(rows[0]),), tuple(map(tuple, rows[1:])), 0, len(text))


def _pipe_cells(line: Line) -> tuple[Cell, ...]:
    text = line.text
    start = 1 if text.startswith("|") else 0
    end = len(text) - 1 if len(text) > 1 and text.endswith("|") and not text.endswith("\\|") else len(text)
    cells: list[Cell] = []
    position = start
    while position <= end and len(cells) < MOST_COLUMNS:
        bar = text.find("|", position, end)
        while bar > 0 and text[bar - 1] == "\\":
            bar = text.find("|", bar + 1, end)
        stop = end if bar < 0 else bar
        cells.append(_cell(text, position, stop, line.start))
        position = stop + 1
    return tuple(cells)


def _cell(text: str, start: int, end: int, offset: int) -> Cell:
    raw = text[start:end]
    stripped = raw.strip()
    start += len(raw) - len(raw.lstrip()) if stripped else 0
    return Cell(stripped, offset + start, offset + start + len(stripped))


def _part_header(rows: list[tuple[Cell, ...]]) -> tuple[tuple[tuple[Cell, ...], ...], tuple[tuple[Cell, ...], ...]]:
    """The header rows that say something, and the rows below them."""
    count = 1
    while count < len(rows) and count < MOST_HEADER_ROWS and _continues_header(rows[count]):
        count += 1
    blank_header = not any(cell.text for row in rows[:count] for cell in row)
    if blank_header and count < len(rows) and not _has_number(rows[count]):
        count += 1  # an HTML table without header cells: its first row names the columns
    return tuple(row for row in rows[:count] if any(cell.text for cell in row)), tuple(rows[count:])


def _continues_header(row: tuple[Cell, ...]) -> bool:
    return not (row and row[0].text) and not _has_number(row)


def _has_number(row: tuple[Cell, ...]) -> bool:
    """True where a cell is a number; a year is none, for it names a column."""
    return any(_NUMBERED.fullmatch(cell.text) and not (len(cell.text) == 4 and cell.text.isdigit()) for cell in row)


def _delimited_rows(text: str, delimiter: str) -> list[list[Cell]]:
    rows: list[list[Cell]] = [[]]
    position = 0
    while position <= len(text):
        if text.startswith('"', position):
            close = _closing_quote(text, position + 1)
            cell = _cell(text, position + 1, close, 0)
            position = close + 1
            stop = _next_stop(text, position, delimiter)
        else:
            stop = _next_stop(text, position, delimiter)
            cell = _cell(text, position, stop, 0)
        if len(rows[-1]) < MOST_COLUMNS:
            rows[-1].append(cell)
        if stop < len(text) and text[stop] == "\n":
            rows.append([])
        position = stop + 1
    return rows


def _closing_quote(text: str, position: int) -> int:
    while True:
        quote = text.find('"', position)
        if quote < 0:
            return len(text)
        if not text.startswith('""', quote):
            return quote
        position = quote + 2


def _next_stop(text: str, position: int, delimiter: str) -> int:
    newline = text.find("\n", position)
    newline = len(text) if newline < 0 else newline
    stop = text.find(delimiter, position, newline)
    return newline if stop < 0 else stop
