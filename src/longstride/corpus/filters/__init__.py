"""Rule-based quality filters (paper 3.1): each looks at a document and returns None (keep) or a reason.

The numbers are those of Gopher (Rae et al. 2021, Tables A1 and A2 of the MassiveText section), C4 (Raffel et al. 2020),
FineWeb (Penedo et al. 2024) and, for code, Codex (Chen et al. 2021, 3.1), where the name of the constant says so. They
were made for web pages in prose, so which of them hold depends on the family: statistics are lists and numbers, code
repeats itself, a turn of a dialogue is short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from longstride.corpus.filters.code import generated, long_lines, too_little_text
from longstride.corpus.filters.page import Page
from longstride.corpus.filters.prose import (
    ellipsis_lines,
    few_stop_words,
    few_words_with_letters,
    lines_without_punctuation,
    list_lines,
    lorem_ipsum,
    odd_word_length,
    short_lines,
    symbols,
    too_few_words,
)
from longstride.corpus.filters.repetition import (
    duplicate_lines,
    duplicate_lines_of_prose,
    duplicate_ngrams,
    duplicate_paragraphs,
    frequent_ngrams,
)
from longstride.records import Document

__all__ = ["QUALITY_FILTERS", "Filter", "Page", "quality_reason"]

Filter = Callable[[Page], str | None]

_PROSE: tuple[Filter, ...] = (
    too_few_words,
    lorem_ipsum,
    odd_word_length,
    symbols,
    list_lines,
    ellipsis_lines,
    few_words_with_letters,
    few_stop_words,
    duplicate_lines,
    duplicate_paragraphs,
    frequent_ngrams,
    duplicate_ngrams,
)
QUALITY_FILTERS: Mapping[str, Sequence[Filter]] = {
    "literature": (*_PROSE, short_lines, lines_without_punctuation),
    "academic": _PROSE,
    "professional": (too_little_text, lorem_ipsum, ellipsis_lines, duplicate_lines_of_prose),
    "dialogue": (too_little_text, lorem_ipsum, duplicate_lines_of_prose),
    "code": (too_little_text, generated, long_lines),
}


def quality_reason(document: Document, filters: Mapping[str, Sequence[Filter]] = QUALITY_FILTERS) -> str | None:
    """The first reason to leave `document` out, by the filters of its family, or None."""
    page = Page(document.text)
    for one in filters.get(document.family, ()):
        if reason := one(page):
            return reason
    return None
