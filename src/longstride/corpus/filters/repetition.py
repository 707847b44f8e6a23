"""Gopher's rules on repetition: lines, paragraphs and word n-grams that come again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from longstride.corpus.filters.page import Page

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOPHER_MAX_DUPLICATE_LINES = 0.30  # share of the lines
GOPHER_MAX_DUPLICATE_LINE_CHARACTERS = 0.20
GOPHER_MAX_DUPLICATE_PARAGRAPHS = 0.30
GOPHER_MAX_DUPLICATE_PARAGRAPH_CHARACTERS = 0.20
GOPHER_MAX_FREQUENT_NGRAM = {2: 0.20, 3: 0.18, 4: 0.16}  # share of the characters in the most frequent n-gram
GOPHER_MAX_DUPLICATE_NGRAMS = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}  # in n-grams that come again
MIN_LINES_JUDGED = 5  # ours
MULTIPLIER = 6_364_136_223_846_793_005  # odd; the hash of an n-gram is a polynomial in it, modulo 2^64


def duplicate_lines(page: Page) -> str | None:
    return _duplicates(page.lines, GOPHER_MAX_DUPLICATE_LINES, GOPHER_MAX_DUPLICATE_LINE_CHARACTERS, "duplicate_lines")


def duplicate_lines_of_prose(page: Page) -> str | None:
    """As `duplicate_lines`, for texts whose tables and headings rightly repeat themselves."""
    again = Counter(page.prose_lines)
    repeated = sum(count - 1 for count in again.values())
    characters = sum((count - 1) * len(line) for line, count in again.items())
    if len(page.lines) < MIN_LINES_JUDGED or (
        repeated <= GOPHER_MAX_DUPLICATE_LINES * len(page.lines)
        and characters <= GOPHER_MAX_DUPLICATE_LINE_CHARACTERS * len(page.text)
    ):
        return None
    return "duplicate_lines"


def duplicate_paragraphs(page: Page) -> str | None:
    limits = GOPHER_MAX_DUPLICATE_PARAGRAPHS, GOPHER_MAX_DUPLICATE_PARAGRAPH_CHARACTERS
    return _duplicates(page.paragraphs, *limits, "duplicate_paragraphs")


def frequent_ngrams(page: Page) -> str | None:
    """One n-gram of 2 to 4 words makes up too much of the text."""
    import numpy as np

    ids, lengths = page.numbered_words
    total = int(lengths.sum())
    for n, most in GOPHER_MAX_FREQUENT_NGRAM.items():
        if len(ids) < 2 * n:
            continue
        _, first, counts = np.unique(_hashed(ids, n), return_index=True, return_counts=True)
        best = int(counts.max())
        if best < 2:
            return None  # no longer n-gram comes again either
        longest = max(int(lengths[start : start + n].sum()) for start in first[counts == best][:50])
        if best * longest > most * total:
            return f"frequent_{n}_grams"
    return None


def duplicate_ngrams(page: Page) -> str | None:
    """Too many characters stand in n-grams of 5 to 10 words that were there before."""
    import numpy as np

    ids, lengths = page.numbered_words
    total = int(lengths.sum())
    for n, most in GOPHER_MAX_DUPLICATE_NGRAMS.items():
        if len(ids) < 2 * n:
            return None
        hashes = _hashed(ids, n)
        _, first = np.unique(hashes, return_index=True)
        again = np.ones(len(hashes), dtype=bool)
        again[first] = False
        if not again.any():
            return None
        covered = np.zeros(len(ids) + 1, dtype=np.int64)
        starts = np.flatnonzero(again)
        np.add.at(covered, starts, 1)
        np.add.at(covered, starts + n, -1)
        if int(lengths[covered.cumsum()[:-1] > 0].sum()) > most * total:
            return f"duplicate_{n}_grams"
    return None


def _duplicates(parts: Sequence[str], most: float, most_characters: float, reason: str) -> str | None:
    if len(parts) < MIN_LINES_JUDGED:
        return None
    different = set(parts)
    if len(parts) - len(different) > most * len(parts):
        return reason
    characters = sum(map(len, parts))
    return reason if characters - sum(map(len, different)) > most_characters * characters else None


def _hashed(ids: NDArray[Any], n: int) -> NDArray[Any]:
    """A 64-bit number for each run of `n` words."""
    import numpy as np

    hashes = np.zeros(len(ids) - n + 1, dtype=np.uint64)
    for place in range(n):
        hashes = (hashes + ids[place : len(ids) - n + 1 + place]) * np.uint64(MULTIPLIER)
        hashes ^= hashes >> np.uint64(29)
    return hashes
