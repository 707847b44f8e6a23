"""What the titles of documents tell: which are parts of one whole, and in which order they stand there."""

from __future__ import annotations

import re
from functools import lru_cache

PATH_SEPARATOR = " > "
PART = re.compile(r" \(part (\d{1,5}) of (\d{1,5})\)\Z")
CHAPTER = re.compile(r"\A(?:chapter|chap|canto|letter|act|book)\b\.?\s{1,3}([ivxlc]{1,8}|\d{1,3})\b", re.IGNORECASE)
ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
LONGEST_TITLE = 200  # characters


def is_title(title: str) -> bool:
    """True for a title that a question can name."""
    return 0 < len(title) <= LONGEST_TITLE and title.isprintable() and "<" not in title and '"' not in title


@lru_cache(maxsize=10_000)
def place_in_whole(title: str) -> tuple[str, tuple[int, int]] | None:
    """The whole that a title names, and the place of the document in it: chapter and part; None where it tells none.

    "A Book > CHAPTER IV: ON (part 2 of 3)" stands at (4, 2) of "A Book". Without a chapter's number, the whole is what
    the parts share: "A Book > Preface (part 2 of 8)" stands at (0, 2) of "A Book > Preface".
    """
    match = PART.search(title)
    base, part = (title[: match.start()], int(match[1])) if match else (title, 0)
    whole, *below = base.split(PATH_SEPARATOR)
    chapter = CHAPTER.match(below[0]) if len(below) == 1 else None
    if chapter:
        return whole, (_number(chapter[1]), part)
    return (base, (0, part)) if match else None


def _number(text: str) -> int:
    """The value of a number in digits or Roman numerals."""
    if text.isdecimal():
        return int(text)
    values = [ROMAN[letter] for letter in text.lower()]
    return sum(
        -value if any(later > value for later in values[at + 1 : at + 2]) else value for at, value in enumerate(values)
    )
