"""Words that mean nothing: labels and names that no reader can know beforehand."""

from __future__ import annotations

import random
from collections.abc import Collection

CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"


def nonsense(draw: random.Random, syllables: int, end: bool = True) -> str:
    """A word of so many syllables in small letters, such as "tolvane" without its e; `end` closes it by a consonant."""
    word = "".join(draw.choice(CONSONANTS) + draw.choice(VOWELS) for _ in range(syllables))
    return word + (draw.choice(CONSONANTS) if end else "")


def nonsense_words(draw: random.Random, count: int, syllables: int, besides: Collection[str] = ()) -> list[str]:
    """`count` different words, none of `besides`."""
    found: dict[str, None] = {}
    while len(found) < count:
        if (word := nonsense(draw, syllables)) not in besides:
            found[word] = None
    return list(found)
