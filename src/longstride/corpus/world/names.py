"""Invented names, each computed from its number, and far from every other by construction.

A name is a word of four or five units (syllables, for the most part) of a Reed-Solomon code over the integers modulo
61: unit j is `a + b*x_j + c*x_j**2`, and (a, b, c) is the name's number behind a seeded permutation. While c is the
same (the first 3,721 names of a kind, then the next) two names agree in one unit at most, and otherwise in two. So
names of places and companies differ in three units of four, or two where c differs, and the names of persons in four
of five, or three; no two persons share a family name (its three units would be shared).

Within a kind consonants and vowels stand in the same order. Leaving a letter out therefore breaks the pattern unless
one is added at the same place, so that two names are at least as many edits apart as units differ, up to three. And
kinds cannot meet, nor a name begin another: towns begin with two consonants, companies with a vowel, provinces,
lands, rivers and institutes with a consonant and two vowels, persons with a consonant and one vowel.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from longstride.errors import InputError

FIELD = 61  # a prime: the number of units at each place of a name
VOWELS = "aeiou"
CONSONANTS = "bdfghklmnprstv"
CLUSTERS = (
    "bl", "br", "ch", "cl", "cr", "dr", "fl", "fr", "gl", "gr", "kl", "kr", "pl", "pr", "sk", "sl", "sm", "sn", "sp",
    "st", "sw", "th", "tr",
)  # fmt: skip
VOWEL_PAIRS = ("ai", "au", "ea", "ei", "ia", "io", "oa", "ou")
ENDS = (*"dklmnprstx", "ld", "lm", "lt", "nd", "nt", "rd", "rk", "rm", "rn", "rt", "st", "th")
SOFT_ENDS = "dlmnrst"
UNSUITABLE = ("fu", "ni", "nu", "an", "ig", "uh", "ih")  # no unit begins so: awkward to say, or beside another

FIRST_AND_MIDDLE = [c + v for c in CONSONANTS + "c" for v in VOWELS if c != "c" or v in "ao"]
CLOSED = [c + v + end for c in CONSONANTS for v in VOWELS for end in SOFT_ENDS]
SHAPES: dict[str, tuple[Sequence[str], ...]] = {
    "town": ([c + v for c in CLUSTERS for v in VOWELS], FIRST_AND_MIDDLE, FIRST_AND_MIDDLE, FIRST_AND_MIDDLE),
    "company": (
        [v + c for v in VOWELS for c in CONSONANTS + "z"],
        [v + c for v in VOWELS for c in CONSONANTS + "z"],
        [v + c for v in VOWELS for c in CONSONANTS + "z"],
        [v + end for v in VOWELS for end in ENDS],
    ),
    "region": ([c + v for c in CONSONANTS for v in VOWEL_PAIRS], FIRST_AND_MIDDLE, FIRST_AND_MIDDLE, FIRST_AND_MIDDLE),
    "person": (FIRST_AND_MIDDLE, CLOSED, FIRST_AND_MIDDLE, FIRST_AND_MIDDLE, CLOSED),
}
CAPACITY = FIELD**3  # names of each kind


class Names:
    """The names of one world: `units` gives the parts of the name with a number, in any order and at any time."""

    def __init__(self, seed: int) -> None:
        self._places: dict[str, list[list[str]]] = {}
        self._rounds: dict[str, list[list[int]]] = {}
        for kind, shape in SHAPES.items():
            draw = random.Random(f"{seed}/names/{kind}")
            self._places[kind] = [
                draw.sample([unit for unit in units if not unit.startswith(UNSUITABLE)], FIELD) for units in shape
            ]
            self._rounds[kind] = [[draw.randrange(FIELD) for _ in range(FIELD)] for _ in range(4)]

    def units(self, kind: str, number: int) -> list[str]:
        """The units of one name. Raises InputError beyond the 226,981 names of a kind."""
        if not 0 <= number < CAPACITY:
            raise InputError(f"a world holds {CAPACITY:,} names of a kind", cure="use a second world with another seed")
        rest, a = divmod(number, FIELD)
        c, b = divmod(rest, FIELD)
        for table in self._rounds[kind]:  # a Feistel network: every pair (a, b) goes to a pair of its own
            a, b = b, (a + table[b] + c) % FIELD
        places = self._places[kind]
        return [units[(a + b * x + c * x * x) % FIELD] for x, units in enumerate(places, start=1)]

    def town(self, number: int) -> str:
        return "".join(self.units("town", number)).capitalize()

    def company(self, number: int) -> str:
        """A company's short name, to which its trade is added."""
        return "".join(self.units("company", number)).capitalize()

    def region(self, number: int) -> str:
        """The name of a land, a province, a river or an institute."""
        return "".join(self.units("region", number)).capitalize()

    def person(self, number: int) -> tuple[str, str]:
        """Given name and family name."""
        units = self.units("person", number)
        return "".join(units[:2]).capitalize(), "".join(units[2:]).capitalize()
