"""Looking up in a text what a model says stands in it."""

from __future__ import annotations

import re

from longstride.synthesis.knowledge_graph.names import normal_words


def holds_value(text: str, value: str) -> bool:
    """True where a name or figure stands in a text as a whole: "101" is not in "1,101", nor "Oslo" in "Oslofjord"."""
    words = value.split()
    if not words:
        return False
    pattern = r"\s+".join(map(re.escape, words))
    found = re.finditer(rf"(?<!\w){pattern}(?!\w|\.\d)", text, re.IGNORECASE)
    return any(not _inside_a_figure(text, *match.span()) for match in found)


def _inside_a_figure(text: str, start: int, end: int) -> bool:
    """True where what stands there is a part of a longer figure with a decimal point or thousands separators."""
    before, figure, after = text[max(0, start - 30) : start], text[start:end], text[end : end + 5]
    if figure[0].isdigit() and re.search(r"\d\.$", before):
        return True
    led = re.search(r"(?<![\w,])\d{1,3}(?:,\d{3})*,$", before) and re.match(r"\d{3}(?!\d)", figure)
    followed = re.search(r"(?<!\d)\d{1,3}$", figure) and re.match(r",\d{3}(?!\d)", after)
    return bool(led or followed)


def holds_words(text: str, words: str) -> bool:
    """True where the normal words of a text hold those of `words` in a row; every text holds no words."""
    return f" {' '.join(normal_words(words))} ".replace("  ", " ") in f" {' '.join(normal_words(text))} "
