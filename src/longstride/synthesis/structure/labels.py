"""Labelled values on one line: `- land: 10 km`, `**Founded:** 1998`, `Label: value`, nested labels."""

from __future__ import annotations

import re
from dataclasses import dataclass

from longstride.synthesis.structure.lines import Line

LONGEST_LABEL = 100  # characters
MOST_LABEL_WORDS = 12
MOST_PLAIN_LABEL_WORDS = 6  # without a bullet or bold letters to mark it

_BULLET = re.compile(r"(?:[-*+•‣◦–]|\d{1,3}[.)])[ \t]+(?=\S)")
_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,100}?)(:?)\1(:?)[ \t]*")
_SENTENCE = re.compile(r"[.!?;][ \t]|[\"“”|<>=]")


@dataclass(frozen=True)
class Labelled:
    """A label and its value; `start` is the value's offset in the document."""

    label: str
    value: str
    start: int
    line: Line
    marked: bool  # by a bullet or bold letters; without them it counts only among its like


def labelled(line: Line) -> Labelled | None:
    """The label and the value of a line, or None where it is no labelled line."""
    text, position, marked = line.text, 0, False
    if bullet := _BULLET.match(text):
        position, marked = bullet.end(), True
    bold = _BOLD.match(text, position)
    if bold and (bold[3] or bold[4]):
        label, position, marked = bold[2].strip(), bold.end(), True
    else:
        colon = text.find(": ", position, position + LONGEST_LABEL + 2)
        if colon < 0:
            return None
        label, position = text[position:colon].strip().strip("*_`").strip(), colon + 2
    if not _is_label(label, MOST_LABEL_WORDS if marked else MOST_PLAIN_LABEL_WORDS):
        return None
    if not marked and not (label[0].isupper() or label[0].isdigit()):
        return None
    label, position = _nested(label, text, position)
    value = text[position:].strip()
    if not value:
        return None
    return Labelled(label, value, line.end - len(value), line, marked)


def _is_label(label: str, most_words: int) -> bool:
    if not label or not (label[0].isalnum() or label[0] in "(["):
        return False
    words = label.split()
    if len(words) > most_words or len(label) > LONGEST_LABEL or _SENTENCE.search(label):
        return False
    return "://" not in label and not label.endswith((",", "http", "https"))


def _nested(label: str, text: str, position: int) -> tuple[str, int]:
    """Takes repeated labels off the value: `area: land: land: 3` is `area: land`, `note: note: x` is `note`."""
    last = label
    for _ in range(4):
        colon = text.find(": ", position, position + LONGEST_LABEL)
        if colon < 0:
            break
        part = text[position:colon].strip()
        if part == last:
            position = colon + 2
        elif part and text.startswith(part + ": ", colon + 2) and _is_label(part, MOST_LABEL_WORDS):
            label, last = f"{label}: {part}", part
            position = colon + 2
        else:
            break
    return label, position
