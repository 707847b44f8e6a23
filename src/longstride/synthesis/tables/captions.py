"""What stands around a grid: what the table is about, and in which scale and money its numbers are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from longstride.synthesis.structure import Cell, Table

MOST_TOPIC_WORDS = 12

_MARKS = re.compile(r"[®™©*†‡§]+| ?\((?:\d{1,2}|[a-z])\)(?= ?:?\Z)|\[\d{1,2}\]")
_PARENTHESES = re.compile(r" ?\([^()]{0,200}\)")
_POWERS = {"thousand": 3, "million": 6, "billion": 9}
_SCALE = re.compile(
    r"(?:\bin\s(?:[$€£]\s?)?|\A|\()(?P<scale>thousand|million|billion)s?\b"
    r"(?:\sof\s(?P<money>(?:us |u\.s\. )?[a-z]{3,20}))?",
    re.IGNORECASE,
)
_MONEY_BEFORE = re.compile(r"([$€£]|\b(?:u\.?s\.? )?dollars|\beuros?|\bpounds)\s+in\s", re.IGNORECASE)
_MONEY_SIGNS = {
    "dollars": "$", "dollar": "$", "us dollars": "$", "u.s. dollars": "$", "euros": "€", "euro": "€", "pounds": "£",
}  # fmt: skip
_TOPIC_OPENING = re.compile(
    r"(?:the |this )?(?:following )?tables?(?: below)? "
    r"(?:shows?|presents?|summari[sz]es?|sets? forth|lists?|provides?|details?|discloses?)\s+|(?:a|an|the)\s+",
    re.IGNORECASE,
)
_OWNER = re.compile(r"(?:the )?(?:company.s )?", re.IGNORECASE)
_TOPIC_END = re.compile(
    r" (?:for the |as of |at |during |by major |for (?:fiscal )?(?:19|20)\d\d|for (?:the )?(?:years?|three|six|nine)"
    r"|(?:is|was|were|are) as follows)"
    r"|,? (?:and|which) .{0,80}as follows|:?\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Stated:
    """The scale above a table: `(in thousands of crowns, except employees)`."""

    scale: int = 0  # a power of ten
    money: str = ""  # "crowns", "$"; "" where none is named
    excepts: bool = False  # some rows are in other units
    rescales: bool = False  # and in another scale, which is not told row by row
    doubtful: bool = False  # a scale may have been told where the document does not reach


def stated_scale(table: Table) -> Stated | None:
    """What the caption and the head of the first column say of all numbers; None where they contradict each other."""
    stub = table.header[-1][0].text if table.header and table.header[-1] else ""
    lines = [*map(_last_sentence, table.caption), stub]
    found = [match for line in lines for match in _SCALE.finditer(line)]
    scales = {_POWERS[match["scale"].lower()] for match in found}
    excepts = any("except" in line.lower() for line in lines)
    if len(scales) > 1 and not excepts:
        return None
    money = next((match["money"].lower() for match in found if match["money"]), "")
    before = next((match[1].lower() for line in lines if (match := _MONEY_BEFORE.search(line))), "")
    return Stated(
        _POWERS[found[0]["scale"].lower()] if found else 0,
        _MONEY_SIGNS.get(money or before, money or before),
        excepts,
        len(scales) > 1 or any("per share" in line.lower() or "per-share" in line.lower() for line in lines),
    )


def header_scale(text: str) -> int | None:
    """The scale that a column's own header states: "Shares (in thousands)"."""
    match = _SCALE.search(text)
    return _POWERS[match["scale"].lower()] if match else None


def topic_of(table: Table) -> str:
    """What a table is about, in its own words: its only group heading, its caption, or the heading above it."""
    filled = [row for row in table.rows if any(cell.text for cell in row)]
    groups = [row for row in filled if is_group(row)]
    if len(groups) == 1 and groups[0] is filled[0]:
        topic = cleaned(groups[0][0].text.rstrip(":"))
        if 2 <= len(topic.split()) <= MOST_TOPIC_WORDS:
            return sentence_case(topic)
    for line in reversed(table.caption):
        topic = _PARENTHESES.sub("", _last_sentence(line)).strip()
        if topic.endswith((".", "!", "?")):
            continue
        if opening := _TOPIC_OPENING.match(topic):
            topic = _OWNER.sub("", topic[opening.end() :], count=1)
        end = _TOPIC_END.search(topic)
        topic = cleaned(topic[: end.start()] if end else topic).rstrip(":.,")
        shown = topic and topic[0].isalpha() and not any(mark in topic for mark in ".;|•☐☒")
        if shown and 2 <= len(topic.split()) <= MOST_TOPIC_WORDS and topic.casefold() != table.subject.casefold():
            return sentence_case(topic)
    if table.section:
        return sentence_case(cleaned(table.section[-1])) if len(table.section[-1].split()) <= MOST_TOPIC_WORDS else ""
    return table.subject if table.start == 0 and not table.caption else ""


def cleaned(text: str) -> str:
    """A label without footnote marks and with plain apostrophes."""
    return " ".join(_MARKS.sub("", " ".join(text.split())).replace("’", "'").split())


def without_parentheses(text: str) -> str:
    return cleaned(_PARENTHESES.sub("", " ".join(text.split())))


def is_group(row: tuple[Cell, ...]) -> bool:
    """True for a row that is only a label: it heads the rows below it."""
    return bool(row and row[0].text) and not any(cell.text for cell in row[1:])


def _last_sentence(line: str) -> str:
    """What a paragraph says last, right above the table."""
    return line.rsplit(". ", 1)[-1]


def sentence_case(topic: str) -> str:
    """A title in capitals in lower case, a sentence without its capital, a Title In Title Case as it is."""
    words = topic.split()
    if not words or topic.isupper():
        return topic.lower()
    if any(word[0].isupper() for word in words[1:]):
        return topic
    return topic[0].lower() + topic[1:] if words[0][1:].islower() else topic
