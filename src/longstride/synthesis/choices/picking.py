"""Choosing options so that nothing but the documents tells which is right.

What an option looks like (its length, the words that it shares with the question, how like the others it is) gives it
a place among the four. The places of the right one are drawn first, each with equal chance, and the wrong ones are
chosen so that it gets them as nearly as the material allows.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from longstride.grading import strict_form
from longstride.grading.quantities import find_quantities
from longstride.grading.text_match import contains_words

MOST_DIFFERENT = 64  # of a pool that are told apart
MOST_POOL = 40  # wrong options that are looked at, the best first
STARTS = 3  # sets of wrong options that the search begins with
ROUNDS = 2  # in which each wrong option is exchanged for the best other
LATE = 0.3  # what the last of the pool costs more than the first
WEIGHTS = (3.0, 2.0, 1.0)  # of a place missed: by the words of the question, by length, by likeness
MOST_MISSED = 1  # places that the words of the question may put the answer off the drawn one
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def pick_texts(
    answer: str, pool: Sequence[str], question: str, draw: random.Random, count: int = 3
) -> list[str] | None:
    """`count` of the pool, of the same shape as the answer.

    None where there are not as many, and where the answer alone shares words with the question.
    """
    fitting = of_same_shape(answer, distinct(answer, pool), count)[:MOST_POOL]
    if len(fitting) < count:
        return None
    search = _Search(answer, fitting, question, [draw.randrange(count + 1) for _ in range(3)])
    best = min(
        (search.improved(draw.sample(range(1, len(fitting) + 1), count)) for _ in range(STARTS)), key=search.cost
    )
    if search.missed(best)[0] > MOST_MISSED:
        return None
    return [search.texts[each] for each in best]


class _Search:
    """Options by number, the answer being 0, and the places that the answer is to have among them."""

    def __init__(self, answer: str, pool: Sequence[str], question: str, wanted: Sequence[int]) -> None:
        self.texts = [answer, *pool]
        self.wanted = wanted
        asked = _pieces(question)
        self.pieces = [_pieces(each) for each in self.texts]
        self.shared = [len(own & asked) / max(1, len(own)) for own in self.pieces]
        self.lengths = [float(len(each)) for each in self.texts]
        self._likeness: dict[tuple[int, int], float] = {}

    def improved(self, chosen: list[int]) -> list[int]:
        """A set of wrong options that no exchange of a single one betters, or nearly so."""
        for _ in range(ROUNDS):
            for place in range(len(chosen)):
                others = chosen[:place] + chosen[place + 1 :]
                free = [each for each in range(1, len(self.texts)) if each not in others]
                chosen = [*others, min(free, key=lambda each: (self.cost([*others, each]), each))]
        return chosen

    def cost(self, chosen: Sequence[int]) -> float:
        late = LATE * sum(chosen) / len(chosen) / len(self.texts)
        return late + sum(weight * missed for weight, missed in zip(WEIGHTS, self.missed(chosen), strict=True))

    def missed(self, chosen: Sequence[int]) -> tuple[int, int, int]:
        """How far the answer is from its drawn places: by words of the question, by length, by likeness."""
        options = (0, *chosen)
        alike = [sum(self.alike(one, other) for other in options if other != one) for one in options]
        values = ([self.shared[each] for each in options], [self.lengths[each] for each in options], alike)
        shared, length, likeness = (_missed(of, to) for of, to in zip(values, self.wanted, strict=True))
        return shared, length, likeness

    def alike(self, one: int, other: int) -> float:
        key = (min(one, other), max(one, other))
        if key not in self._likeness:
            self._likeness[key] = _overlap(self.pieces[one], self.pieces[other])
        return self._likeness[key]


def distinct(answer: str, pool: Sequence[str]) -> list[str]:
    """The texts of a pool that differ from the answer and from each other in more than their spelling.

    One that holds another's words is left out, and so is a number that equals another.
    """
    kept: list[str] = []
    forms, values = [strict_form(answer)], [_value(answer)]
    for text in pool:
        if len(kept) == MOST_DIFFERENT:
            break
        form, value = strict_form(text), _value(text)
        if not form or any(form == each or contains_words(form, each) or contains_words(each, form) for each in forms):
            continue
        if value is not None and value in values:
            continue
        kept.append(text)
        forms.append(form)
        values.append(value)
    return kept


def of_same_shape(answer: str, pool: Sequence[str], count: int) -> list[str]:
    """Those that look as the answer does; with fewer than `count` such, those that look nearly so."""
    for part in (slice(0, None), slice(0, 2), slice(0, 1)):
        fitting = [each for each in pool if _shape(each)[part] == _shape(answer)[part]]
        if len(fitting) >= count:
            return fitting
    return []


def _shape(text: str) -> tuple[object, ...]:
    letters = text.lstrip("_")
    words = len(text.split())
    return (
        letters[:1].isupper() if words == 1 else words > 1,
        text.startswith("_"),
        "_" in letters,
        any(letter.isdigit() for letter in text),
        letters.isupper(),
        any(letter in "/.[]()%" for letter in text),
    )


def _missed(values: Sequence[float], wanted: int) -> int:
    """How far the first value's place among all is from a wanted one; in a tie it has every place of the tie."""
    first, *others = values
    lowest = sum(each < first for each in others)
    highest = lowest + sum(each == first for each in others)
    return max(lowest - wanted, wanted - highest, 0)


def _pieces(text: str) -> frozenset[str]:
    """Runs of three letters of the words of a text, and its short words."""
    found: set[str] = set()
    for word in WORD.findall(text):
        word = word.lower()
        found.update(word[start : start + 3] for start in range(max(1, len(word) - 2)))
    return frozenset(found)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 0.0


def _value(text: str) -> object:
    quantities = find_quantities(text)
    return quantities[0].value if len(quantities) == 1 and text[:1].isdigit() else None
