"""Running heads and page numbers that a printed page leaves in the middle of a text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

DIGITS = re.compile(r"\d+")
MAX_MARK_CHARACTERS = 120
MIN_PAGES = 4


def page_marks(blocks: Sequence[str]) -> set[int]:
    """The places of the blocks that are page marks.

    A page mark is a short block that comes back, the same but for its last number, which grows every time by a
    little: "Apple Inc. | 2024 Form 10-K | 7". Nothing else that repeats is dropped.
    """
    places: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, block in enumerate(blocks):
        if len(block) <= MAX_MARK_CHARACTERS and (numbers := list(DIGITS.finditer(block))) and len(numbers[-1][0]) < 6:
            last = numbers[-1]
            places[f"{block[: last.start()]}\0{block[last.end() :]}"].append((index, int(last[0])))
    dropped: set[int] = set()
    for seen in places.values():
        pages = [page for _, page in seen]
        if len(seen) >= MIN_PAGES and all(0 < after - before <= 3 for before, after in pairwise(pages)):
            dropped.update(index for index, _ in seen)
    return dropped
