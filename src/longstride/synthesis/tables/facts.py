"""Facts: the typed cells of one document, each with its quotation (paper 3.2, schema extraction)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from longstride.records import Document
from longstride.synthesis.structure import Attribute, read_structure
from longstride.synthesis.structure.reading import PATH_SEPARATOR
from longstride.synthesis.tables.captions import cleaned, topic_of
from longstride.synthesis.tables.grid_facts import Quote, grid_cells
from longstride.synthesis.tables.values import Value, read_date, read_parts, read_value
from longstride.synthesis.tables.wording import MODIFIERS

MOST_FACTS = 20_000  # of one document

_LABEL_YEAR = re.compile(
    r"(?P<label>.{2,}?)[\s,]+\(?(?P<year>(?:19|20)\d\d)\)?|(?P<first>(?:19|20)\d\d) (?P<rest>.{2,})"
)
_REST = {"other", "others", "unspecified", "none", "unknown", "no answer"}
_NO_MEASURE = re.compile(
    r"\b(?:notes?|tel(?:ephone)?s?|fax|phone|address|e-?mail|website|url|isbn|id|code|prefix|coordinates?|version|page"
    r"|zip|figure)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fact:
    """One typed cell.

    An attribute belongs to the document's subject; its `section` is the heading that its label needs in order to be
    understood. A table's cell belongs to an `item` (its row) of a `topic` (the table) as well.
    """

    subject: str
    topic: str
    item: str
    section: str
    label: str  # of the attribute, or of the table's column where that is no period
    period: str  # "2023", "three months ended June 29, 2024"; "" where the label names none
    value: Value | date
    quotes: tuple[Quote, ...]
    part: bool = False  # `label` is one of several names within the value of the label `section`


def document_facts(document: Document) -> tuple[Fact, ...]:
    """Every labelled number and date of a document that is plain enough to compute with."""
    structure = read_structure(document)
    facts: list[Fact] = []
    mixed = {attribute.section for attribute in structure.attributes if attribute.label[0].islower()}
    for attribute in structure.attributes:
        facts.extend(_attribute_facts(attribute, attribute.section in mixed))
    topics = [topic_of(table) for table in structure.tables]
    for table, topic in zip(structure.tables, topics, strict=True):
        if table.section and topic.casefold() == cleaned(table.section[-1]).casefold() and topics.count(topic) > 1:
            continue  # several tables below one heading, and nothing that tells them apart
        for cell in grid_cells(table, topic, whole=PATH_SEPARATOR not in document.title):
            if _NO_MEASURE.search(cell.label):
                continue
            facts.append(
                Fact(table.subject, cell.topic, cell.item, "", cell.label, cell.period, cell.value, cell.quotes)
            )
    return tuple(facts[:MOST_FACTS])


def _attribute_facts(attribute: Attribute, mixed: bool) -> Iterator[Fact]:
    label, period = attribute.label, ""
    if match := _LABEL_YEAR.fullmatch(label):
        label, period = (match["label"] or match["rest"]).rstrip(" -–:"), match["year"] or match["first"]
    heading = attribute.section[-1] if attribute.section else ""
    if label.casefold() == heading.casefold():
        label = heading
    if _NO_MEASURE.search(label) or not any(letter.isdigit() for letter in attribute.value):
        return
    bare = attribute.line == attribute.value
    section = "" if bare or stands_alone(label, heading, mixed) else heading
    value = read_value(attribute.value) or read_date(attribute.value)
    line = Quote(attribute.line_start, attribute.line_end, attribute.line)
    if value is not None:
        if isinstance(value, date) or (_is_plain(value, attribute.value) and _agrees(value.year, period)):
            yield Fact(attribute.subject, "", "", section, label, period, value, (line,))
        return
    for name, part, _, _ in read_parts(attribute.value):
        if not part.approximate and name.casefold() not in _REST:
            whole = f"{section}: {label}" if section else label
            yield Fact(attribute.subject, "", "", whole, name, period, part, (line,), part=True)


def _agrees(year: str | None, period: str) -> bool:
    return not period or year is None or year == period


def _is_plain(value: Value, text: str) -> bool:
    """Whether a number is exact enough to compute with, and not a year that looks like a count."""
    year_like = not value.unit and re.match(r"(?:1[5-9]|20)\d\d(?![\d,.])", text) is not None
    return not value.approximate and not year_like


def stands_alone(label: str, heading: str, mixed: bool) -> bool:
    """True where a label is understood without its heading: `Birth rate` is, `male` and `Total` are not.

    In a list of labels mostly in lower case (`mixed`) a capital says that the label is a title of its own.
    """
    if not heading or label.casefold() == heading.casefold():
        return True
    words = [word.casefold() for word in label.split()]
    if not label[0].isupper():
        return False
    return not all(word in MODIFIERS for word in words) if mixed else words[0] not in MODIFIERS
