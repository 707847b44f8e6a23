"""A grid of cells as a Markdown pipe table; cells that a filing splits over columns are joined first.

Filings draw "$ (1,234)%" as four cells, so that the digits stand in a line. Here it is one again, and the columns that
only kept the parts apart are gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BEFORE = re.compile(r"(?:(?:US|C|A|HK|NZ)?\$|[€£¥₹₩]|Rs\.?|RMB|EUR|USD|GBP|CHF|\()\s?\(?")
AFTER = re.compile(r"\)?\s?%?\)?")
VALUE = re.compile(r"[^\w]*\d[\d,.\s]*[^\w]*%?\)?")
VALUED = re.compile(r"\d|^[$€£¥(\s]*[—–-]+$")  # a number, or the dash that stands for none
YEAR = re.compile(r"(?:FY\s?)?(?:1[5-9]|20|21)\d\d(?:[/–-]\d\d(?:\d\d)?)?\s?[A-E]?")
MAX_HEADER_ROWS = 5


@dataclass(frozen=True)
class Cell:
    text: str
    column: int  # the first that it covers
    span: int = 1  # how many
    heads: bool = False  # marked up as a heading cell

    @property
    def end(self) -> int:
        return self.column + self.span


def pipe_table(rows: Sequence[Sequence[Cell]], head_rows: int = 0) -> str:
    """The rows as Markdown, caption lines above; "" where fewer than two columns or two rows hold anything.

    `head_rows` is the number of leading rows marked up as the head; the others that read as one are added to them.
    """
    filled = [joined([cell for cell in row if cell.text]) for row in rows]
    kept = [(index, row) for index, row in enumerate(filled) if row]
    head_rows = sum(index < head_rows for index, _ in kept)
    filled = [row for _, row in kept]
    starts = _column_starts(filled)
    if len(starts) < 2 or len(filled) < 2:
        return ""
    width = len(starts)
    captions: list[str] = []
    while len(filled) > 2 and len(filled[0]) == 1 and filled[0][0].span > 1 and _covers(filled[0][0], starts) == width:
        captions.append(filled.pop(0)[0].text)
        head_rows = max(0, head_rows - 1)
    heads = max(head_rows, _leading_heads(filled, starts))
    heads = min(heads, len(filled) - 1, MAX_HEADER_ROWS)
    head = _merged([_laid(row, starts, spread=True) for row in filled[:heads]], width)
    body = [_laid(row, starts, spread=False) for row in filled[heads:]]
    lines = [_line(head), "|" + " --- |" * width, *map(_line, body)]
    return "\n\n".join([*captions, "\n".join(lines)])


def continued(table: str, more: str) -> str:
    """The rows of `more` to put under `table`: those of a table of the same width without a head; else ""."""
    head, _, body = more.partition("\n")
    width = head.count("|")
    if head.strip("| ") or "\n\n" in more or table.rpartition("\n")[2].count("|") != width:
        return ""
    return "\n" + body.partition("\n")[2]


def grid_rows(rows: Iterable[Sequence[str | None]]) -> list[list[Cell]]:
    """Rows of plain texts, a column each, as cells."""
    return [[Cell(" ".join((text or "").split()), column) for column, text in enumerate(row)] for row in rows]


def joined(row: Sequence[Cell]) -> list[Cell]:
    """`row` with currency signs, parentheses and percent signs put to the number that they belong to."""
    cells: list[Cell] = []
    for cell in row:
        last = cells[-1] if cells else None
        if last and (_is_before(last.text) and not _is_after(cell.text)):
            gap = "" if last.text[-1] in "($€£¥₹₩" else " "
            cells[-1] = Cell(last.text + gap + cell.text, last.column, cell.end - last.column, cell.heads)
        elif last and cell.column == last.end and _is_after(cell.text) and VALUED.search(last.text):
            cells[-1] = Cell(last.text + cell.text, last.column, cell.end - last.column, last.heads)
        else:
            cells.append(cell)
    return cells


def _is_before(text: str) -> bool:
    return BEFORE.fullmatch(text) is not None


def _is_after(text: str) -> bool:
    return AFTER.fullmatch(text) is not None


def _column_starts(rows: Sequence[Sequence[Cell]]) -> list[int]:
    """The first grid column of each column that the reader of the table sees.

    Grid columns that one cell covers are one column, unless some row holds two cells in them.
    """
    width = max((cell.end for row in rows for cell in row), default=0)
    first_of = list(range(width))  # grid column -> the first of its column
    begun: list[set[int]] = [set() for _ in range(width)]  # grid column -> the rows that have a cell beginning there
    for index, row in enumerate(rows):
        for cell in row:
            begun[cell.column].add(index)
    spans = {(cell.column, cell.end) for row in rows for cell in row if cell.span > 1}
    for start, end in sorted(spans, key=lambda span: (span[1] - span[0], span)):
        columns = sorted({first_of[column] for column in range(start, end)})
        if sum(len(begun[column]) for column in columns) == len(set().union(*(begun[column] for column in columns))):
            into = columns[0]
            for column in columns[1:]:
                begun[into] |= begun[column]
            first_of = [into if first in columns else first for first in first_of]
    return sorted({first_of[cell.column] for row in rows for cell in row})


def _covers(cell: Cell, starts: Sequence[int]) -> int:
    first = _at(cell, starts)
    return sum(start < cell.end for start in starts[first:])


def _at(cell: Cell, starts: Sequence[int]) -> int:
    return max(index for index, start in enumerate(starts) if start <= cell.column or index == 0)


def _laid(row: Sequence[Cell], starts: Sequence[int], spread: bool) -> list[str]:
    """The texts of a row by column; a heading that stands over several columns is said over each of them."""
    texts = [""] * len(starts)
    for cell in row:
        first = _at(cell, starts)
        last = first + (max(1, _covers(cell, starts)) if spread and first > 0 else 1)
        for column in range(first, last):
            texts[column] = f"{texts[column]} {cell.text}".strip()
    return texts


def _leading_heads(rows: Sequence[Sequence[Cell]], starts: Sequence[int]) -> int:
    """How many rows at the top read as headings: nothing in the first column, or nothing that is a value."""
    count = 0
    for row in rows[:MAX_HEADER_ROWS]:
        others = [cell for cell in row if _at(cell, starts) > 0]
        values = [cell for cell in others if VALUE.fullmatch(cell.text) and not YEAR.fullmatch(cell.text)]
        labelled = len(others) < len(row)
        if values or not others or (labelled and count > 0):
            break
        count += 1
        if labelled:
            break
    return count


def _merged(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """One heading a column: its rows from the top, what repeats said once."""
    return [" ".join(dict.fromkeys(row[column] for row in rows if row[column])) for column in range(width)]


def _line(texts: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"
