"""Sheets of examples: documents that a question brings to its context, and how they are read back from their text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from longstride.records import Document

Pair = tuple[str, str]  # what is given, what results

ARROW = " -> "
RENAMING = "new names of labels"
HEAD = re.compile(rf"Register (?P<register>[A-Z][a-z]{{2,30}}), (?P<part>sheet [1-9] of [1-9]|{RENAMING})\n")
LONGEST_GIVEN, LONGEST_RESULT = 600, 60  # characters


@dataclass(frozen=True)
class Entry:
    """One line of a sheet; `start:end` spans it."""

    given: str
    result: str
    start: int
    end: int


@dataclass(frozen=True)
class Sheet:
    """What stands on a sheet. `part` is "sheet 2 of 3" or RENAMING."""

    register: str
    part: str
    entries: tuple[Entry, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return tuple((entry.given, entry.result) for entry in self.entries)


def sheet_part(number: int, count: int) -> str:
    """The `part` of sheet `number` (from 1) of `count`."""
    return f"sheet {number} of {count}"


def sheet_document(register: str, part: str, pairs: Sequence[Pair]) -> Document:
    """A sheet as a document; its id follows from its text."""
    title = f"Register {register}, {part}"
    text = "\n".join([title, "", *(f"- {given}{ARROW}{result}" for given, result in pairs)]) + "\n"
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Document(f"in-context-{name}", title, "professional", f"registers/{register.lower()}", text)


def read_sheet(text: str) -> Sheet | None:
    """The sheet that a text is, with offsets; None for any other text."""
    head = HEAD.match(text)
    if head is None:
        return None
    entries: list[Entry] = []
    start = head.end()
    for line in text[start:].split("\n"):
        given, arrow, result = line[2:].rpartition(ARROW)
        fits = 0 < len(given) <= LONGEST_GIVEN and 0 < len(result) <= LONGEST_RESULT
        if line.startswith("- ") and arrow and fits:
            entries.append(Entry(given, result, start, start + len(line)))
        start += len(line) + 1
    return Sheet(head["register"], head["part"], tuple(entries)) if entries else None
