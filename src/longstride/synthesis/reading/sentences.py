"""Sentences of a text as offsets, and the places where words stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from longstride.synthesis.structure.lines import split_lines

SHORTEST, LONGEST = 8, 45  # words of a sentence that can be quoted
MOST_CHARACTERS = 320

_NO_PROSE = re.compile(r"\s*(?:[-*+•|>#=`~]|\d{1,3}[.)]\s|[A-Z][\w.' -]{0,30}:\s)")
_END = re.compile(r"[.!?][\"”’')\]]{0,3}(?=\s+[\"“‘'(]?[A-Z])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|Vol|Ch|Fig|Jr|Sr|Prof|Gen|Col|Capt|Rev|Hon|Inc|Co|Corp|Ltd|vs|etc|al|ca|viz|cf)"
    r"|\b[A-Za-z])\Z"
)
_ODD = re.compile(r"[{}<>|_=\\#*\[\]~^`\x00-\x08\x0e-\x1f\u200b-\u200f\u202a-\u202e\u2066-\u2069]|\.\.|--|https?:")
_ENDS_WELL = re.compile(r"[.!?][\"”’')]{0,2}\Z")
_STARTS_WELL = re.compile(r"[\"“‘'(]?[A-Z]")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True)
class Span:
    """A part of a text, in characters."""

    start: int
    end: int


def sentences(text: str) -> list[Span]:
    """The sentences of the prose of a text that can be quoted, in order; headings, lists and tables are left out."""
    found: list[Span] = []
    for block in _blocks(text):
        part = text[block.start : block.end]
        if _NO_PROSE.match(part) or "|" in part:
            continue
        start = block.start
        for match in _END.finditer(text, block.start, block.end):
            if text[match.start()] == "." and _ABBREVIATION.search(text, max(start, match.start() - 12), match.start()):
                continue
            found.append(_trimmed(text, start, match.end()))
            start = match.end()
        found.append(_trimmed(text, start, block.end))
    return [span for span in found if _quotable(text[span.start : span.end])]


def _blocks(text: str) -> Iterator[Span]:
    """The runs of lines without a blank one between them."""
    for blank, lines in groupby(split_lines(text), key=lambda line: not line.text):
        if not blank:
            first, *rest = lines
            yield Span(first.start, rest[-1].end if rest else first.end)


def _trimmed(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return Span(start + len(part) - len(part.lstrip()), start + len(part.rstrip()))


def _quotable(sentence: str) -> bool:
    words = sentence.split()
    return (
        SHORTEST <= len(words) <= LONGEST
        and len(sentence) <= MOST_CHARACTERS
        and bool(_STARTS_WELL.match(sentence))
        and bool(_ENDS_WELL.search(sentence))
        and not _ODD.search(sentence)
        and sentence.count('"') % 2 == 0
        and sentence.count("“") == sentence.count("”")
        and sentence.count("(") == sentence.count(")")
        and sum(character.isalpha() for character in sentence) > 0.7 * len(sentence.replace(" ", ""))
    )


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def flat(text: str) -> str:
    """`one_line` of a document, remembered: a context asks for it again and again."""
    return one_line(text)


def places(text: str, quote: str) -> list[Span]:
    """Where `quote` stands in `text` at word boundaries, whatever the white space between its words."""
    words = quote.split()
    if not words or one_line(quote) not in flat(text):
        return []
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)"
    return [Span(match.start(), match.end()) for match in re.finditer(pattern, text)]


def words_of(text: str) -> Sequence[str]:
    """The words of a text without its numbers, as written."""
    return _WORD.findall(text)
