"""A model's quotation in its document: word for word but for white space, with its exact place."""

from __future__ import annotations

import re

from longstride.records import Document, Evidence
from longstride.synthesis.quoting import quote_places

SHORTEST_QUOTE = 12  # characters: less stands in a text by chance; not in the paper
# of a script that puts spaces between words
_LETTER = re.compile("[^\\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def find_quote(document: Document, quote: str) -> Evidence | None:
    """Where a document says a quotation first, as it is written there; None where it is too short or is not there.

    A quotation that begins or ends inside a word or number of the document is not there.
    """
    if len(" ".join(quote.split())) < SHORTEST_QUOTE:
        return None
    for start, end in quote_places(document.text, quote):
        if not (_letter(document.text, start - 1) or _letter(document.text, end)):
            return Evidence(document.id, start, end, document.text[start:end])
    return None


def _letter(text: str, place: int) -> bool:
    return place >= 0 and _LETTER.match(text, place) is not None
