"""A model's quotation in a text: word for word but for white space, with its exact places."""

from __future__ import annotations

import re
from collections.abc import Iterator


def quote_places(text: str, quote: str) -> Iterator[tuple[int, int]]:
    """Where a text says a quotation, as (start, end), in order; runs of white space count as one space."""
    if words := quote.split():
        for found in re.finditer(r"\s+".join(map(re.escape, words)), text):
            yield found.span()


def find_quote(text: str, quote: str) -> tuple[int, int] | None:
    """The first of `quote_places`; None where there is none, as for a quotation of white space alone."""
    return next(quote_places(text, quote), None)
