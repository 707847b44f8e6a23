"""What a document's title says: the whole that it belongs to, and the headings above it."""

from __future__ import annotations

import re

from longstride.synthesis.structure.reading import PATH_SEPARATOR, RANGE

_PART = re.compile(r" \(part \d{1,5} of \d{1,5}\)\Z")


def whole_of(title: str) -> str:
    """The title of the whole: "Chad" of "Chad > Economy (part 1 of 2)"."""
    return _PART.sub("", title).split(PATH_SEPARATOR)[0].strip()


def is_part(title: str) -> bool:
    """True for a title that says "part 1 of 2"."""
    return bool(_PART.search(title))


def one_heading(title: str) -> str:
    """The last heading that the title names, where it names one and not a range of them; else ""."""
    parts = _PART.sub("", title).split(PATH_SEPARATOR)
    return "" if len(parts) < 2 or RANGE in parts[-1] else parts[-1].strip()
