"""Quotations in a memory and an answer, looked up in what was read: where each stands, or that it stands nowhere.

The memory agent never sees its text again, so a fact in its memory may have been made up on the way; a quotation that
is found word for word was not. Not in the paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from longstride.tokens import BETWEEN_DOCUMENTS, Chunk

QUOTED = re.compile(r'"([^"\n]{8,2000})"|“([^”\n]{8,2000})”|«([^»\n]{8,2000})»')
SPACE = re.compile(r"\s+")
WORDS = 2  # at least, in a quotation worth a look


@dataclass(frozen=True)
class Place:
    """Where a document stands: its source, and how far into it (characters)."""

    source: str
    offset: int


@dataclass(frozen=True)
class Citation:
    """A quotation and where it stands; `source` is None where it was found nowhere.

    The source's text from `start` to `end` (characters) is the quotation, but for its white space.
    """

    quote: str
    source: str | None = None
    start: int | None = None
    end: int | None = None

    @property
    def verified(self) -> bool:
        return self.source is not None


def quotations(text: str) -> list[str]:
    """What stands in double quotation marks, each once, in order; short ones and single words are left out."""
    found = (next(part for part in match.groups() if part is not None).strip() for match in QUOTED.finditer(text))
    return list(dict.fromkeys(quote for quote in found if len(quote.split()) >= WORDS))


def cited(texts: Iterable[str], chunks: Sequence[Chunk], places: Mapping[str, Place]) -> list[Citation]:
    """Each quotation in `texts` with the first place where it stands in `chunks`, word for word but for white space.

    places: of each document that a piece of a chunk names.
    """
    quotes = dict.fromkeys(quote for text in texts for quote in quotations(text))
    return [_located(quote, chunks, places) for quote in quotes]


def _located(quote: str, chunks: Sequence[Chunk], places: Mapping[str, Place]) -> Citation:
    for wording in dict.fromkeys((quote, quote.rstrip(".,;:!?…"))):  # a sentence's end may stand inside the marks
        spaced = re.compile(r"\s+".join(map(re.escape, SPACE.split(wording))))
        first = SPACE.split(wording)[0]
        for chunk in chunks:
            if first in chunk.text and (match := spaced.search(chunk.text)):
                return _placed(quote, chunk, match.start(), match.end(), places)
    return Citation(quote)


def _placed(quote: str, chunk: Chunk, start: int, end: int, places: Mapping[str, Place]) -> Citation:
    """`start:end` of the chunk as a stretch of the piece that it begins in."""
    begins = 0
    for piece in chunk.pieces:
        length = piece.end - piece.start
        if start < begins + length:
            place = places[piece.document_id]
            shift = place.offset + piece.start - begins
            return Citation(quote, place.source, start + shift, min(end, begins + length) + shift)
        begins += length + len(BETWEEN_DOCUMENTS)
    raise ValueError(f"{start} is beyond the pieces of the chunk")
