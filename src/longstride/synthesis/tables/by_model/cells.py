"""Cells that models read in a text: each held against the text, then put to a vote (paper 3.2, schema extraction).

A model's cell counts only where its quotation stands in the document, its number stands in the quotation and is one
plain number, and its entity and period are in the document's words. What several independent readings say alike is
kept; the words for the attribute may differ between them, and are brought together later (`columns`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from longstride.synthesis.quoting import find_quote
from longstride.synthesis.tables.corpus_table import normal
from longstride.synthesis.tables.grid_facts import Quote
from longstride.synthesis.tables.values import MAGNITUDES, Value, read_value, unit_key
from longstride.synthesis.tables.wording import readable_name

MOST_CELLS = 200  # of one reply
LONGEST_QUOTE = 600  # characters
YEAR_LIKE = re.compile(r"(?:1[0-9]|20)\d\d")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?")
_MAGNITUDE = re.compile(r"\s?(thousand|million|billion|trillion|bn|mn|tn)\b", re.IGNORECASE)

NO_QUOTE = "the quote is not in the text"
NOT_IN_QUOTE = "the number is not in its quote"
NO_NUMBER = "no plain number"
YEAR = "looks like a year"
APPROXIMATE = "an approximate figure"
NO_NAME = "no readable name"
ENTITY_ELSEWHERE = "the entity is not in the text"
PERIOD_ELSEWHERE = "the period is not in the text"
UNIT_ELSEWHERE = "the unit is not in the text"
NO_MAJORITY = "no majority of the readings"

ShortText = Annotated[str, Field(max_length=120)]


class ReplyCell(BaseModel):
    """One cell as a model gives it: untrusted."""

    model_config = ConfigDict(extra="ignore")

    entity: ShortText
    kind: ShortText
    attribute: ShortText
    period: ShortText = ""
    value: ShortText
    magnitude: ShortText = ""
    unit: ShortText = ""
    quote: Annotated[str, Field(max_length=LONGEST_QUOTE)]


class CellsReply(BaseModel):
    """What the extractor answers for a passage."""

    cells: Annotated[list[ReplyCell], Field(max_length=MOST_CELLS)]


@dataclass(frozen=True)
class Wording:
    """The words of one reading for what is measured, in their normal form."""

    kind: str  # "town"
    attribute: str  # "population"


@dataclass(frozen=True)
class Cell:
    """A figure about a named thing, with its quotation and the words that its readings used for it."""

    entity: str
    period: str  # "" where the document names no time
    text: str  # the number as it stands in the document
    magnitude: str  # "million" where a heading says so
    unit: str
    quote: Quote  # offsets into the document
    wordings: tuple[Wording, ...]  # one for each reading that gave the cell; of a single reading one

    @cached_property
    def value(self) -> Value:
        value = cell_value(self.text, self.magnitude, self.unit)
        if value is None:
            raise ValueError(f"{self.text!r} in {self.unit!r} is no plain number")
        return value

    def to_json(self) -> dict[str, Any]:
        return {
            "entity": self.entity,
            "period": self.period,
            "text": self.text,
            "magnitude": self.magnitude,
            "unit": self.unit,
            "start": self.quote.start,
            "end": self.quote.end,
            "quote": self.quote.text,
            "wordings": [[each.kind, each.attribute] for each in self.wordings],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Cell:
        return cls(
            value["entity"],
            value["period"],
            value["text"],
            value["magnitude"],
            value["unit"],
            Quote(value["start"], value["end"], value["quote"]),
            tuple(Wording(kind, attribute) for kind, attribute in value["wordings"]),
        )


def majority(readings: int) -> int:
    """The least number of votes that is more than half of all readings, those that failed included."""
    return readings // 2 + 1


def checked_cell(reply: ReplyCell, title: str, passage: str, offset: int, text: str) -> Cell | str:
    """The cell of a reply, or the fixed phrase that says why it is dropped.

    `passage` is the part of the document's `text` that the model read, `offset` characters from its start.
    """
    place = find_quote(passage, reply.quote)
    if place is None:
        return NO_QUOTE
    start, end = place
    value = cell_value(reply.value, reply.magnitude, reply.unit)
    if value is None:
        return NO_NUMBER
    if not stands_in(reply.value, value, passage[start:end]):
        return NOT_IN_QUOTE
    if value.approximate:
        return APPROXIMATE
    if not value.unit and not value.scale and YEAR_LIKE.fullmatch(reply.value.strip()):
        return YEAR
    entity, kind, attribute = (_flat(each) for each in (reply.entity, reply.kind, reply.attribute))
    if not readable_name(entity) or not kind or not attribute:
        return NO_NAME
    whole = flat_text(f"{title}\n{text}")
    if f" {_words(entity)} " not in whole:
        return ENTITY_ELSEWHERE
    if not all(f" {word} " in whole for word in _words(reply.period).split()):
        return PERIOD_ELSEWHERE
    symbols = re.findall(r"[^\w\s/.()]", reply.unit)
    words = _words(f"{reply.unit} {reply.magnitude}").split()
    if not all(f" {word} " in whole or f" {word}s " in whole for word in words) or not all(
        symbol in text for symbol in symbols
    ):
        return UNIT_ELSEWHERE
    return Cell(
        entity,
        _flat(reply.period),
        reply.value.strip(),
        reply.magnitude.strip().lower(),
        _flat(reply.unit),
        Quote(offset + start, offset + end, passage[start:end]),
        (Wording(normal(kind), normal(attribute)),),
    )


@lru_cache(maxsize=100_000)
def cell_value(text: str, magnitude: str, unit: str) -> Value | None:
    """The number that a cell states; its unit is the text's own where the text has one. None for what is no number."""
    scale = MAGNITUDES.get(magnitude.strip().lower(), 0)
    if magnitude.strip() and not scale:
        return None
    value = read_value(text, scale=scale)
    if value is not None and not value.unit and unit.strip():
        currency = unit.strip() if not unit.strip()[0].isalnum() and not unit.strip().startswith(("%", "°")) else ""
        value = read_value(text if currency else f"{text} {unit.strip()}", scale=scale, currency=currency)
    return value


def stands_in(text: str, value: Value, quote: str) -> bool:
    """True where a quotation states the number: the same digits, sign, percent sign and magnitude word.

    "101" does not stand in "1,101", "2.6" not in "(2.6)", "12" not in "12%", "3" not in "3 million".
    """
    wanted = _NUMBER.search(text)
    if wanted is None:
        return False
    for found in _NUMBER.finditer(quote):
        before, after = quote[: found.start()], quote[found.end() :]
        if found[0] != wanted[0]:
            continue
        enclosed = re.search(r"\([$€£¥₹]?\s?\Z", before) is not None and after.startswith(")")
        negative = enclosed or re.search(r"(?:\A|[^\w)])[-−–][$€£¥₹]?\Z", before) is not None
        word = _MAGNITUDE.match(after)
        if (
            negative == (value.number < 0)
            and (after.lstrip(" ").startswith("%") <= value.unit.startswith("%"))
            and (word is None or MAGNITUDES[word[1].lower()] == value.scale)
        ):
            return True
    return False


def agreed(readings: Sequence[Iterable[Cell]], asked: int) -> tuple[list[Cell], int]:
    """The cells on which more than half of the `asked` readings agree, and how many others they gave.

    Cells agree in entity, period, number and unit. Where one attribute of such a cell has the majority by itself, it
    is kept alone; where each reading has one attribute, and these differ, the cell keeps them all.
    """
    votes: dict[tuple[object, ...], dict[int, dict[Wording, Cell]]] = {}
    for index, cells in enumerate(readings):
        for cell in cells:
            key = (normal(cell.entity), normal(cell.period), cell.value.number, unit_key(cell.value.unit))
            votes.setdefault(key, {}).setdefault(index, {}).setdefault(cell.wordings[0], cell)
    kept: list[Cell] = []
    dropped = 0
    for by_reading in votes.values():
        said: dict[Wording, list[Cell]] = {}
        for cells in by_reading.values():
            for wording, cell in cells.items():
                said.setdefault(wording, []).append(cell)
        alike = [cells for cells in said.values() if len(cells) >= majority(asked)]
        one_each = all(len(cells) == 1 for cells in by_reading.values())
        if not alike and one_each and len(by_reading) >= majority(asked):
            kept.append(_united([cell for cells in said.values() for cell in cells]))
            continue
        kept.extend(_united(cells) for cells in alike)
        dropped += len(said) - len(alike)
    return kept, dropped


def _united(cells: Sequence[Cell]) -> Cell:
    """The first cell, with the words of all."""
    first = cells[0]
    return Cell(
        first.entity,
        first.period,
        first.text,
        first.magnitude,
        first.unit,
        first.quote,
        tuple(wording for cell in cells for wording in cell.wordings),
    )


@lru_cache(maxsize=64)
def flat_text(text: str) -> str:
    """A text as words between single spaces, for looking up names."""
    return f" {_words(text)} "


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.replace("’", "'").casefold()))


def _flat(text: str) -> str:
    return " ".join(text.split())
