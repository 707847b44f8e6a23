"""What structure reading finds. All offsets are characters of the document's text: `text[start:end]` is the part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    """A labelled value, such as `- land: 2,381,740 sq km` under `### Area` of a document about Algeria."""

    subject: str  # the main entity of the document
    section: tuple[str, ...]  # the headings above it, outermost first, without the subject
    label: str  # "a: b" where labels are nested; the heading itself where a bare value stands under it
    value: str  # whole, as written
    start: int  # of the value
    end: int
    line: str  # the whole line, without indentation: what to quote as evidence
    line_start: int
    line_end: int


@dataclass(frozen=True)
class Cell:
    """One cell of a table, without the white space around it; `start == end` where it is empty."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Table:
    """A grid: header rows, then the others, each row with the cells that it has (rows may differ in length)."""

    subject: str
    section: tuple[str, ...]
    caption: tuple[str, ...]  # the lines of text above it, up to three, nearest last, without HTML tags
    header: tuple[tuple[Cell, ...], ...]
    rows: tuple[tuple[Cell, ...], ...]  # a row of empty cells parts groups and is kept
    start: int
    end: int


@dataclass(frozen=True)
class Heading:
    """A heading with all that stand above it."""

    path: tuple[str, ...]  # outermost first, itself last
    level: int  # 1 to 6, as written
    start: int  # of its line
    end: int


@dataclass(frozen=True)
class Link:
    """A link `[text](target)` or `[[target|text]]`; `start:end` spans the whole of it."""

    text: str
    target: str
    start: int
    end: int


@dataclass(frozen=True)
class Structure:
    """The structure of one document, each part in the order of the text."""

    subject: str
    headings: tuple[Heading, ...]
    attributes: tuple[Attribute, ...]
    tables: tuple[Table, ...]
    links: tuple[Link, ...]
