"""Names that no two things share, and that cannot be mistaken for each other."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from longstride.corpus.world.names import CAPACITY, FIELD, SHAPES, Names
from longstride.errors import InputError

KINDS = sorted(SHAPES)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.lists(st.integers(0, CAPACITY - 1), min_size=2, max_size=12, unique=True))
def test_names_agree_in_two_units_at_most_and_near_ones_in_one(kind: str, seed: int, numbers: list[int]):
    names = Names(seed)
    for one, two in combinations(numbers, 2):
        same = sum(a == b for a, b in zip(names.units(kind, one), names.units(kind, two), strict=True))
        assert same <= (1 if one // FIELD**2 == two // FIELD**2 else 2)


def whole(names: Names, kind: str, number: int) -> str:
    return "".join(names.units(kind, number))


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_names_of_a_kind_are_three_edits_apart(kind: str):
    names = Names(11)
    words = [whole(names, kind, number) for number in range(1200)]
    for one, two in combinations(words, 2):
        assert Levenshtein.distance(one, two, score_cutoff=2) > 2


def test_twenty_thousand_names_are_distinct_and_begin_no_other():
    names = Names(5)
    words = [whole(names, kind, number) for kind in KINDS for number in range(20_000 // len(KINDS) + 1)]
    words += ["".join(names.units("person", number)[2:]) for number in range(5000)]  # family names stand alone
    assert len(words) > 20_000
    ordered = sorted(words)
    for one, two in pairwise(ordered):
        assert not two.startswith(one)


def test_no_two_people_share_a_family_name():
    names = Names(5)
    numbers = random.Random("families").sample(range(CAPACITY), 20_000)
    assert len({names.person(number)[1] for number in numbers}) == 20_000


def test_a_name_is_written_with_capitals_and_has_no_unsuitable_part():
    names = Names(2)
    for number in range(3000):
        for word in (names.town(number), names.company(number), names.region(number), *names.person(number)):
            assert word[0].isupper() and word[1:].islower() and word.isascii()
            assert not any(bad in word.lower() for bad in ("nig", "fuc", "cunt", "shit", "anus"))


def test_a_world_that_is_full_says_so():
    names = Names(1)
    assert names.town(CAPACITY - 1)
    with pytest.raises(InputError, match="226,981 names of a kind; use a second world"):
        names.town(CAPACITY)
