"""What every reader gives: the text of a source, and what is known of how it falls into parts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from longstride.corpus.sections import Break


@dataclass(frozen=True)
class SourceText:
    """A whole to be split: a file, or one record of it."""

    title: str
    text: str
    form: str  # "markdown", "text", "csv", "dialogue" or "code"
    record: str = ""  # names it among the records of its file
    language: str = ""  # of code
    breaks: tuple[Break, ...] | None = None  # where the reader knows the parts; else they are looked for by form
    head: int = 0  # characters from the start that every part says again: a table's heading line


SEPARATORS = re.compile(r"[_\s]+")
MAX_TITLE_CHARACTERS = 150


def title_of(path: str) -> str:
    """A title from a file's name, for a file that gives none."""
    stem = path.rpartition("/")[2].rpartition(".")[0] or path
    return SEPARATORS.sub(" ", stem).strip() or path


def shortened(title: str) -> str:
    """A title in one line of bounded length."""
    title = " ".join(title.split())
    return title if len(title) <= MAX_TITLE_CHARACTERS else title[: MAX_TITLE_CHARACTERS - 1].rstrip() + "…"
