"""A text as the filters look at it: its words, lines and paragraphs, taken apart once."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLED = 4_000  # characters that the kind of script is judged by
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
LETTER = re.compile(r"[^\W\d_]")
MARKUP_LINE = ("|", "```", "#")


class Page:
    """One document under the filters."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> list[str]:
        return self.text.split()

    @cached_property
    def lines(self) -> list[str]:
        """Those that hold something, without the spaces around them."""
        return [line for raw in self.text.split("\n") if (line := raw.strip())]

    @cached_property
    def prose_lines(self) -> list[str]:
        """Those that are no row of a table, no fence and no heading."""
        return [line for line in self.lines if not line.startswith(MARKUP_LINE)]

    @cached_property
    def paragraphs(self) -> list[str]:
        return [part for raw in self.text.split("\n\n") if (part := raw.strip())]

    @cached_property
    def has_spaces(self) -> bool:
        """False for a script that writes no spaces between words (Chinese, Japanese, Thai, ...)."""
        sample = self.text[:SAMPLED]
        return len(UNSPACED.findall(sample)) <= 0.2 * len(sample)

    @cached_property
    def is_latin(self) -> bool:
        """True where most letters are Latin ones."""
        sample = self.text[:SAMPLED]
        return len(LATIN.findall(sample)) > 0.8 * len(LETTER.findall(sample))

    @cached_property
    def numbered_words(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The words as numbers, equal words equal numbers, and their lengths."""
        import numpy as np

        words = self.words
        number_of = {word: number for number, word in enumerate(dict.fromkeys(words), 1)}
        ids = np.fromiter(map(number_of.__getitem__, words), np.uint64, len(words))
        return ids, np.fromiter(map(len, words), np.int64, len(words))
