"""What one document gives to questions of reading: its text, its labelled values, its sentences."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from longstride.records import Document
from longstride.synthesis.structure import Attribute, Structure, read_structure
from longstride.synthesis.structure.prose import Sentence, sentences

WORD = re.compile(r"[^\W\d_]+")
BULLET = re.compile(r"^[ \t]*[-*•][ \t]+(?=\S)", re.MULTILINE)
LONGEST_LINE = 1_000  # characters; what stands on a longer one is not asked for by its label

Place = tuple[str, str, str]  # subject, nearest heading, label: in small letters


@dataclass(frozen=True, slots=True)
class Stated:
    """A labelled value as written; `text[start:end]` is its line."""

    subject: str
    section: str  # the nearest heading, or ""
    label: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """What `extract` gives."""

    text: str
    flat: str  # the text on one line, with single spaces
    plain: bool  # prose or lists, without tags, control characters and marks of direction
    stated: dict[Place, tuple[Stated, ...]]
    sentences: tuple[Sentence, ...]


def place(subject: str, section: str, label: str) -> Place:
    """Under what a labelled value is found."""
    return subject.casefold(), section.casefold(), label.casefold()


def reading_facts(document: Document) -> ReadingFacts | None:
    """The facts of one document; None where it is empty. Of code only the text is read."""
    flat = " ".join(document.text.split())
    if not flat:
        return None
    if document.family == "code":
        return ReadingFacts(document.text, flat, False, {}, ())
    plain = flat.isprintable() and "<" not in flat
    found: defaultdict[Place, list[Stated]] = defaultdict(list)
    for each in _stated(read_structure(document)):
        found[place(each.subject, each.section, each.label)].append(each)
    return ReadingFacts(
        document.text,
        flat,
        plain,
        {name: tuple(group) for name, group in found.items()},
        tuple(sentences(document.text)),
    )


def _stated(structure: Structure) -> list[Stated]:
    return [
        Stated(
            each.subject,
            each.section[-1] if each.section else "",
            each.label,
            each.value,
            each.line_start,
            each.line_end,
        )
        for each in structure.attributes
        if _is_shown_safely(each)
    ]


def _is_shown_safely(attribute: Attribute) -> bool:
    text = " ".join((attribute.subject, *attribute.section, attribute.line))
    return len(attribute.line) <= LONGEST_LINE and text.isprintable() and "<" not in text
