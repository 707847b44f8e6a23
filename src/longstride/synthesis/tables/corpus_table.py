"""One table out of many documents (paper 3.2, data table aggregation).

Facts are seen in two ways. Over the whole corpus, rows are the documents' subjects and columns are their attributes and
table rows: land areas of countries, revenues of companies. Within one subject, rows are the items of its tables and
columns are periods and measures: the lines of a filing. A cell is kept with its document and its quotations.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from longstride.synthesis.candidates import Source
from longstride.synthesis.tables.facts import Fact
from longstride.synthesis.tables.values import Value, unit_key

CORPUS = ""  # the name of the table whose rows are the subjects of documents
DATE_UNIT = "date"


class Row(NamedTuple):
    """A row's identity: within one subject the topic of its table tells equal items apart."""

    topic: str
    entity: str


class Column(NamedTuple):
    """A column's identity, every part in its normal form."""

    section: str
    label: str
    unit: str
    period: str


@dataclass(frozen=True)
class Entry:
    """A cell of the corpus table."""

    fact: Fact
    document_id: str
    parent_id: str
    tokens: int

    @property
    def value(self) -> Value | date:
        return self.fact.value


@dataclass(frozen=True)
class Heading:
    """How a column is written."""

    section: str
    label: str
    unit: str
    period: str
    part: bool = False  # the label is a name within a list: "Libya" under "border countries"


@dataclass
class CorpusTable:
    """Cells by column and row, with the names as they are written."""

    name: str  # CORPUS, or the subject whose tables these are
    cells: dict[Column, dict[Row, Entry]] = field(default_factory=dict[Column, dict[Row, Entry]])
    headings: dict[Column, Heading] = field(default_factory=dict[Column, Heading])
    names: dict[Row, str] = field(default_factory=dict[Row, str])
    topics: dict[str, str] = field(default_factory=dict[str, str])
    conflicts: Counter[Column] = field(default_factory=Counter[Column])  # cells that documents give differently
    _dropped: set[tuple[Column, Row]] = field(default_factory=set[tuple[Column, Row]])

    def add(self, topic: str, entity: str, heading: Heading, entry: Entry) -> None:
        """Adds a cell. One that is there with another value is dropped, and stays dropped."""
        row = Row(normal(topic), normal(entity))
        column = Column(normal(heading.section), normal(heading.label), unit_key(heading.unit), normal(heading.period))
        if (column, row) in self._dropped:
            return
        cells = self.cells.setdefault(column, {})
        known = cells.get(row)
        if known is not None and _plain(known.value) != _plain(entry.value):
            del cells[row]
            self._dropped.add((column, row))
            self.conflicts[column] += 1
            return
        if known is None:
            cells[row] = entry
            self.headings.setdefault(column, heading)
            self.names.setdefault(row, entity)
            self.topics.setdefault(row.topic, topic)


def corpus_tables(sources: Iterable[Source]) -> dict[str, CorpusTable]:
    """The corpus table of all subjects under CORPUS, and one for each subject that has tables under its name."""
    tables = {CORPUS: CorpusTable(CORPUS)}
    for source in sources:
        for fact in source.facts or ():
            entry = Entry(fact, source.document_id, source.parent_id, source.tokens)
            unit = DATE_UNIT if isinstance(fact.value, date) else fact.value.unit
            if not fact.topic:
                heading = Heading(fact.section, fact.label, unit, fact.period, fact.part)
                tables[CORPUS].add("", fact.subject, heading, entry)
                continue
            label = f"{fact.item}: {fact.label}" if fact.label else fact.item
            if fact.topic != fact.subject:
                tables[CORPUS].add("", fact.subject, Heading(fact.topic, label, unit, fact.period), entry)
            own = tables.setdefault(normal(fact.subject), CorpusTable(fact.subject))
            own.add(fact.topic, fact.item, Heading("", fact.label, unit, fact.period), entry)
    return tables


@lru_cache(maxsize=100_000)
def normal(text: str) -> str:
    """The form in which names and labels are compared: one case, plain apostrophes, single spaces."""
    text = " ".join(text.replace("’", "'").casefold().split())
    return re.sub(r"^(?:condensed )?consolidated ", "", text)


def column_name(column: Column, unit: str, scale: int, taken: Iterable[str]) -> str:
    """A column's name in SQL, such as `land_area_sq_km`: lower case, unlike those taken."""
    parts = [column.label if column.section in column.label else f"{column.section} {column.label}", column.period]
    spoken = {"$": "usd", "€": "eur", "£": "gbp", "%": "percent"}
    unit_words = " ".join(spoken.get(word, word) for word in unit.replace("%", "% ").split())
    magnitude = {3: "thousand", 6: "million", 9: "billion", 12: "trillion"}.get(scale, "")
    name = re.sub(r"[^a-z0-9]+", "_", " ".join([*parts, magnitude, unit_words]).lower()).strip("_")
    name = re.sub(r"^(\d)", r"n\1", name)[:60].strip("_") or "value"
    taken = set(taken)
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def common_scale(values: Sequence[Value]) -> int:
    """The magnitude that most of these numbers were written in; the smaller one of a tie."""
    counts = Counter(value.scale for value in values)
    return min(counts, key=lambda scale: (-counts[scale], scale))


def scaled(value: Value, scale: int) -> Decimal:
    """The number in units of 10^scale, exactly."""
    return value.number.scaleb(-scale)


def _plain(value: Value | date) -> Decimal | date:
    return value.number if isinstance(value, Value) else value
