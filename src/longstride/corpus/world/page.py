"""A page under writing: text in which every value that states a fact is remembered with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from longstride.records import Document


@dataclass(frozen=True)
class Fact:
    """A gold triple: `document.text[start:end]` is how the document writes `object`, of which this is the plain form.

    An entity's plain form is its full name, a number's its digits in base units, a day's is ISO 8601.
    """

    subject: str
    relation: str
    object: str
    document_id: str
    start: int
    end: int


@dataclass(frozen=True)
class Stated:
    """A value to be written: the fact that it states, and the text that states it."""

    subject: str
    relation: str
    object: str
    text: str


Piece = str | Stated | Sequence["Piece"]
Terms = Mapping[str, Piece]


def stated(subject: str, relation: str, value: object, text: str | None = None) -> Stated:
    return Stated(subject, relation, str(value), str(value) if text is None else text)


def enumerated(pieces: Sequence[Piece]) -> Piece:
    """`a, b and c` of pieces that keep their facts."""
    joined: list[Piece] = []
    for index, piece in enumerate(pieces):
        if index:
            joined.append(" and " if index == len(pieces) - 1 else ", ")
        joined.append(piece)
    return joined


class Page:
    """Text and the facts in it, built from templates such as `{company} was founded in {founded}.`"""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._facts: list[tuple[Stated, int, int]] = []

    def add(self, piece: Piece) -> None:
        """Write one piece as it stands."""
        if isinstance(piece, str):
            self._parts.append(piece)
            self._length += len(piece)
        elif isinstance(piece, Stated):
            self._facts.append((piece, self._length, self._length + len(piece.text)))
            self.add(piece.text)
        else:
            for each in piece:
                self.add(each)

    def write(self, template: str, terms: Terms | None = None, end: str = "\n") -> None:
        """Write a template whose `{names}` are looked up in `terms`."""
        for literal, name, _, _ in Formatter().parse(template):
            self.add(literal)
            if name is not None:
                self.add((terms or {})[name])
        self.add(end)

    def item(self, label: str, *value: Piece) -> None:
        """A line of a labelled list."""
        self.add((f"- {label}: ", value, "\n"))

    def table(self, header: Sequence[Piece], rows: Sequence[Sequence[Piece]]) -> None:
        """A Markdown pipe table; the first column is set left, the others right."""
        self._row(header)
        self.add("| --- |" + " ---: |" * (len(header) - 1) + "\n")
        for row in rows:
            self._row(row)

    def _row(self, cells: Sequence[Piece]) -> None:
        self.add("|")
        for cell in cells:
            self.add((" ", cell, " |"))
        self.add("\n")

    def csv(self, header: Sequence[str], rows: Sequence[Sequence[Piece]]) -> None:
        """Comma-separated lines; no cell of ours holds a comma, a quotation mark or a line break."""
        for row in (header, *rows):
            for index, cell in enumerate(row):
                self.add(("," if index else "", cell))
            self.add("\n")

    def finish(self, document_id: str, title: str, family: str, source: str) -> tuple[Document, tuple[Fact, ...]]:
        """The document, and the facts that it states, in the order of the text."""
        text = "".join(self._parts).rstrip("\n") + "\n"
        facts = tuple(
            Fact(each.subject, each.relation, each.object, document_id, start, end) for each, start, end in self._facts
        )
        return Document(document_id, title, family, source, text), facts
