"""Sentences of running text, with their offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PARAGRAPH_END = re.compile(r"\n[ \t\r]*\n|\Z")
SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]{0,3}(?=\s|\Z)")
ABBREVIATIONS = frozenset(
    (
        "Mr",
        "Mrs",
        "Ms",
        "Dr",
        "St",
        "No",
        "Vol",
        "Chap",
        "Co",
        "Inc",
        "Ltd",
        "Corp",
        "vs",
        "etc",
        "ie",
        "eg",
        "ca",
        "cf",
    )
)
OPENING = "\"'“‘("
NO_PROSE = ("|", "#", "- ", "* ", "<", "```", "    ")  # a line that begins so
LONGEST = 1_000  # characters of a sentence


@dataclass(frozen=True)
class Sentence:
    """`text[start:end]` says it; `flat` is the same on one line, with single spaces."""

    start: int
    end: int
    flat: str


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text's prose, in order: from a capital letter to the sign that ends it.

    Headings, rows of tables and the first sentence behind a label are none. A sentence with control characters, marks
    of direction or tags is left out.
    """
    start = 0
    for match in PARAGRAPH_END.finditer(text):
        yield from _of_paragraph(text, start, match.start())
        start = match.end()


def _of_paragraph(text: str, start: int, end: int) -> Iterator[Sentence]:
    if text.startswith(("    ", "```"), start):
        return
    first = start
    for line in text[start:end].split("\n"):
        if line.startswith(NO_PROSE):  # a line of its own; what stands before it ends there
            yield from _between(text, start, first)
            yield from _between(text, first, first + len(line))
            start = first + len(line) + 1
        first += len(line) + 1
    yield from _between(text, start, end)


def _between(text: str, start: int, end: int) -> Iterator[Sentence]:
    while start < end:
        found = next((each for each in SENTENCE_END.finditer(text, start, end) if not _abbreviates(text, each)), None)
        if found is None:
            return
        stop = found.end()
        while start < stop and text[start].isspace():
            start += 1
        if stop - start <= LONGEST:
            flat = " ".join(text[start:stop].split())
            if flat.lstrip(OPENING)[:1].isupper() and flat.isprintable() and "<" not in flat and "|" not in flat:
                yield Sentence(start, stop, flat)
        start = stop


def _abbreviates(text: str, found: re.Match[str]) -> bool:
    """True for the full stop of "Mr." and "J."."""
    if found[0] != ".":
        return False
    word = re.search(r"[A-Za-z]+\Z", text[max(0, found.start() - 8) : found.start()])
    return word is not None and (word[0] in ABBREVIATIONS or (len(word[0]) == 1 and word[0] != "I"))
