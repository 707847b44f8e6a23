"""The cells of a grid under their headers: which item, which measure, which period, in which unit and scale.

Filings put "$" and "%" in columns of their own, leave columns empty and set their headers elsewhere than their values.
Where headers and values do not stand in the same columns they are matched in order, and only rows with exactly as many
values as there are headers are read. What stays ambiguous is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from longstride.synthesis.structure import Cell, Table
from longstride.synthesis.tables.captions import (
    Stated,
    cleaned,
    header_scale,
    is_group,
    stated_scale,
    without_parentheses,
)
from longstride.synthesis.tables.values import Value, is_missing, read_value

LONGEST_ITEM = 80  # characters
MOST_ROWS = 2000

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_PERIOD = re.compile(
    r"(?:(?:the )?(?:(?:three|six|nine|twelve|\d{1,2}) (?:months|weeks)|(?:fiscal )?years?|quarter) ended |as of )?"
    r"(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}, )?"
    r"(?:\bQ[1-4] |\bFY\s?)?\b(?:19|20)\d\d\b",
    re.IGNORECASE,
)
_LONE_YEAR = re.compile(r"(?:19|20)\d\d")
_SHARES = re.compile(r"\bshares?\b(?!-)|\brsus?\b|\bper\b", re.IGNORECASE)
_PER_SHARE = re.compile(r"\bper[ -]share\b", re.IGNORECASE)
_COUNTED = re.compile(
    r"\b(?:employees?|headcount|number of|units?|stores?|customers?|staff|ratio|subscribers?)\b", re.IGNORECASE
)
_GENERIC = {"other", "total", "subtotal", "basic", "diluted", "note", "notes", "amount", "value"}
_PERIOD_WORDS = {
    "three",
    "six",
    "nine",
    "twelve",
    "months",
    "month",
    "year",
    "years",
    "ended",
    "quarter",
    "weeks",
    "as",
}
_SIGNS = ("US$", "$", "€", "£", "¥", "₹")


class Quote(NamedTuple):
    """A quotation from the document: `text == document.text[start:end]`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class GridCell:
    """One number of a table with all that names it."""

    topic: str
    item: str
    label: str  # the column's measure; "" where its header is only a period
    period: str
    value: Value
    quotes: tuple[Quote, ...]  # the row's label and the number


@dataclass(frozen=True)
class _Column:
    label: str
    period: str
    scale: int | None = None  # that its own header states


class _Amount(NamedTuple):
    cell: Cell
    place: int  # the grid's column
    currency: str
    suffix: str


class _Row(NamedTuple):
    label: Cell
    item: str  # "" where it has no name of its own
    amounts: list[_Amount]


def grid_cells(table: Table, topic: str, whole: bool) -> Iterator[GridCell]:
    """Every number of a table whose row and column can be named without doubt.

    `whole` says that all of its source stands in the document. In a part of one the scale of money may have been told
    further up, so that amounts of which none is told are left out.
    """
    stated = stated_scale(table)
    if not topic or stated is None or not table.header:
        return
    stated = replace(stated, doubtful=not whole and not stated.scale)
    if (years := _year_column(table)) is not None:
        yield from _cells_by_year(table, years, topic, stated)
        return
    rows = _rows(table)
    columns, places = _columns(table, [row.amounts for row in rows])
    currencies = _currencies([row.amounts for row in rows], len(columns), places)
    for row in rows:
        for index, amount in _placed(row.amounts, len(columns), places) if row.item else ():
            column = columns[index]
            if columns.count(column) > 1:  # "Change" beside each year
                continue
            value = _value(amount, row.item, column, stated, currencies.get(index, ""))
            if value is not None:
                yield GridCell(topic, row.item, column.label, column.period, value, _quotes(row.label, amount.cell))


def _value(amount: _Amount, item: str, column: _Column, stated: Stated, currency: str) -> Value | None:
    """The number with its unit and scale, or None where the caption leaves them in doubt."""
    named = f"{item} {column.label}"
    per_share = _PER_SHARE.search(named) is not None
    scale = stated.scale if column.scale is None else column.scale
    own = amount.currency or next((sign for sign in _SIGNS if amount.cell.text.startswith(sign)), "")
    unit = currency or own or stated.money
    if _SHARES.search(named):
        unit = own
        if per_share:
            if not own:
                return None
            unit, scale = own, 0
        elif column.scale is None and (stated.scale or stated.rescales):
            return None
    elif _COUNTED.search(named):
        unit = own
        if column.scale is None and stated.scale:
            if stated.rescales or not (stated.money or stated.excepts):
                return None
            scale = 0
    value = read_value(amount.cell.text, scale=scale, currency=unit, suffix=amount.suffix)
    if value is None or value.approximate:
        return None
    amount_of_money = bool(unit) and not value.unit.startswith("%") and not per_share
    if amount_of_money and stated.doubtful and not scale and not value.scale:
        return None
    return replace(value, year=None, unit=f"{unit} per share" if per_share else value.unit)


def _quotes(*cells: Cell) -> tuple[Quote, ...]:
    return tuple(Quote(cell.start, cell.end, cell.text) for cell in cells if cell.text)


def _year_column(table: Table) -> int | None:
    """The column of the body that holds nothing but years, where there is one: one row a year, as in tidy data."""
    head = table.header[-1]
    rows = [row for row in table.rows[:MOST_ROWS] if any(cell.text for cell in row)]
    if len(rows) < 2 or any(len(row) != len(head) for row in rows) or not all(cell.text for cell in head):
        return None
    for place in range(len(head)):
        if all(_LONE_YEAR.fullmatch(row[place].text) for row in rows) and not _LONE_YEAR.search(head[place].text):
            return place
    return None


def _cells_by_year(table: Table, place: int, topic: str, stated: Stated) -> Iterator[GridCell]:
    """The cells of a table with a column of years: that is each row's period.

    Where the years themselves are the first column, the other columns are the items.
    """
    head = table.header[-1]
    rows = [row for row in table.rows[:MOST_ROWS] if any(cell.text for cell in row)]
    seen = Counter((cleaned(row[0].text).casefold(), row[place].text) for row in rows)
    for row in rows:
        name = cleaned(row[0].text)
        if seen[name.casefold(), row[place].text] > 1 or (place and not _is_item(name)):
            continue
        for index, cell in enumerate(row):
            label = without_parentheses(head[index].text.replace("_", " "))
            if index in (0, place) or not label:
                continue
            column = _Column(label, row[place].text, header_scale(head[index].text))
            item = name if place else label
            value = _value(_Amount(cell, index, "", ""), item, column, stated, "")
            if value is not None:
                quotes = _quotes(row[0], row[place], cell) if place else _quotes(row[0], cell)
                yield GridCell(topic, item, label if place else "", row[place].text, value, quotes)


def _rows(table: Table) -> list[_Row]:
    """The rows that say something, each named by its label, under its group's where that label stands twice."""
    rows = [row for row in table.rows[:MOST_ROWS] if row]
    labels = Counter(cleaned(row[0].text).casefold() for row in rows if row[0].text and not is_group(row))
    groups = sum(is_group(row) for row in rows)
    found: list[_Row] = []
    group = ""
    for row in rows:
        if not any(cell.text for cell in row):
            group = ""
            continue
        label = cleaned(row[0].text).rstrip(":")
        if is_group(row):
            group = label
            continue
        folded = label.casefold()
        name = label
        if labels[folded] > 1 or folded in _GENERIC:
            if group and groups > 1:
                name = f"{group}: {label}"
            elif labels[folded] > 1 or folded != "total":
                name = ""
        found.append(_Row(row[0], name if _is_item(name) else "", _amounts(row)))
        if folded.startswith("total"):
            group = ""
    counts = Counter(row.item for row in found)
    return [row if counts[row.item] == 1 else row._replace(item="") for row in found]


def _is_item(name: str) -> bool:
    return bool(name) and len(name) <= LONGEST_ITEM and any(map(str.isalpha, name))


def _amounts(row: Sequence[Cell]) -> list[_Amount]:
    """The values of a row behind its label, each with the currency and percent sign of the columns beside it."""
    amounts: list[_Amount] = []
    currency = ""
    for index, cell in enumerate(row):
        text = cell.text
        if index == 0 or not text:
            continue
        if text in _SIGNS:
            currency = text
        elif text in ("%", ")%", ")"):
            if amounts and text != ")":
                amounts[-1] = amounts[-1]._replace(suffix="%")
        else:
            amounts.append(_Amount(cell, index, currency, ""))
            currency = ""
    return amounts


def _columns(table: Table, rows: Sequence[Sequence[_Amount]]) -> tuple[list[_Column], Mapping[int, int] | None]:
    """The columns that the header names, and the grid column of each where values stand below their headers.

    None for the places means that headers and values are to be matched in order. No columns: ambiguous.
    """
    leaf = [(index, cell) for index, cell in enumerate(table.header[-1]) if cell.text and index > 0]
    places = {index: order for order, (index, _) in enumerate(leaf)}
    leaves = [cleaned(cell.text) for _, cell in leaf]
    parents = [""] * len(leaf)
    for row in table.header[:-1]:
        spread = _spread([cleaned(cell.text) for index, cell in enumerate(row) if cell.text and index > 0], leaves)
        if spread is None:
            return [], None
        parents = [f"{parent} {text}".strip() for parent, text in zip(parents, spread, strict=True)]
    columns = [_column(text, parent) for text, parent in zip(leaves, parents, strict=True)]
    aligned = all(amount.place in places for amounts in rows for amount in amounts)
    return columns, places if aligned else None


def _spread(above: Sequence[str], leaves: Sequence[str]) -> list[str] | None:
    """Which header of the row above stands over each leaf: one over all, or equal shares where the leaves repeat."""
    if len(above) <= 1:
        return [above[0] if above else ""] * len(leaves)
    if not leaves or len(leaves) % len(above):
        return None
    share = len(leaves) // len(above)
    blocks = [tuple(leaves[start : start + share]) for start in range(0, len(leaves), share)]
    if share > 1 and len(set(blocks)) > 1 and not all(_YEAR.search(text) for text in leaves):
        return None
    return [above[order // share] for order in range(len(leaves))]


def _column(leaf: str, parent: str) -> _Column:
    scale = header_scale(leaf)
    if scale is None:
        scale = header_scale(parent)
    leaf, parent = without_parentheses(leaf.replace("_", " ")), without_parentheses(parent)
    text = f"{parent} {leaf}".strip()
    found = list(_PERIOD.finditer(text))
    if len(found) != 1:
        return _Column(text, "", scale)
    period = " ".join(word.lower() if word.lower() in _PERIOD_WORDS else word for word in found[0][0].split())
    label = f"{text[: found[0].start()]} {text[found[0].end() :]}"
    return _Column(" ".join(label.split()), period.removeprefix("as of ").replace("years ended", "year ended"), scale)


def _placed(
    amounts: Sequence[_Amount], count: int, places: Mapping[int, int] | None, with_missing: bool = False
) -> Iterator[tuple[int, _Amount]]:
    """The values of a row with the number of their column; none where that is not certain."""
    if places is None and len(amounts) != count:
        return
    for order, amount in enumerate(amounts):
        if with_missing or not is_missing(amount.cell.text):
            yield (order if places is None else places[amount.place]), amount


def _currencies(rows: Sequence[Sequence[_Amount]], count: int, places: Mapping[int, int] | None) -> dict[int, str]:
    """The currency of each column: filings write it in the first and last rows alone."""
    found: dict[int, set[str]] = {}
    for amounts in rows:
        for index, amount in _placed(amounts, count, places, with_missing=True):
            sign = amount.currency or next((sign for sign in _SIGNS if amount.cell.text.startswith(sign)), "")
            if sign:
                found.setdefault(index, set()).add(sign)
    return {index: next(iter(signs)) for index, signs in found.items() if len(signs) == 1}
