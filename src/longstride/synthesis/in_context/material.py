"""What a corpus document gives to sort: sentences that name something, and values of a telling form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from longstride.records import Document
from longstride.synthesis.in_context.sheets import ARROW, Sheet, read_sheet
from longstride.synthesis.structure import read_structure
from longstride.synthesis.structure.prose import sentences

NAME = re.compile(r"(?<![\w'’-])[A-Z][a-z]{3,20}(?![\w-])")
CAPITALISED = re.compile(r"(?<![\w'’-])[A-Z]\w*")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
PASSAGE_LENGTHS = (50, 200)  # characters; not in the paper
LONGEST_VALUE = 60  # characters
MOST_OF_A_DOCUMENT = 60  # passages, and values


@dataclass(frozen=True)
class Passage:
    """A sentence and the names in it; a word at its beginning is none."""

    text: str
    names: frozenset[str]


@dataclass(frozen=True)
class Shown:
    """A value with numbers, and its form: the value with every number as a #."""

    text: str
    form: str


@dataclass(frozen=True)
class Material:
    """What one document gives."""

    sheet: Sheet | None
    passages: tuple[Passage, ...]
    values: tuple[Shown, ...]


def read_material(document: Document) -> Material | None:
    """The sheet that a document is, or what it gives to sort; None where it gives nothing.

    Of text with control characters, marks of direction or tags nothing is taken.
    """
    if (sheet := read_sheet(document.text)) is not None:
        return Material(sheet, (), ())
    if document.family == "code":
        return None
    passages, values = tuple(_passages(document)), tuple(_values(document))
    return Material(None, passages[:MOST_OF_A_DOCUMENT], values[:MOST_OF_A_DOCUMENT]) if passages or values else None


def names_in(text: str) -> frozenset[str]:
    """The capitalised words of a sentence but the first."""
    return frozenset(match[0] for match in NAME.finditer(text) if match.start() > 1)


def capitalised(text: str) -> frozenset[str]:
    """Every word that begins with a capital letter, names or not."""
    return frozenset(CAPITALISED.findall(text))


def form_of(value: str) -> str:
    """ "2,020 sq km" -> "# sq km"."""
    return NUMBER.sub("#", value)


def _passages(document: Document) -> Iterator[Passage]:
    for sentence in sentences(document.text):
        fits = PASSAGE_LENGTHS[0] <= len(sentence.flat) <= PASSAGE_LENGTHS[1]
        if fits and ARROW.strip() not in sentence.flat and (names := names_in(sentence.flat)):
            yield Passage(sentence.flat, names)


def _values(document: Document) -> Iterator[Shown]:
    for attribute in read_structure(document).attributes:
        text = attribute.value
        if len(text) > LONGEST_VALUE or not text.isprintable() or "<" in text or ARROW.strip() in text:
            continue
        form = form_of(text)
        if "#" in form and any(letter.isalpha() or letter in "%$" for letter in form):
            yield Shown(text, form)
