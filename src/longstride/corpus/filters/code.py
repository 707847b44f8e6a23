"""Filters for code, and the least that any document must hold."""

from __future__ import annotations

import re

from longstride.corpus.filters.page import Page

CODEX_MAX_LINE_CHARACTERS = 1_000
CODEX_MAX_MEAN_LINE_CHARACTERS = 100
MIN_WORDS = 10  # ours: a short record of facts, a short module
MIN_CHARACTERS = 40  # ours
MARKED_LINES = 12  # of a file, where it says that it was generated
GENERATED = re.compile(
    r"\W{0,6}[^\n]{0,80}(?:auto-?generated|automatically generated|@generated|generated (?:by|from)\b|"
    r"do not (?:edit|modify)\b)",
    re.I,
)
COMMENT = ("#", "//", "/*", "*", "--", ";", "%", '"""', "'''")


def too_little_text(page: Page) -> str | None:
    few = len(page.words) < MIN_WORDS and page.has_spaces
    return "too_little_text" if few or len(page.text.strip()) < MIN_CHARACTERS else None


def generated(page: Page) -> str | None:
    """The comment that a document begins with says so."""
    for number, line in enumerate(page.lines[:MARKED_LINES]):
        if not line.startswith(COMMENT) and number:
            return None
        if line.startswith(COMMENT) and GENERATED.match(line):
            return "generated_code"
    return None


def long_lines(page: Page) -> str | None:
    lengths = list(map(len, page.lines))
    if max(lengths, default=0) > CODEX_MAX_LINE_CHARACTERS:
        return "long_lines"
    return "long_lines" if sum(lengths) > CODEX_MAX_MEAN_LINE_CHARACTERS * len(lengths) else None
